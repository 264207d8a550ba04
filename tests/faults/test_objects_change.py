"""The object is another one, is held by finalizers, or its namespace is gone, while an edit of it is on its way."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.sync.claim import Fate
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office
from tests.clusters.edits import accept
from tests.faults.closing import Here, in_force_once, refused, truthful

PEERS = "bgppeers.metallb.io"
HELD: dict[str, Any] = {"metadata": {"finalizers": ["example.com/drain"]}}
FREE: dict[str, Any] = {"metadata": {"finalizers": None}}


@pytest.fixture
def held(kube: RunningCluster, office: Office) -> RunningCluster:
    """A cluster with a peer whose deletion a finalizer holds."""
    kube.add(peer())
    office.look()
    kube.call(kube.server.store.patch, PEERS, NAMESPACE, "tor-1", HELD)
    office.look()
    return kube


def _free(kube: RunningCluster) -> None:
    """The finalizer goes."""
    kube.call(kube.server.store.patch, PEERS, NAMESPACE, "tor-1", FREE)


@pytest.mark.parametrize("edit", ["update", "delete"])
@pytest.mark.parametrize("seen", [False, True], ids=["before it is seen", "after it was seen"])
def test_an_object_that_was_deleted_and_made_anew_stays_as_it_is(
    kube: RunningCluster, office: Office, world: Here, edit: str, seen: bool
) -> None:
    accept(kube, office, edit)
    kube.call(kube.server.store.delete, PEERS, NAMESPACE, "tor-1")
    kube.add(peer())
    if seen:
        office.look()
    uid = kube.peer("tor-1")["metadata"]["uid"]
    world.settle()
    refused(world, "conflict", "made anew by others", 1)
    assert kube.peer("tor-1")["metadata"]["uid"] == uid


def test_a_deletion_that_finalizers_hold_is_told_and_ends_when_they_do(
    held: RunningCluster, office: Office, world: Here
) -> None:
    office.delete(office.row())
    world.settle()
    row = office.row()
    assert (row.sync_state, "example.com/drain" in row.sync_message) == ("deleting", True)
    truthful(world)
    _free(held)
    world.settle()
    in_force_once(world, None, 0)


def test_an_edit_made_while_finalizers_hold_the_deletion_makes_the_object_anew(
    held: RunningCluster, office: Office, world: Here
) -> None:
    office.delete(office.row())
    assert office.work(office.row()) == [Fate.LATER]
    office.save(peer(peerASN=64700))
    world.settle()
    assert office.row().sync_state == "pending"
    assert "example.com/drain" in office.row().sync_message
    _free(held)
    world.settle()
    in_force_once(world, {"peerASN": 64700}, 1)


def test_others_delete_what_is_edited_and_finalizers_hold_it(held: RunningCluster, office: Office, world: Here) -> None:
    office.save(peer(peerASN=64700))
    held.call(held.server.store.delete, PEERS, NAMESPACE, "tor-1")
    world.settle()
    assert "being deleted" in office.row().sync_message
    _free(held)
    world.settle()
    refused(world, "conflict", "deleted in the cluster", 0)


@pytest.fixture
def without_namespace(kube: RunningCluster) -> Any:
    """Take the namespace away, and bring it back after the test."""
    store = kube.server.store
    yield lambda: kube.call(store.delete, "namespaces", "", NAMESPACE)
    if kube.call(store.get, "namespaces", "", NAMESPACE) is None:
        kube.call(store.create, "namespaces", {"metadata": {"name": NAMESPACE}})


@pytest.mark.parametrize(
    ("edit", "words"),
    [("create", f'namespaces "{NAMESPACE}" not found'), ("update", "deleted in the cluster"), ("delete", "")],
)
def test_a_namespace_that_is_gone(
    kube: RunningCluster, office: Office, world: Here, without_namespace: Any, edit: str, words: str
) -> None:
    accept(kube, office, edit)
    without_namespace()
    world.settle()
    if edit == "delete":
        in_force_once(world, None, 0)
    else:
        refused(world, "rejected" if edit == "create" else "conflict", words, 0)
