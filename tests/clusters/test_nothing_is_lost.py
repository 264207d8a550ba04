"""The API server fails, drops or is away; workers die; Redis is away: in the end every edit is in force, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from clusters import clock, tasks
from clusters.kube.client import Door
from clusters.models import SyncState
from clusters.sync import outbox
from clusters.sync.apply import apply_pending
from clusters.sync.claim import Fate, Lost, claim
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster, peer
from tests.clusters.conftest import Office
from tests.clusters.edits import WRITES, accept
from tests.stores.clock import differ


def _wait(row: BGPPeer) -> None:
    """The time until the next try passes."""
    BGPPeer.objects.filter(pk=row.pk).update(retry_at=clock.now() - timedelta(seconds=1))


def _pause(row: BGPPeer) -> float:
    """Seconds until the next try."""
    assert row.retry_at is not None
    return (row.retry_at - clock.now()).total_seconds()


def _in_force(kube: RunningCluster, edit: str) -> bool:
    if edit == "delete":
        return kube.peers() == []
    if kube.peers() == []:
        return False
    generation = 1 if edit == "create" else 2
    return bool(kube.spec("tor-1")["peerASN"] == 64700 and kube.peer("tor-1")["metadata"]["generation"] == generation)


@pytest.mark.parametrize("edit", WRITES)
@pytest.mark.parametrize(
    "fault",
    [{"code": 500}, {"code": 503}, {"code": 429}, {"drop": "before"}, {"drop": "after"}, {"truncate": 20}],
    ids=str,
)
def test_a_failed_write_is_tried_again_and_acts_once(
    kube: RunningCluster, office: Office, edit: str, fault: dict[str, Any]
) -> None:
    row = accept(kube, office, edit)
    kube.server.faults.add(Fault(verb=WRITES[edit], resource="bgppeers", **fault))
    assert office.work(row) == [Fate.LATER]
    assert row.pending
    assert _pause(row) > -1
    assert row.sync_message
    _wait(row)
    assert office.work(row) in ([Fate.IN_SYNC], [Fate.GONE])
    assert _in_force(kube, edit)


@pytest.mark.parametrize("edit", WRITES)
def test_a_refused_write_is_rejected_with_the_servers_words(kube: RunningCluster, office: Office, edit: str) -> None:
    row = accept(kube, office, edit)
    words = 'admission webhook "bgppeersvalidationwebhook.metallb.io" denied the request: not on a Friday'
    status = {"kind": "Status", "message": words, "reason": "Forbidden", "code": 403}
    kube.server.faults.add(Fault(verb=WRITES[edit], resource="bgppeers", code=403, status=status))
    assert office.work(row) == [Fate.REJECTED]
    assert (row.sync_state, row.sync_message, row.pending) == (SyncState.REJECTED, words, False)
    assert not _in_force(kube, edit)


def test_an_edit_survives_an_api_server_that_is_away(kube: RunningCluster, office: Office) -> None:
    row = accept(kube, office, "update")
    kube.stop()
    try:
        assert office.work(row) == [Fate.LATER]
        office.look()
    finally:
        kube.start()
    office.look()
    row.refresh_from_db()
    assert row.retry_at is None, "the cluster is back, so there is nothing to wait for"
    assert office.work(row) == [Fate.IN_SYNC]
    assert _in_force(kube, "update")


def test_the_servers_own_wish_for_a_pause_is_kept(kube: RunningCluster, office: Office, monkeypatch: Any) -> None:
    from clusters.kube.errors import Unreachable

    row = accept(kube, office, "update")

    def busy(*_: Any, **__: Any) -> None:
        raise Unreachable("too many requests", code=429, retry_after=17)

    monkeypatch.setattr(Door, "get", busy)
    office.work(row)
    assert 15 < _pause(row) <= 17


def test_tries_back_off(kube: RunningCluster, office: Office) -> None:
    row = accept(kube, office, "update")
    kube.server.faults.add(Fault(resource="bgppeers", code=500, count=6))
    pauses = []
    for _ in range(6):
        office.work(row)
        pauses.append(round(_pause(row)))
        _wait(row)
    assert pauses == [1, 2, 4, 8, 16, 30]


def test_two_workers_with_the_same_task_write_once(kube: RunningCluster, office: Office) -> None:
    row = accept(kube, office, "update")
    first = claim("BGPPeer", row.pk)
    assert first is not None
    assert apply_pending("BGPPeer", row.pk) == []
    assert kube.peer("tor-1")["metadata"]["generation"] == 1


def test_a_worker_killed_before_its_answer_is_followed_by_another(
    kube: RunningCluster, office: Office, monkeypatch: Any
) -> None:
    row = accept(kube, office, "update")
    applied = Door.apply

    def killed(door: Door, *args: Any, **more: Any) -> Any:
        applied(door, *args, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(Door, "apply", killed)
    with pytest.raises(KeyboardInterrupt):
        apply_pending("BGPPeer", row.pk)
    monkeypatch.undo()
    assert ("BGPPeer", row.pk) not in outbox.left_over(clock.now())
    later = clock.now() + timedelta(seconds=60)
    assert ("BGPPeer", row.pk) in outbox.left_over(later)
    BGPPeer.objects.update(lease_until=clock.now())
    assert office.work(row) == [Fate.IN_SYNC]
    assert _in_force(kube, "update")


def test_a_worker_that_lost_its_lease_writes_no_outcome(kube: RunningCluster, office: Office) -> None:
    row = accept(kube, office, "update")
    slow = claim("BGPPeer", row.pk)
    assert slow is not None
    BGPPeer.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert office.work(row) == [Fate.IN_SYNC]
    with pytest.raises(Lost):
        slow.renew()
    row.refresh_from_db()
    assert (row.sync_state, row.pending) == (SyncState.IN_SYNC, False)


def test_an_edit_that_comes_in_while_another_is_applied_follows_it(
    kube: RunningCluster, office: Office, monkeypatch: Any
) -> None:
    row = accept(kube, office, "update")
    applied = Door.apply

    def and_meanwhile(door: Door, *args: Any, **more: Any) -> Any:
        answer = applied(door, *args, **more)
        if office.row().revision == row.revision:
            office.save(peer(peerASN=64800))
        return answer

    monkeypatch.setattr(Door, "apply", and_meanwhile)
    assert office.work(row) == [Fate.IN_SYNC, Fate.IN_SYNC]
    assert kube.spec("tor-1") == peer(peerASN=64800)["spec"]


@pytest.mark.parametrize("apart", [0, -30, 30])
@pytest.mark.parametrize("edit", ["create", "update"])
def test_a_lost_answer_and_a_newer_edit_make_no_false_conflict(
    kube: RunningCluster, office: Office, edit: str, apart: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where the database's clock is some seconds before or behind that of this machine."""
    differ(monkeypatch, timedelta(seconds=apart))
    row = accept(kube, office, edit)
    kube.server.faults.add(Fault(verb=WRITES[edit], resource="bgppeers", drop="after", count=1))
    if edit == "update":  # the first patch moves the fields, the second one applies
        kube.server.faults.clear()
        kube.server.faults.add(Fault(verb="patch", resource="bgppeers", delay=0.0, count=1))
        kube.server.faults.add(Fault(verb="patch", resource="bgppeers", drop="after", count=1))
    assert office.work(row) == [Fate.LATER]
    assert kube.spec("tor-1")["peerASN"] == 64700
    office.save(peer(peerASN=64800))
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    assert kube.spec("tor-1") == peer(peerASN=64800)["spec"]


