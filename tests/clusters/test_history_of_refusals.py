"""What the history says of edits that the cluster did not take, of what they met there, and the way back from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from clusters.history.revert import revert_since
from clusters.models import Change, SyncState
from clusters.services import resource_discard
from clusters.sync.claim import Fate
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office
from tests.clusters.sets import let_through, refuse
from tests.clusters.test_settled_while_judged import settled_when_judged

Meets = Callable[[RunningCluster], object]


def sides(**which: Any) -> list[tuple[Any, Any]]:
    """The specs before and after each change, the oldest first; None = no such object."""
    return [(spec_of(row.before), spec_of(row.after)) for row in Change.objects.filter(**which).order_by("pk")]


def spec_of(manifest: Mapping[str, Any] | None) -> Any:
    """Without defaults."""
    return manifest and BGPPeer.KIND.canonical(manifest["spec"])


def by_others() -> list[tuple[Any, Any]]:
    return sides(source=Change.Source.CLUSTER)


def back_to(change: Change) -> list[Any]:
    """What a way back to before a change makes of the object."""
    return [spec_of(wanted.manifest) for wanted in revert_since(change.of, change=change).wanted]


@pytest.fixture
def live(kube: RunningCluster, office: Office) -> dict[str, Any]:
    """The spec of a peer that stands in the cluster."""
    kube.add(peer(holdTime="90s"))
    office.look()
    spec: dict[str, Any] = peer(holdTime="90s")["spec"]
    return spec


def test_no_way_leads_back_to_an_edit_that_was_refused(
    kube: RunningCluster, office: Office, live: dict[str, Any]
) -> None:
    refuse(kube, 1, verb="patch", name="tor-1")  # after the fields that move
    assert office.work(office.save(peer(holdTime="30s"))) == [Fate.REJECTED]
    good = peer(holdTime="60s")
    assert office.work(office.save(good)) == [Fate.IN_SYNC]
    newest = Change.objects.latest("pk")
    assert sides(pk=newest.pk) == [(live, good["spec"])]
    assert back_to(newest) == [live]


def test_nor_to_a_creation_that_was_refused(kube: RunningCluster, office: Office) -> None:
    refuse(kube, 0, verb="create", resource="bgppeers")
    assert office.work(office.save(peer(holdTime="30s"))) == [Fate.REJECTED]
    assert office.work(office.save(peer())) == [Fate.IN_SYNC]
    newest = Change.objects.latest("pk")
    assert (newest.action, newest.before, back_to(newest)) == (Change.Action.CREATE, None, [None])


def test_an_edit_that_is_refused_while_the_next_one_is_judged_is_not_what_that_starts_from(
    kube: RunningCluster, office: Office, live: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = office.save(peer(holdTime="30s"))
    refuse(kube, 1, verb="patch", name="tor-1")
    settled_when_judged(monkeypatch, office, row, Fate.REJECTED)
    office.save(peer(holdTime="60s"))
    assert sides(pk=Change.objects.latest("pk").pk) == [(live, peer(holdTime="60s")["spec"])]


def test_to_give_a_refused_edit_up_changes_nothing(kube: RunningCluster, office: Office, live: dict[str, Any]) -> None:
    refuse(kube, 1, verb="patch", name="tor-1")
    row = office.save(peer(holdTime="30s"))
    office.work(row)
    assert resource_discard(row=row, actor=None) is not None
    assert sides(message="Edit discarded.") == [(live, live)]
    office.save(peer(holdTime="31s"))
    resource_discard(row=office.row(), actor=None)
    assert sides(message="Edit discarded.")[1:] == [(peer(holdTime="31s")["spec"], live)], "it was on its way"


@pytest.mark.parametrize("seen", [False, True], ids=["by the worker", "by a look before"])
@pytest.mark.parametrize(
    ("meets", "left"),
    [
        (lambda kube: kube.patch_peer("tor-1", {"holdTime": "78s"}), peer(holdTime="78s")["spec"]),
        (lambda kube: kube.kubectl("delete", "bgppeer", "tor-1"), None),
    ],
    ids=["changed", "deleted"],
)
def test_what_others_did_to_an_object_under_an_edit_is_a_change_of_theirs(
    kube: RunningCluster, office: Office, live: dict[str, Any], meets: Meets, left: Any, seen: bool
) -> None:
    row = office.save(peer(peerASN=64700, holdTime="90s"))
    meets(kube)
    if seen:
        office.look()
    assert (office.work(row), by_others()) == ([Fate.CONFLICT], [(live, left)])
    manager = "kubectl-edit" if left else ""
    assert Change.objects.get(source=Change.Source.CLUSTER).manager == manager
    office.look()
    resource_discard(row=office.row(), actor=None)
    assert (by_others(), sides(message="Edit discarded.")) == ([(live, left)], [(left, left)])


def test_an_edit_that_is_given_up_on_its_way_leaves_what_others_did_to_them(
    kube: RunningCluster, office: Office, live: dict[str, Any]
) -> None:
    row = office.save(peer(peerASN=64700, holdTime="90s"))
    kube.patch_peer("tor-1", {"holdTime": "78s"})
    office.look()
    resource_discard(row=office.row(), actor=None)
    assert (row.pending, by_others()) == (True, [(live, peer(holdTime="78s")["spec"])])


def test_and_what_it_did_itself_without_being_told_so_is_none_of_theirs(kube: RunningCluster, office: Office) -> None:
    office.work(office.save(peer()))
    row = office.save(peer(peerASN=64700))
    let_through(kube, 1, verb="patch", resource="bgppeers")  # the fields that move
    kube.server.faults.add(Fault(verb="patch", resource="bgppeers", drop="after"))
    assert office.work(row) == [Fate.LATER]
    office.look()
    resource_discard(row=office.row(), actor=None)
    assert (kube.spec("tor-1")["peerASN"], by_others()) == (64700, [])


def test_what_appeared_under_a_creation_is_theirs_too(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer())
    kube.add(peer(holdTime="78s"))
    assert office.work(row) == [Fate.CONFLICT]
    assert by_others() == [(None, peer(holdTime="78s")["spec"])]
    kube.patch_peer("tor-1", {"holdTime": "79s"})
    assert office.work(office.save(peer(peerASN=64700))) == [Fate.CONFLICT]
    assert by_others()[1:] == [(peer(holdTime="78s")["spec"], peer(holdTime="79s")["spec"])]


def test_what_the_cluster_made_of_an_edit_is_no_change_of_others(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    labels = {"metadata": {"labels": {"zone": "a"}}}  # which only their owner can take away
    kube.call(kube.server.store.patch, "bgppeers.metallb.io", NAMESPACE, "tor-1", labels, "labeller")
    office.look()
    row = office.save(peer(peerASN=64700))
    assert (office.work(row), row.sync_message[:25]) == ([Fate.CONFLICT], "Applied, but not in force")
    assert by_others() == []


def test_a_refused_deletion_goes_when_others_delete_the_object(
    kube: RunningCluster, office: Office, live: dict[str, Any]
) -> None:
    row = office.delete(office.row())
    kube.patch_peer("tor-1", {"holdTime": "78s"})
    assert (office.work(row), row.sync_state) == ([Fate.CONFLICT], SyncState.CONFLICT)
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    office.look()
    assert office.row().sync_state == SyncState.CONFLICT, "that it is as it was does not make it gone"
    kube.kubectl("delete", "bgppeer", "tor-1")
    office.look()
    assert not BGPPeer.objects.exists()
