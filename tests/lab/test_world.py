"""The lab's cluster is laid out and kept as MetalLB's manifests and a cluster's controllers do it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from intent.kinds import KINDS
from lab.background import BackgroundLab
from lab.cluster import Lab
from tests.lab.until import until
from tests.waiting import eventually

FIRST, SECOND = "compute-1.example.com", "compute-2.example.com"


def pods(lab: Lab, labels: str) -> dict[str, dict[str, Any]]:
    """Pods by node."""
    return {pod["spec"]["nodeName"]: pod for pod in lab.store.list("pods", labels=labels)}


def figures(lab: Lab) -> dict[str, int]:
    """The status of the speakers' DaemonSet."""
    found: dict[str, Any] = lab.store.get("daemonsets", "metallb-system", "speaker") or {}
    status: dict[str, int] = found["status"]
    return status


@pytest.mark.parametrize(
    ("mode", "namespace", "labels", "holder", "containers"),
    [
        ("frr", "", "app=metallb,component=speaker", "speaker", "frr reloader frr-metrics speaker"),
        ("frr-k8s", "", "app=frr-k8s", "frr-k8s-daemon", "controller frr frr-metrics frr-status reloader"),
        (
            "frr-k8s",
            "openshift-frr-k8s",
            "app=frr-k8s,component=frr-k8s",
            "frr-k8s",
            "controller frr reloader frr-metrics kube-rbac-proxy kube-rbac-proxy-frr",
        ),
    ],
)
async def test_frr_runs_where_the_manifests_put_it(
    mode: str, namespace: str, labels: str, holder: str, containers: str
) -> None:
    async with Lab(nodes=3, mode=mode, frr_namespace=namespace) as lab:
        found = pods(lab, labels)
        assert sorted(found) == [FIRST, SECOND, "compute-3.example.com"]
        pod = found[FIRST]
        assert [container["name"] for container in pod["spec"]["containers"]] == containers.split()
        assert pod["metadata"]["name"].startswith(f"{holder}-")
        assert pod["metadata"]["namespace"] == (namespace or "metallb-system")
        daemon_set = lab.store.get("daemonsets", pod["metadata"]["namespace"], holder)
        assert daemon_set is not None
        assert daemon_set["status"]["numberReady"] == daemon_set["status"]["desiredNumberScheduled"] == 3
        speaker = pods(lab, "component=speaker")[FIRST]
        names = [container["name"] for container in speaker["spec"]["containers"]]
        assert ("frr" in names) is (mode == "frr")


async def test_the_crds_are_those_of_the_kinds_and_are_served() -> None:
    async with Lab(nodes=1) as lab:
        names = {crd["metadata"]["name"] for crd in lab.store.list("customresourcedefinitions")}
        assert {f"{kind.plural}.{kind.group}" for kind in KINDS.values()} <= names
        assert lab.store.list("bgppeers") == []


async def test_a_deleted_pod_is_replaced_by_one_of_another_name() -> None:
    async with Lab(nodes=2) as lab:
        before = lab.world.pod(FIRST)["metadata"]["name"]
        lab.world.delete_pod(FIRST)
        with pytest.raises(KeyError):
            lab.world.pod(FIRST)
        await until(lambda: FIRST in pods(lab, "component=speaker"))
        assert lab.world.pod(FIRST)["metadata"]["name"] != before