@pytest.mark.parametrize("apart", [-30, 30])
def test_objects_are_dated_by_one_clock(
    kube: RunningCluster, office: Office, apart: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that people make here, and those that others made and that are read from the cluster."""
    differ(monkeypatch, timedelta(seconds=apart))
    kube.add(peer("tor-2", peerAddress="192.0.2.2"))
    office.save(peer())
    office.look()
    rows = BGPPeer.objects.all()
    assert sorted(row.name for row in rows) == ["tor-1", "tor-2"]
    for row in rows:
        assert abs(clock.now() - row.created_at) < timedelta(seconds=15)
        assert abs(clock.now() - row.updated_at) < timedelta(seconds=15)


def test_redis_away_at_commit_costs_time_and_not_the_edit(
    office: Office,
    kube: RunningCluster,
    monkeypatch: Any,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("Error 111 connecting to redis")

    monkeypatch.setattr(current_app, "send_task", away)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        row = office.save(peer())
    assert len(callbacks) == 1
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(current_app, "send_task", lambda _name, args, **_more: sent.append(args))
    tasks.sweep_outbox()
    assert sent == [("BGPPeer", row.pk)]


def test_the_outbox_is_not_swept_for_rows_that_wait_or_are_held(kube: RunningCluster, office: Office) -> None:
    row = accept(kube, office, "update")
    now = clock.now()
    for column in ("retry_at", "lease_until"):
        BGPPeer.objects.update(retry_at=None, lease_until=None)
        BGPPeer.objects.update(**{column: now + timedelta(seconds=5)})
        assert outbox.left_over(now) == []
    assert outbox.left_over(now + timedelta(seconds=6)) == [("BGPPeer", row.pk)]
