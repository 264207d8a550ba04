"""What others do to an object while an edit of it is on its way."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.editing.drafts import draft_of_row
from clusters.edits.rebase import newest
from clusters.kindpages import page_of_kind
from clusters.models import SyncState
from clusters.services import resource_discard
from clusters.sync.claim import Fate
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office

PEERS = "bgppeers.metallb.io"


@pytest.fixture
def pending(kube: RunningCluster, office: Office) -> BGPPeer:
    """A peer that stands in the cluster, with an edit that has not been sent."""
    kube.add(peer())
    office.look()
    office.save(peer(peerASN=64700))
    return office.row()


def test_a_change_of_others_is_never_overwritten(kube: RunningCluster, office: Office, pending: BGPPeer) -> None:
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    assert office.work(pending) == [Fate.CONFLICT]
    assert pending.sync_message == "Changed in the cluster meanwhile by kubectl-edit: spec.holdTime."
    assert kube.spec("tor-1") == peer(holdTime="90s")["spec"]
    assert pending.peer_asn == 64700


def test_the_same_change_by_others_is_no_conflict_and_no_write(
    kube: RunningCluster, office: Office, pending: BGPPeer
) -> None:
    kube.patch_peer("tor-1", {"peerASN": 64700})
    version = kube.peer("tor-1")["metadata"]["resourceVersion"]
    assert office.work(pending) == [Fate.IN_SYNC]
    assert kube.peer("tor-1")["metadata"]["resourceVersion"] == version


def test_writers_of_status_are_no_conflict(kube: RunningCluster, office: Office, pending: BGPPeer) -> None:
    kube.call(
        kube.server.store.patch,
        PEERS,
        NAMESPACE,
        "tor-1",
        {"metadata": {"finalizers": ["example.com/a"]}},
        "controller",
    )
    assert office.work(pending) == [Fate.IN_SYNC]


def test_a_write_between_reading_and_applying_makes_us_look_again(
    kube: RunningCluster, office: Office, pending: BGPPeer
) -> None:
    left = [3]

    def somebody_writes(event: Any) -> None:
        if event.old is not None and left[0] and "bgpui" in str(event.new.manifest["metadata"]["managedFields"]):
            left[0] -= 1
            version = event.new.manifest["metadata"]["resourceVersion"]
            kube.server.store.patch(
                PEERS, NAMESPACE, "tor-1", {"metadata": {"finalizers": [f"example.com/{version}"]}}, "controller"
            )

    cancel = kube.call(kube.server.store.watch, somebody_writes, PEERS)
    try:
        assert office.work(pending) == [Fate.IN_SYNC]
    finally:
        kube.call(cancel)
    assert kube.peer("tor-1")["metadata"]["generation"] == 2


def test_an_object_that_appears_meanwhile_is_never_merged_over(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer())
    kube.add(peer(peerAddress="198.51.100.7", holdTime="90s"))
    assert office.work(row) == [Fate.CONFLICT]
    assert "appeared" in row.sync_message
    assert kube.spec("tor-1") == peer(peerAddress="198.51.100.7", holdTime="90s")["spec"]


def test_an_object_made_anew_under_the_same_name_is_a_conflict(
    kube: RunningCluster, office: Office, pending: BGPPeer
) -> None:
    kube.call(kube.server.store.delete, PEERS, NAMESPACE, "tor-1")
    kube.add(peer())
    assert office.work(pending) == [Fate.CONFLICT]
    assert "made anew" in pending.sync_message
    assert kube.spec("tor-1") == peer()["spec"]


def test_a_deletion_does_not_hit_an_object_made_anew(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    row = office.row()
    office.delete(row)
    kube.call(kube.server.store.delete, PEERS, NAMESPACE, "tor-1")
    kube.add(peer())
    assert office.work(row) == [Fate.CONFLICT]
    assert (kube.peers(), row.deleting, row.refused_deletion) == (["tor-1"], False, True)
    edited = office.save(peer(peerASN=64700))
    assert (edited.refused_deletion, office.work(edited), kube.spec("tor-1")["peerASN"]) == (
        False,
        [Fate.IN_SYNC],
        64700,
    )


def test_an_edit_that_a_refused_deletion_replaced_does_not_come_back_with_the_next_one(
    kube: RunningCluster, office: Office, pending: BGPPeer
) -> None:
    office.delete(office.row())
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    row = office.row()
    assert office.work(row) == [Fate.CONFLICT]
    for manifest in (newest(row).manifest, draft_of_row(page_of_kind("BGPPeer"), row).manifest):
        assert (manifest["spec"]["peerASN"], manifest["spec"]["holdTime"]) == (64600, "90s")


def test_an_edit_of_a_deleted_object_does_not_resurrect_it(
    kube: RunningCluster, office: Office, pending: BGPPeer
) -> None:
    kube.call(kube.server.store.delete, PEERS, NAMESPACE, "tor-1")
    assert office.work(pending) == [Fate.CONFLICT]
    assert kube.peers() == []


def test_saving_over_a_conflict_starts_from_what_the_cluster_holds(
    kube: RunningCluster, office: Office, pending: BGPPeer
) -> None:
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    office.work(pending)
    row = office.save(peer(peerASN=64700, holdTime="90s"))
    assert office.work(row) == [Fate.IN_SYNC]
    assert kube.spec("tor-1") == peer(peerASN=64700, holdTime="90s")["spec"]


def test_a_discarded_edit_leaves_the_row_with_what_the_cluster_holds(
    kube: RunningCluster, office: Office, pending: BGPPeer
) -> None:
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    office.work(pending)
    row = resource_discard(row=pending, actor=None)
    assert row is not None
    assert (row.spec["peerASN"], row.spec["holdTime"]) == (64600, "90s")
    assert (row.sync_state, row.pending) == (SyncState.IN_SYNC, False)


def test_a_discarded_new_object_is_gone(kube: RunningCluster, office: Office) -> None:
    assert resource_discard(row=office.save(peer()), actor=None) is None
    assert BGPPeer.objects.count() == 0


def test_what_became_of_an_earlier_object_of_this_name_says_nothing_about_the_new_one(
    kube: RunningCluster, office: Office
) -> None:
    office.work(office.save(peer()))
    office.work(office.delete(office.row()))
    kube.add(peer())
    office.look()
    office.save(peer(peerASN=64700))
    office.save(peer(peerASN=64701))
    kube.kubectl("delete", "bgppeer", "tor-1")
    assert (office.work(office.row()), kube.peers()) == ([Fate.CONFLICT], [])
