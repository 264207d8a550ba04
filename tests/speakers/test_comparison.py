"""What FRR tells held against what is meant, from the node to the rows: prefixes, attributes, settings, unknown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from bgpui.roles import role_give
from clusters.nudges import connection
from clusters.observing import Way
from dashboard.compare import cluster_compare
from lab.containers import PodFault
from lab.speakers.session import Session as LabSession
from speakers.frr.commands import vrf_unfit
from speakers.models import Comparison, PrefixDifference, Session, Speaker
from tests.kinds import saved
from tests.speakers.lab import Observer, RunningLab, observing
from tests.speakers.test_announcements_on_every_rung import EXTERNAL, OBJECTS, ONE, metallb, peer
from tests.waiting import eventually

pytestmark = pytest.mark.django_db
PREFIX = "203.0.113.0/32"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    running = RunningLab(tmp_path_factory.mktemp("compared"), nodes=2)
    for manifest in OBJECTS:
        running.call(running.lab.store.add, manifest)
    yield running
    running.close()


@pytest.fixture
def observer(running: RunningLab, redis_url: str) -> Iterator[Observer]:
    with observing(running, patience=5.0) as observer:
        eventually(lambda: _all_told(observer), interval=0.2)
        yield observer
        running.lab.faults.clear()


def _all_told(observer: Observer) -> bool:
    observer.relist()
    observer.sweep()
    look(observer)
    rows = list(Comparison.objects.filter(session__cluster=observer.cluster))
    return len(rows) == 6 and all(row.meant == row.as_meant == 1 for row in rows)


def look(observer: Observer) -> int:
    """A look at what is due, however short ago the last one was."""
    connection().flushdb()
    return cluster_compare(observer.cluster)


def aged(observer: Observer) -> int:
    """The same after all that was known has become old."""
    for row in Comparison.objects.filter(session__cluster=observer.cluster, attempted_at__isnull=False):
        assert row.attempted_at is not None
        Comparison.objects.filter(pk=row.pk).update(attempted_at=row.attempted_at - timedelta(hours=1))
    return look(observer)


def hand(observer: Observer, vrf: str, neighbor: str) -> LabSession:
    """The lab's own session on the first node: what somebody changes there by hand."""
    found: LabSession = observer.lab.speakers.speakers[ONE].sessions[vrf, neighbor]  # type: ignore[attr-defined]
    return found


def external(observer: Observer) -> Session:
    return observer.session(ONE, EXTERNAL[1])


def by_rest(query: str) -> list[tuple[str, str, str]]:
    api = APIClient()
    api.force_authenticate(User.objects.filter(username="reader").first() or a_viewer())
    answer = api.get(f"/api/v1/prefix-differences/?{query}")
    assert answer.status_code == 200, answer.content
    return [(one["prefix"], one["kind"], one["node"]) for one in answer.json()["results"]]


def a_viewer() -> User:
    user = User.objects.create_user("reader")
    role_give(user=user, role="viewer")
    return user


def test_a_prefix_that_goes_missing_is_named_with_its_cause_and_is_gone_when_it_is_back(observer: Observer) -> None:
    assert look(observer) == 0  # nothing is due
    session = hand(observer, *EXTERNAL)
    whole = session.announced
    session.announced = ()
    try:
        assert aged(observer) == 6
        assert not PrefixDifference.objects.exists()  # FRR's counter is of before: it may have gone down
        assert "looked at again" in external(observer).comparison.error
        session.revision += 1
        observer.sweep()
        assert aged(observer) == 6
        (found,) = PrefixDifference.objects.all()
        assert (found.session, found.prefix, found.kind) == (external(observer), PREFIX, "missing")
        assert "network statement is missing" in found.words
        row = external(observer).comparison
        assert (row.meant, row.told, row.missing, row.as_meant) == (1, 0, 1, 0)
        assert by_rest("") == by_rest(f"node={ONE}&kind=missing&ordering=-since,peer") == [(PREFIX, "missing", ONE)]
        assert by_rest("kind=extra") == []
        since = found.since
        aged(observer)
        assert PrefixDifference.objects.get().since == since
    finally:
        session.announced = whole
        session.revision += 1
    observer.sweep()
    aged(observer)
    assert not PrefixDifference.objects.exists()


