"""A cluster of others is used by who has its kubeconfig, and is afterwards as it was before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from clusters.kube.client import Door
from clusters.kube.errors import KubeError
from intent.kinds import KINDS
from lab.apiserver import ApiError, Fault, Rule, User, write_kubeconfig
from lab.control_plane import ControlPlane, Missing
from lab.crds import crds
from tests.cluster.borrowed import BorrowedCluster
from tests.cluster.choice import BORROWED
from tests.cluster.tenancy import NAMESPACE, Occupied, Tenancy
from tests.clusters.cluster import node, peer
from tests.waiting import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(BORROWED, reason="borrows a cluster of its own")]
PEERS, CRD = KINDS["BGPPeer"], ("customresourcedefinitions.apiextensions.k8s.io", "bgppeers.metallb.io")
READER = User("reader", (Rule(verbs=("get", "list"), groups=("metallb.io",), namespaces=(NAMESPACE,)),))


@pytest.fixture(scope="module")
def theirs() -> Iterator[ControlPlane]:
    """Somebody's API server, with an object of theirs."""
    try:
        plane = ControlPlane()
    except Missing as missing:
        pytest.skip(str(missing))
    plane.load()
    plane.store.create("secrets", {"metadata": {"name": "theirs", "namespace": "default"}})
    yield plane
    plane.close()


@pytest.fixture
def kubeconfig(theirs: ControlPlane, tmp_path: Path) -> str:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(theirs.admin_kubeconfig))
    return str(path)


def _everything(plane: ControlPlane) -> set[tuple[str, str]]:
    types = ("namespaces", CRD[0], "secrets")
    found = {(kind, each["metadata"]["name"]) for kind in types for each in plane.store.list(kind)}
    rights = [f"/apis/rbac.authorization.k8s.io/v1/{kind}" for kind in ("clusterroles", "clusterrolebindings", "roles")]
    return found | {(path, each["metadata"]["name"]) for path in rights
                    for each in plane.client.request("GET", path)["items"]}  # fmt: skip


async def _use(tenancy: Tenancy, folder: Path) -> None:
    """What the tests do: rights by token, faults, objects of every manager, and a look at what is ours."""
    cluster = BorrowedCluster(tenancy.client, {"editor-token": "alice", "reader-token": READER})
    await cluster.start()
    for crd in crds():
        await asyncio.to_thread(cluster.store.add, crd)
    await asyncio.to_thread(cluster.store.create, "namespaces", {"metadata": {"name": NAMESPACE}})
    await asyncio.to_thread(_write, cluster, folder)
    await cluster.stop()
    cluster.close()


def _write(cluster: BorrowedCluster, folder: Path) -> None:
    doors = {name: Door(write_kubeconfig(folder / name, cluster.url, f"{name}-token", cluster.ca_pem))
             for name in ("editor", "reader", "nobody")}  # fmt: skip
    cluster.store.add(peer(), "kubectl-create")
    cluster.faults.add(Fault(verb="create", code=500))
    with pytest.raises(KubeError, match="fault ordered by a test"):
        doors["editor"].create(PEERS, peer("tor-2"))
    doors["editor"].create(PEERS, peer("tor-2"))
    assert doors["editor"].identity() == "alice"
    assert doors["reader"].get(PEERS, NAMESPACE, "tor-1") is not None
    for name, words in (("reader", 'User "reader" cannot create'), ("nobody", "401|Unauthorized")):
        with pytest.raises(KubeError, match=words):
            doors[name].create(PEERS, peer("tor-3"))
    for door in doors.values():
        door.close()
    assert [each["metadata"]["name"] for each in cluster.store.list("bgppeers.metallb.io")] == ["tor-1", "tor-2"]
    assert cluster.store.list("secrets") == []
    with pytest.raises(ApiError, match="not the tests' own"):
        cluster.store.delete("secrets", "default", "theirs")
    with pytest.raises(ApiError, match="not the tests' own"):
        cluster.store.patch("secrets", "default", "theirs", {"data": {}})
    with pytest.raises(pytest.skip.Exception, match="kubelets of its own"):
        cluster.store.add(node("compute-1"))


def test_it_is_used_and_left_as_it_was(theirs: ControlPlane, kubeconfig: str, tmp_path: Path) -> None:
    before = _everything(theirs)
    tenancy = Tenancy(kubeconfig)
    tenancy.begin()
    asyncio.run(_use(tenancy, tmp_path))
    made = _everything(theirs) - before
    assert {("namespaces", NAMESPACE), CRD} <= made
    tenancy.end()
    expected = before | {("namespaces", NAMESPACE)}  # which no controller ends here
    eventually(lambda: _everything(theirs) == expected)  # CRDs go when their objects have gone
    (room,) = (each for each in theirs.store.list("namespaces") if each["metadata"]["name"] == NAMESPACE)
    assert room["metadata"]["deletionTimestamp"]


def test_one_that_is_in_use_is_not_taken(theirs: ControlPlane, kubeconfig: str) -> None:
    balanced = {"metadata": {"name": "web", "namespace": "default"}}
    theirs.store.create("services", balanced | {"spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    with pytest.raises(Occupied, match="Service default/web of type LoadBalancer"):
        Tenancy(kubeconfig).begin()
