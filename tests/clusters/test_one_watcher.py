"""Two watchers: one works, the other waits, and takes over when the first is gone or silent."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clusters.models import Lease
from clusters.watching.term import Term
from tests.clusters.cluster import RunningCluster, peer
from tests.clusters.watching import Watcher
from tests.waiting import eventually


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Time that passes when it is told to."""
    now = [1000.0]
    monkeypatch.setattr("clusters.watching.term.time.monotonic", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


@pytest.mark.django_db
def test_a_lease_is_taken_from_the_silent_only(clock: Callable[[float], None]) -> None:
    first, second = Term("watch", 10, "first"), Term("watch", 10, "second")
    assert first.take()
    assert not second.take()
    for _ in range(20):
        clock(6)
        assert first.renew()
        assert not second.take()
        assert not first.over
    clock(9)
    assert first.over  # it stops by itself before the other one begins
    assert not second.take()
    clock(2)
    assert second.take()
    assert not first.renew()
    assert not first.take()
    second.give_up()
    assert first.take()
    assert Lease.objects.get().holder == "first"


@pytest.mark.django_db
def test_of_two_that_see_the_same_silence_one_takes_it(clock: Callable[[float], None]) -> None:
    assert Term("watch", 10, "dead").take()
    others = [Term("watch", 10, "a"), Term("watch", 10, "b")]
    assert not any(other.take() for other in others)
    clock(11)
    assert [other.take() for other in others] == [True, False]


@pytest.mark.parametrize("seconds", ["0", "1e9", "nan"])
def test_a_takeover_that_makes_no_sense_is_refused(seconds: str) -> None:
    with pytest.raises(CommandError, match="--takeover must be"):
        call_command("watch", "--takeover", seconds)


@pytest.mark.faults
def test_one_of_two_works_and_the_other_takes_over_when_it_is_frozen_ends_or_is_killed(
    kube: RunningCluster, tmp_path: Path
) -> None:
    kube.add(peer())
    first = Watcher(tmp_path, {"lab": kube.kubeconfig})
    second = Watcher(tmp_path, {"lab": kube.kubeconfig}, twin=first)
    numbers = itertools.count(64801)

    def works(watcher: Watcher) -> None:
        """It is the leader, and follows."""
        eventually(lambda: watcher.leader() == watcher.pid, timeout=60)
        kube.patch_peer("tor-1", {"peerASN": (number := next(numbers))})
        eventually(lambda: watcher.peers() == {"tor-1": number}, timeout=60)

    first.start()
    second.start()
    try:
        eventually(lambda: first.leader() in (first.pid, second.pid) and first.all_live(), timeout=90)
        if first.leader() == second.pid:
            first, second = second, first
        eventually(lambda: "another process watches" in second.log.read_text(), timeout=60)
        works(first)
        os.kill(first.pid, signal.SIGSTOP)
        try:
            works(second)
        finally:
            os.kill(first.pid, signal.SIGCONT)
        eventually(lambda: "was silent for too long" in first.log.read_text())
        assert second.stop() == 0  # hands over at once
        works(first)
        second.start()
        first.stop(signal.SIGKILL)
        works(second)
        changes = second.rows("SELECT count(*) FROM clusters_change WHERE kind = 'BGPPeer' AND action = 'update'")
        assert changes == [(4,)]  # each change once
        assert second.stop() == 0
        assert second.leader() == 0
    finally:
        first.close()
        second.close()


@pytest.mark.faults
def test_clusters_come_and_go_while_it_watches(kube: RunningCluster, tmp_path: Path) -> None:
    kube.add(peer())
    watcher = Watcher(tmp_path, {})
    watcher.start()
    try:
        eventually(lambda: watcher.leader() == watcher.pid)
        watcher.django(f"Cluster.objects.create(name='east', source='added', kubeconfig='{kube.kubeconfig}')")
        eventually(lambda: watcher.all_live("east"))
        kube.patch_peer("tor-1", {"peerASN": 64805})
        eventually(lambda: watcher.peers("east") == {"tor-1": 64805})
        watcher.django("Cluster.objects.update(enabled=False)")
        eventually(lambda: watcher.streams("east") == {})
        assert watcher.stop() == 0
    finally:
        watcher.close()
