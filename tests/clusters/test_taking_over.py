"""Taking an object over: managedFields before and after, what can be edited then, and what ends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clusters.edits.refusals import Refused
from clusters.edits.takeover import ownership_of, resource_take_over
from clusters.models import Change, TakeOver
from clusters.services import resource_discard
from clusters.sync import ownership
from clusters.sync.claim import Fate
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster, peer
from tests.clusters.conftest import Office
from tests.clusters.sets import accept, carry, refuse, wanted

TRACKED = {"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:metallb-system/tor-1"}


def argo(**spec: Any) -> dict[str, Any]:
    manifest = peer(**spec)
    manifest["metadata"]["annotations"] = TRACKED
    return manifest


@pytest.fixture
def owned(kube: RunningCluster, office: Office) -> BGPPeer:
    """A peer of an Argo CD application."""
    kube.add(argo(holdTime="90s"), manager="argocd-controller")
    office.look()
    return office.row()


def take(row: BGPPeer) -> BGPPeer:
    taken = resource_take_over(row=row, actor=None, source="api", reason="an emergency")
    assert isinstance(taken, BGPPeer)
    return taken


def writers(kube: RunningCluster) -> list[tuple[str, str]]:
    return [(m.name, m.operation) for m in ownership.managers(kube.peer("tor-1")) if "f:spec" in m.fields]


def test_the_fields_move_and_nothing_else_changes(kube: RunningCluster, office: Office, owned: BGPPeer) -> None:
    before = kube.peer("tor-1")
    assert writers(kube) == [("argocd-controller", "Update")]
    assert office.work(take(owned)) == [Fate.IN_SYNC]
    after = kube.peer("tor-1")
    assert writers(kube) == [("bgpui", "Apply")]
    mine = next(m for m in ownership.managers(after) if m.name == "bgpui")
    assert ownership.holds(mine, 'metadata.annotations["argocd.argoproj.io/tracking-id"]')
    same = ("spec", "generation", "uid", "annotations")
    flat = [{**obj["metadata"], "spec": obj["spec"]} for obj in (before, after)]
    assert [flat[0][name] for name in same] == [flat[1][name] for name in same]
    change = Change.objects.get()
    assert (change.message, change.overridden, change.override_reason) == (
        "Taken over from Argo CD (application net).", ["managed-elsewhere"], "an emergency",
    )  # fmt: skip


def test_then_it_is_edited_a_field_cleared_and_it_is_deleted(
    kube: RunningCluster, office: Office, owned: BGPPeer
) -> None:
    office.work(take(owned))
    row = office.save(argo(peerASN=64700))
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    assert kube.spec("tor-1") == peer(peerASN=64700)["spec"]
    assert carry(accept(office, wanted(argo(peerASN=64701)))) == "applied"
    office.work(office.delete(office.row()))
    assert kube.peers() == []


def test_it_ends_when_the_tool_writes_again(kube: RunningCluster, office: Office, owned: BGPPeer) -> None:
    office.work(take(owned))
    kube.patch_peer("tor-1", {"holdTime": "30s"}, manager="argocd-controller")
    office.look()
    assert ownership_of(office.row()).read_only
    with pytest.raises(Refused):
        office.save(argo(peerASN=64700))
    office.work(take(office.row()))
    assert not ownership_of(office.row()).read_only


def test_a_write_of_the_tool_before_ours_is_a_conflict(kube: RunningCluster, office: Office, owned: BGPPeer) -> None:
    row = take(owned)
    kube.patch_peer("tor-1", {"holdTime": "30s"}, manager="argocd-controller")
    assert office.work(row) == [Fate.CONFLICT]
    assert writers(kube) == [("argocd-controller", "Update")]


def test_it_does_not_count_for_an_object_made_anew(kube: RunningCluster, office: Office, owned: BGPPeer) -> None:
    office.work(take(owned))
    kube.kubectl("delete", "bgppeer", "tor-1")
    kube.add(argo())
    office.look()
    assert ownership_of(office.row()).read_only


@pytest.mark.parametrize("rejected", [True, False], ids=["rejected", "discarded"])
def test_one_whose_edit_comes_to_nothing_does_not_count(
    kube: RunningCluster, office: Office, owned: BGPPeer, rejected: bool
) -> None:
    row = take(owned)
    if rejected:
        refuse(kube, 0, verb="patch", name="tor-1")
        assert office.work(row) == [Fate.REJECTED]
    else:
        resource_discard(row=row, actor=None)
    assert (TakeOver.objects.exists(), writers(kube)) == (False, [("argocd-controller", "Update")])
    assert ownership_of(office.row()).read_only
    with pytest.raises(Refused):
        office.save(argo(peerASN=64700))
    if rejected:
        resource_discard(row=office.row(), actor=None)
    assert office.work(take(office.row())) == [Fate.IN_SYNC]
    resource_discard(row=office.row(), actor=None)
    assert not ownership_of(office.row()).read_only, "what has moved is ours, whatever is given up after that"


def test_what_people_write_or_what_is_not_settled_cannot_be_taken(
    kube: RunningCluster, office: Office, owned: BGPPeer
) -> None:
    kube.add(peer("tor-2", peerAddress="192.0.2.2"))
    office.look()
    BGPPeer.objects.filter(name="tor-1").update(sync_state="conflict")
    for name in ("tor-1", "tor-2"):
        with pytest.raises(Refused):
            take(office.row(name))
    assert not TakeOver.objects.exists()


def test_nothing_is_taken_over_while_it_is_on_trial(kube: RunningCluster, office: Office) -> None:
    """The revert puts back what stood, and would find fields that are somebody else's by then."""
    kube.add(peer(holdTime="90s"))
    office.look()
    change_set = accept(office, wanted(peer(holdTime="60s")), window=timedelta(minutes=5))
    assert carry(change_set) == "applied"
    kube.kubectl("annotate", "bgppeer", "tor-1", "argocd.argoproj.io/tracking-id=net:metallb.io/BGPPeer:x/tor-1")
    office.look()
    with pytest.raises(Refused) as refused:
        take(office.row())
    assert [finding.code for finding in refused.value.findings] == ["held-by-change-set"]
    assert not TakeOver.objects.exists()
