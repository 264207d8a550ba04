"""Quiet and no-exec mode on real FRR, whose sessions frr-k8s reports: who is asked, how often, and what is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from clusters.kube.watch import Event
from clusters.models import StatusObject
from clusters.observing import REPORTED
from clusters.sync.streams import StatusStream
from intent.kinds import STATUS_KINDS
from lab.routers import DEFAULT_VRF
from speakers.models import Session, Speaker, Transition
from tests.frr.cluster import NAMESPACE, peer
from tests.frr.ground import NODES, ONE, TWO, Ground
from tests.frr.troubles import PLAIN
from tests.loop import worker
from tests.speakers.lab import Observer
from tests.speakers.observing import a_minute_passes, choose, look
from tests.waiting import eventually

pytestmark = [pytest.mark.frr, pytest.mark.django_db]


class Watched(Ground):
    """The lab with one session a node, and how often bgpui has run a command on each."""

    def __init__(self, observer: Observer) -> None:
        super().__init__(observer.running)
        self.observer = observer
        self.execs: Counter[str] = Counter()

    def count(self, namespace: str, pod: str, container: str, argv: Sequence[str], stdin: Any) -> Any:
        """The API server's exec handler: FRR's own answer, counted."""
        found = self.lab.store.get("pods", namespace, pod)
        self.execs[found["spec"]["nodeName"] if found else pod] += 1
        return self.lab.containers(namespace, pod, container, argv, stdin)

    def hears(self, state: str, act: Callable[[], object]) -> None:
        """Do something, until the watcher hears that the first node's session is in this state; workers do the rest."""

        def ends(event: Event) -> bool:
            status = event.obj.get("status") or {}
            return (status.get("node"), status.get("peer"), status.get("bgpStatus")) == (ONE, PLAIN, state)

        cluster = self.observer.cluster
        assert self.observer.hears(StatusStream(STATUS_KINDS[REPORTED], cluster.frr_namespace), act, ends)
        look(self.observer)
        worker.work()

    def row(self, node: str = ONE) -> Session:
        return self.observer.session(node, PLAIN)

    def health(self, node: str = ONE) -> str:
        return self.observer.health()[node, DEFAULT_VRF, PLAIN]

    def shut(self) -> None:
        self.type(f"neighbor {PLAIN} shutdown")

    def open(self) -> None:
        self.type(f"no neighbor {PLAIN} shutdown")

    def reported(self) -> bool:
        """Whether frr-k8s has told what FRR says of both sessions."""
        look(self.observer)
        told = StatusObject.objects.filter(kind=REPORTED, peer=PLAIN)
        up = {one.node for one in told if one.body["status"]["bgpStatus"] == "Established"}
        return up == set(NODES)


@pytest.fixture
def watched(observed: Observer) -> Iterator[Watched]:
    ground = Watched(observed)
    if ground.running.call(ground.lab.store.get, "bgppeers", NAMESPACE, "plain") is None:  # it stays
        ground.running.call(ground.lab.store.add, peer("plain", PLAIN, peerASN=64699, connectTime="1s"))
        ground.settled()
    observed.relist()
    eventually(ground.reported, timeout=90, interval=0.5)
    ground.lab.server.exec = ground.count
    observed.sweep()
    worker.work()
    yield ground
    ground.lab.server.exec = ground.lab.containers


def test_a_report_that_changes_has_its_node_asked_at_once_and_no_other(watched: Watched) -> None:
    Speaker.objects.update(asked_at=None)
    watched.execs.clear()
    watched.hears("Idle", watched.shut)
    assert watched.execs == {ONE: 1}
    assert (watched.row().reason, watched.health(), watched.health(TWO)) == ("admin-shutdown", "down", "up")

    Speaker.objects.update(asked_at=None)
    watched.hears("Established", watched.open)
    assert watched.execs == {ONE: 2}
    assert (watched.row().reason, watched.health()) == ("", "up")


def test_a_quiet_node_is_asked_once_a_minute_whatever_happens_to_its_sessions(watched: Watched) -> None:
    choose(watched.observer, "quiet")
    watched.observer.sweep()
    watched.execs.clear()
    for _ in range(3):
        watched.observer.sweep()
    watched.hears("Idle", watched.shut)
    assert watched.observer.cluster.observing == "quiet"
    assert watched.execs == {}
    assert (watched.row().state, watched.row().reason, watched.health()) == ("Idle", "only-reported", "down")

    a_minute_passes()
    for _ in range(3):
        watched.observer.sweep()
    assert watched.execs == {ONE: 1, TWO: 1}
    assert watched.row().reason == "admin-shutdown"

    watched.hears("Established", watched.open)
    assert watched.execs == {ONE: 1, TWO: 1}
    assert (watched.row().state, watched.health()) == ("Established", "up")
    history = Transition.objects.filter(node=ONE, neighbor=PLAIN).order_by("at", "pk")
    assert [one.new_state for one in history][-2:] == ["Idle", "Established"]


def test_without_exec_what_frr_k8s_reports_is_known_and_nothing_else(watched: Watched) -> None:
    Session.objects.all().delete()
    Speaker.objects.all().delete()
    choose(watched.observer, "no-exec")
    watched.execs.clear()
    look(watched.observer)
    watched.observer.relist()
    watched.observer.sweep()
    row = watched.row()
    assert (row.state, watched.health(), watched.health(TWO)) == ("Established", "up", "up")
    assert (row.remote_as, row.prefixes_sent, row.hold_time, row.established_at) == (None, None, None, None)

    watched.hears("Idle", watched.shut)
    assert (watched.row().state, watched.row().reason, watched.health()) == ("Idle", "only-reported", "down")
    assert watched.health(TWO) == "up"

    watched.hears("Established", watched.open)
    assert (watched.row().state, watched.row().reason, watched.health()) == ("Established", "", "up")
    assert watched.execs == {}