async def test_pods_of_a_large_cluster_never_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among 10,000 names that end in five random letters two are the same more often than not."""
    endings = iter(["aaaaa", "aaaaa", "bbbbb", *(f"c{number:04}" for number in range(50))])
    monkeypatch.setattr("lab.manifests._suffix", lambda _: next(endings))
    async with Lab(nodes=2, mode="frr") as lab:
        names = [pod["metadata"]["name"] for pod in pods(lab, "app=metallb,component=speaker").values()]
        assert len(set(names)) == 2


async def test_a_node_that_joins_gets_its_pods_and_one_that_leaves_takes_them_along() -> None:
    async with Lab(nodes=1) as lab:
        joined = lab.world.add_node(2, labels={"tier": "edge"})
        await until(lambda: joined in pods(lab, "component=speaker"))
        lab.world.remove_node(FIRST)
        await until(lambda: list(pods(lab, "component=speaker")) == [SECOND])
        await until(lambda: figures(lab)["numberReady"] == figures(lab)["desiredNumberScheduled"] == 1)


async def test_a_crashing_container_is_not_ready_and_cannot_be_entered_until_it_recovers() -> None:
    async with Lab(nodes=1) as lab:
        lab.world.crash(FIRST)
        statuses = {status["name"]: status for status in lab.world.pod(FIRST)["status"]["containerStatuses"]}
        assert statuses["frr"]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert statuses["speaker"]["ready"]
        lab.world.recover(FIRST)
        (frr,) = [s for s in lab.world.pod(FIRST)["status"]["containerStatuses"] if s["name"] == "frr"]
        assert (frr["ready"], frr["restartCount"]) == (True, 1)


async def test_cordons_and_labels_are_written_to_the_node() -> None:
    async with Lab(nodes=1) as lab:
        lab.world.cordon(FIRST)
        lab.world.relabel(FIRST, {"rack": None, "tier": "edge"})
        node = lab.store.get("nodes", "", FIRST)
        assert node is not None
        assert node["spec"]["unschedulable"] is True
        assert node["metadata"]["labels"]["tier"] == "edge"
        assert "rack" not in node["metadata"]["labels"]
        lab.world.cordon(FIRST, unschedulable=False)
        assert "unschedulable" not in (lab.store.get("nodes", "", FIRST) or {})["spec"]


async def test_a_kept_lab_goes_on_where_it_was_and_takes_another_number_of_nodes(tmp_path: Path) -> None:
    async with Lab(nodes=2, keep=True, seed_peers=True, folder=tmp_path) as lab:
        token, name = lab.token, lab.world.pod(FIRST)["metadata"]["name"]
        lab.store.delete("bgppeers", "metallb-system", "tor-a")
    async with Lab(nodes=3, keep=True, seed_peers=True, folder=tmp_path) as lab:
        assert lab.token == token
        assert lab.world.pod(FIRST)["metadata"]["name"] == name
        assert len(pods(lab, "component=speaker")) == 3
        assert lab.store.get("bgppeers", "metallb-system", "tor-a") is None, "what was deleted is not seeded again"
    async with Lab(nodes=1, keep=True, folder=tmp_path) as lab:
        assert list(pods(lab, "component=speaker")) == [FIRST]


def test_images_name_the_frr_that_the_release_ships() -> None:
    for mode, version, image in (
        ("frr", "0.16.1", "quay.io/frrouting/frr:10.5.3"),
        ("frr-k8s", "0.16.1", "quay.io/frrouting/frr:10.4.3"),
        ("frr", "0.14.9", "quay.io/frrouting/frr:9.1.0"),
        ("frr", "0.13.12", "quay.io/frrouting/frr:8.5.2"),
    ):
        lab = Lab(nodes=1, mode=mode, version=version)
        lab.server.load()
        lab.world.build(1)
        (container,) = [c for c in lab.world.pod(FIRST)["spec"]["containers"] if c["name"] == "frr"]
        assert container["image"] == image


def test_a_lab_in_the_background_is_driven_from_code_that_is_not_asynchronous() -> None:
    with BackgroundLab(nodes=1) as lab:
        assert lab.url in lab.kubeconfig.read_text()
        name = lab.do(lambda running: running.world.add_node(2))
        eventually(lambda: name in lab.do(lambda running: pods(running, "component=speaker")))
        answer = lab.do(lambda running: running.speakers.exec(FIRST, ["vtysh", "-c", "show version"]))
        assert answer.stdout.startswith(b"FRRouting")
