"""A worker settles an edit while the next one of the same object is being judged, or before it is told as saved."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.edits import judging
from clusters.models import Resource, SyncState
from clusters.sync import outbox
from clusters.sync.apply import apply_pending
from clusters.sync.claim import Fate
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster, peer
from tests.clusters.conftest import Office


def settled_when_judged(
    monkeypatch: pytest.MonkeyPatch, office: Office, row: Resource, fate: Fate = Fate.IN_SYNC
) -> None:
    """Let a worker carry out what is pending as soon as the next edit is judged, before that one is saved."""
    real = judging.judge

    def judge(*args: Any, **more: Any) -> Any:
        found = real(*args, **more)
        monkeypatch.setattr(judging, "judge", real)
        assert office.work(row) == [fate]
        return found

    monkeypatch.setattr(judging, "judge", judge)


@pytest.fixture
def pending(kube: RunningCluster, office: Office) -> BGPPeer:
    """A peer that stands in the cluster with peerASN 64600, and an edit to 64700 that has not been sent."""
    kube.add(peer())
    office.look()
    office.save(peer(peerASN=64700))
    return office.row()


def test_the_next_edit_starts_from_what_the_worker_made(
    kube: RunningCluster, office: Office, pending: BGPPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_when_judged(monkeypatch, office, pending)
    row = office.save(peer(peerASN=64700, holdTime="90s"))
    assert (row.base or {})["spec"]["peerASN"] == 64700
    assert (row.base or {})["metadata"]["resourceVersion"] == kube.peer("tor-1")["metadata"]["resourceVersion"]
    assert (office.work(row), row.sync_message) == ([Fate.IN_SYNC], "")
    assert kube.spec("tor-1") == peer(peerASN=64700, holdTime="90s")["spec"]


def test_what_others_do_after_that_is_a_conflict_still(
    kube: RunningCluster, office: Office, pending: BGPPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_when_judged(monkeypatch, office, pending)
    row = office.save(peer(peerASN=64700, holdTime="90s"))
    kube.patch_peer("tor-1", {"peerASN": 64600})
    assert (office.work(row), row.sync_state) == ([Fate.CONFLICT], SyncState.CONFLICT)


def test_a_deletion_starts_from_there_too(
    kube: RunningCluster, office: Office, pending: BGPPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_when_judged(monkeypatch, office, pending)
    row = office.delete(office.row())
    assert (row.base or {})["spec"]["peerASN"] == 64700
    assert (office.work(row), kube.peers()) == ([Fate.GONE], [])


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_is_through_before_it_is_told_as_saved_is_no_error(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube.add(peer())
    office.look()
    monkeypatch.setattr(outbox, "send", apply_pending)
    assert office.delete(office.row()).name == "tor-1"
    assert (kube.peers(), BGPPeer.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_an_edit_that_is_through_is_told_as_such(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "send", apply_pending)
    assert office.save(peer()).sync_state == SyncState.IN_SYNC