def test_more_than_is_meant_is_named_too(observer: Observer) -> None:
    """Two objects announce the prefix for FRR, since the speakers refuse what withdraws it: they keep the old one."""
    stuck = peer("stuck", "10.0.0.99", 64501, bfdProfile="nowhere")
    observer.running.call(observer.lab.store.add, stuck)
    observer.running.call(observer.lab.store.delete, "bgpadvertisements", "metallb-system", "dual")
    try:
        eventually(lambda: _extra(observer), timeout=30, interval=0.2)
        words = PrefixDifference.objects.filter(prefix=PREFIX).first()
        assert words is not None
        assert "The node keeps its old configuration: " in words.words
    finally:
        observer.running.call(observer.lab.store.delete, "bgppeers", "metallb-system", "stuck")
        (dual,) = (one for one in OBJECTS if one["metadata"]["name"] == "dual" and one["kind"] == "BGPAdvertisement")
        observer.running.call(observer.lab.store.add, dual)


def _extra(observer: Observer) -> bool:
    observer.relist()
    observer.sweep()
    look(observer)
    return PrefixDifference.objects.filter(kind="extra", prefix=PREFIX).count() == 2


def test_what_nobody_says_is_not_known_and_never_missing(observer: Observer) -> None:
    observer.lab.faults[ONE] = PodFault.GARBAGE
    before = external(observer).comparison.compared_at
    assert aged(observer) == 6
    row = external(observer).comparison
    assert row.error
    assert (row.compared_at, row.missing) == (before, 0)
    assert not PrefixDifference.objects.exists()
    Comparison.objects.update(sent=99)
    assert look(observer) == 3  # who has just failed is not asked again at once, whatever moved


def test_a_vrf_that_vtysh_cannot_be_asked_for_keeps_no_other_session_of_the_node_from_being_compared(
    observer: Observer,
) -> None:
    other = external(observer)
    spec = {"myASN": 64500, "peerASN": 64513, "peerAddress": "10.9.9.9", "vrf": "red|blue"}
    peer = saved(observer.cluster, "BGPPeer", "odd", spec, namespace=observer.cluster.namespace)
    place = {"cluster": observer.cluster, "speaker": other.speaker, "node": ONE, "vrf": "red|blue", "peer": "odd"}
    row = Session.objects.create(
        **place, neighbor="10.9.9.9", intended=True, state="Established", since=other.since, families=other.families
    )
    try:
        assert aged(observer) == 7
        odd = Comparison.objects.get(session=row)
        assert (odd.compared_at, odd.error) == (None, vrf_unfit("red|blue"))
        assert Comparison.objects.filter(error="", compared_at__isnull=False).count() == 6
        assert odd.attempted_at is not None
        Comparison.objects.filter(session=row).update(attempted_at=odd.attempted_at - timedelta(hours=1))
        assert look(observer) == 0, "such a session alone is no reason to ask the node again"
    finally:
        row.delete()
        peer.delete()


def test_nodes_that_frr_did_not_speak_for_are_not_asked(observer: Observer) -> None:
    Speaker.objects.filter(node=ONE).update(source=Speaker.Source.STATUS)
    assert aged(observer) == 3
    Speaker.objects.filter(node=ONE).update(source=Speaker.Source.VTYSH, misses=1)
    assert aged(observer) == 3


def test_in_quiet_mode_a_node_is_looked_at_once_a_minute_whatever_moves(observer: Observer) -> None:
    Comparison.objects.update(sent=99)
    observer.cluster.observing = Way.QUIET
    assert look(observer) == 0
    observer.cluster.observing = Way.SWEEP
    assert look(observer) == 6


def test_what_is_meant_otherwise_is_looked_at_at_once(observer: Observer) -> None:
    spec: dict[str, Any] = {
        "ipAddressPools": ["dual"],
        "peers": ["external"],
        "communities": ["64500:7"],
        "localPref": 250,
    }
    observer.running.call(observer.lab.store.add, metallb("BGPAdvertisement", "more", **spec))
    try:
        observer.relist()
        assert look(observer) >= 1
        assert eventually(lambda: aged(observer) and not PrefixDifference.objects.exists(), timeout=60, interval=0.3)
    finally:
        observer.running.call(observer.lab.store.delete, "bgpadvertisements", "metallb-system", "more")


def test_the_lab_runs_the_settings_that_are_meant(observer: Observer) -> None:
    assert list(Session.objects.exclude(differs="").values_list("node", "neighbor", "differs")) == []
