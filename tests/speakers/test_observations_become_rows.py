"""Rows say what was observed: only changes are written, nothing older wins, nothing is made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters.models import Cluster
from speakers import services
from speakers.changes import changes
from speakers.history import LOST
from speakers.models import Session, Speaker, Transition
from speakers.reports import Report
from speakers.services import Written, observations_write
from speakers.sweep import Observation
from tests.speakers.seen import DOWN, T0, UP, after, intended, missed, seen, session, speaker, swept
from tests.speakers.seen import cluster as make_cluster

pytestmark = pytest.mark.django_db
ONE = ("default", "10.0.0.1")


@pytest.fixture
def cluster() -> Cluster:
    return make_cluster()


def write(cluster: Cluster, *observations: Observation, expect: bool = True) -> Written:
    expected = {one.node: [intended(one.node)] if expect else [] for one in observations}
    return swept(cluster=cluster, observations=observations, expected=expected)


def test_a_first_look_fills_the_row(cluster: Cluster) -> None:
    written = write(cluster, seen("node-1", T0, {ONE: UP}))
    row = session()
    assert (written.sessions, written.transitions, written.speakers) == (1, 1, 1)
    assert (row.state, row.peer, row.intended, row.remote_as, row.local_as) == (
        "Established",
        "tor",
        True,
        64513,
        64512,
    )
    assert (row.link, row.bgp_version, row.hold_time, row.keepalive_time) == ("external", 4, 90, 30)
    assert (row.families, row.prefixes_sent, row.prefixes_received) == (["ipv4Unicast"], 3, 2)
    assert (row.since, row.established_at) == (after(-600), after(-600))
    assert (row.reason, row.cause, row.evidence, row.degraded) == ("", "", {}, "")
    assert row.speaker.frr_version == "10.4.1"
    assert row.speaker.observed_at == T0


def test_a_state_change_is_one_row_and_one_transition_with_its_reason(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    write(cluster, seen("node-1", after(10), {ONE: DOWN}))
    row, change = session(), Transition.objects.latest("at")
    assert (row.state, row.since, row.established_at) == ("Active", after(10), None)
    assert row.reason == "administrative-shutdown-received"
    assert "NOTIFICATION 6/2 Administrative Shutdown received" in row.cause
    assert row.evidence["lastErrorCodeSubcode"] == "0602"
    assert (change.old_state, change.new_state, change.at, change.session) == ("Established", "Active", after(10), row)
    assert change.reason == row.reason


def test_a_sweep_without_changes_writes_the_speakers_and_nothing_else(cluster: Cluster) -> None:
    def fleet(at: float) -> list[Observation]:
        moved = UP | {"bgpTimerLastRead": 2000, "bgpTimerUpEstablishedEpoch": UP["bgpTimerUpEstablishedEpoch"] + 1}
        fields = UP if at == 0 else moved
        return [
            seen(f"node-{n}", after(at), {("default", f"10.0.0.{m}"): fields for m in range(1, 6)}) for n in range(90)
        ]

    def look(at: float) -> tuple[Written, list[str]]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            written = observations_write(cluster=cluster, observations=fleet(at), expected={})
        return written, [query["sql"] for query in queries]

    for number in range(90):
        speaker(cluster, f"node-{number}")
    assert look(0)[0].sessions == 450
    written, queries = look(10)
    assert (written.sessions, written.transitions, written.removed, written.visible) == (0, 0, 0, False)
    assert written.speakers == 90
    assert not [sql for sql in queries if "speakers_session" in sql and not sql.startswith("SELECT")]
    assert len(queries) <= 7  # speakers, sessions, savepoint, locked speakers, what was heard of them, release
    assert set(Speaker.objects.values_list("observed_at", flat=True)) == {after(10)}


def test_an_older_observation_changes_nothing(cluster: Cluster) -> None:
    write(cluster, seen("node-1", after(10), {ONE: UP}))
    written = write(cluster, seen("node-1", T0, {ONE: DOWN}))
    assert not written.visible
    assert session().state == "Established"
    assert Speaker.objects.get().observed_at == after(10)


def _overtaken(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, newer: Observation) -> None:
    """Have another sweep write this while the next observation is compared, as when the lock of the sweep vanished."""
    overtaken: list[bool] = []

    def compare_then_lose(*arguments: Any) -> Any:
        found = changes(*arguments)
        if not overtaken:
            overtaken.append(True)
            write(cluster, newer)
        return found

    monkeypatch.setattr(services, "changes", compare_then_lose)


def test_an_observation_that_was_overtaken_while_it_was_compared_changes_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    _overtaken(monkeypatch, cluster, seen("node-1", after(20), {ONE: UP}))
    written = write(cluster, seen("node-1", after(10), {ONE: DOWN}))
    assert not written.visible
    assert session().state == "Established"
    assert Speaker.objects.get().observed_at == after(20)


def test_a_newer_observation_that_was_overtaken_is_compared_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    _overtaken(monkeypatch, cluster, seen("node-1", after(10), {ONE: DOWN}))
    write(cluster, seen("node-1", after(20), {ONE: UP | {"hostname": "seen here alone"}}))
    assert session().state == "Established"
    states = list(Transition.objects.order_by("at").values_list("old_state", "new_state"))
    assert states == [("", "Established"), ("Established", "Active"), ("Active", "Established")]


def test_a_miss_leaves_the_session_as_it_was_last_seen(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    written = write(cluster, missed("node-1", after(10)))
    heard = Speaker.objects.get()
    assert (written.sessions, written.transitions, written.turned) == (0, 0, 1)
    assert (heard.observed_at, heard.attempted_at, heard.misses) == (T0, after(10), 1)
    assert heard.error == "no answer within 5 s"
    assert session().state == "Established"


def test_open_pages_are_told_when_late_becomes_unknown_and_not_again_after_that(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    told = [write(cluster, missed("node-1", after(10 * number))).visible for number in range(1, 6)]
    assert told == [True, False, True, False, False]


def test_an_answer_ends_the_misses(cluster: Cluster) -> None:
    for number in range(4):
        write(cluster, missed("node-1", after(10 * number)))
    written = write(cluster, seen("node-1", after(50), {ONE: UP}))
    heard = Speaker.objects.get()
    assert (heard.misses, heard.error, heard.retry_at, written.turned) == (0, "", None, 1)


def test_after_three_misses_a_pod_is_asked_less_and_less_often(cluster: Cluster) -> None:
    row = speaker(cluster, "node-1")
    pauses = []
    for number in range(12):
        write(cluster, missed("node-1", after(10 * number)))
        row.refresh_from_db()
        pauses.append((row.retry_at - after(10 * number)).total_seconds() if row.retry_at else 0)
    assert pauses[:2] == [0, 0]
    assert 16 <= pauses[2] <= 24
    assert pauses[3] > 24
    assert max(pauses) <= 360


def test_an_intended_session_that_frr_does_not_have_is_absent(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {}))
    assert (session().state, session().reason, session().intended) == ("Absent", "not-configured", True)
    write(cluster, seen("node-1", after(10), {ONE: UP}))
    assert list(Transition.objects.order_by("at").values_list("old_state", "new_state")) == [
        ("", "Absent"),
        ("Absent", "Established"),
    ]


def test_an_intended_session_of_a_node_that_was_never_heard_is_unknown_without_history(cluster: Cluster) -> None:
    write(cluster, missed("node-1", T0))
    assert (session().state, session().intended) == ("Unknown", True)
    assert not Transition.objects.exists()
    write(cluster, seen("node-1", after(10), {ONE: UP}))
    assert Transition.objects.get().old_state == ""


def test_a_neighbor_that_nobody_wants_goes_when_frr_drops_it(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}), expect=False)
    assert session().intended is False
    written = write(cluster, seen("node-1", after(10), {}), expect=False)
    assert written.removed == 1
    assert not Session.objects.exists()
    last = Transition.objects.latest("at")
    assert (last.old_state, last.new_state, last.session, last.neighbor) == ("Established", "", None, "10.0.0.1")


def test_what_is_intended_is_brought_up_to_date_while_the_node_is_silent(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    write(cluster, missed("node-1", after(10)), expect=False)
    assert (session().intended, session().peer, session().state) == (False, "", "Established")
    skipped = Observation("node-1", after(20), skipped=True)
    swept(cluster=cluster, observations=[skipped], expected={"node-1": [intended("node-1", peer="new")]})
    assert (session().peer, Speaker.objects.get().misses) == ("new", 1)


def test_idle_connect_and_active_take_turns_without_history(cluster: Cluster) -> None:
    for number, state in enumerate(("Active", "Connect", "Idle", "Active")):
        write(cluster, seen("node-1", after(10 * number), {ONE: DOWN | {"bgpState": state}}))
    assert (session().state, session().since) == ("Active", T0)
    assert Transition.objects.count() == 1


def test_another_cause_of_a_session_that_is_down_is_history(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: DOWN}))
    worse = {"lastResetDueTo": "BGP Notification send", "lastResetCode": 14, "lastErrorCodeSubcode": "0202"}
    write(cluster, seen("node-1", after(10), {ONE: DOWN | worse}))
    assert Transition.objects.latest("at").reason == "bad-peer-as-sent"
    assert session().since == T0


def test_a_flap_between_two_looks_is_history(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    again = {"connectionsEstablished": 2, "connectionsDropped": 1, "lastResetDueTo": "BGP Notification received",
             "lastResetCode": 13, "lastErrorCodeSubcode": "0400",
             "bgpTimerUpEstablishedEpoch": int(after(5).timestamp())}  # fmt: skip
    write(cluster, seen("node-1", after(10), {ONE: UP | again}))
    change = Transition.objects.latest("at")
    assert (change.old_state, change.new_state) == ("Established", "Established")
    assert change.reason == "hold-timer-expired-received"
    assert change.evidence["connectionsDropped"] == 1
    assert session().since == after(5)


def anew(*, up: float, at: float, **fields: Any) -> dict[str, Any]:
    """A neighbor that came up `up` seconds after T0, as an FRR that was started anew says at `at`."""
    epoch, uptime = int(after(up).timestamp()), int(at - up) * 1000
    return UP | {"bgpTimerUpEstablishedEpoch": epoch, "bgpTimerUpMsec": uptime} | fields


def test_a_restart_of_frr_between_two_looks_is_a_loss(cluster: Cluster) -> None:
    """Counters live in bgpd's memory (bgpd/bgpd.h, struct peer, established and dropped): it begins with one again."""
    write(cluster, seen("node-1", T0, {ONE: anew(up=-600, at=0)}))
    write(cluster, missed("node-1", after(20)))
    write(cluster, seen("node-1", after(60), {ONE: anew(up=40, at=60)}))
    change = Transition.objects.filter(LOST).get()
    assert (change.at, change.reason, change.evidence) == (after(60), "", {"connectionsDropped": 0})
    assert change.cause.startswith("FRR counts its connections anew")
    assert (session().since, session().established_at) == (after(40), after(40))
    write(cluster, seen("node-1", after(120), {ONE: anew(up=41, at=120)}))
    assert Transition.objects.filter(LOST).count() == 1


@pytest.mark.parametrize("skew", [0, 3600])
def test_a_session_that_came_up_while_a_slow_node_answered_was_not_lost(cluster: Cluster, skew: float) -> None:
    slow = seen("node-1", T0, {ONE: anew(up=4 + skew, at=4.5, bgpTimerUpMsec=500)})
    write(cluster, replace(slow, duration_ms=4500))
    write(cluster, seen("node-1", after(10), {ONE: anew(up=4 + skew, at=10, bgpTimerUpMsec=6000)}))
    assert not Transition.objects.filter(LOST).exists()


@pytest.mark.parametrize("ahead", [-3600, 30, 3600])
def test_a_clock_of_frr_that_is_set_is_no_loss(cluster: Cluster, ahead: float) -> None:
    """FRR tells the epoch as its wall clock less the uptime (bgpd/bgp_vty.c), which no clock sets."""
    write(cluster, seen("node-1", T0, {ONE: anew(up=-10, at=0)}))
    for at in (10, 60, 3600, 3610):
        write(cluster, seen("node-1", after(at), {ONE: anew(up=-10 + ahead, at=at, bgpTimerUpMsec=(at + 10) * 1000)}))
        assert session().since == session().established_at == after(-10)
    assert not Transition.objects.filter(LOST).exists()


@pytest.mark.parametrize("ahead", [-3600, -20, 20, 3600])
@pytest.mark.parametrize("took", [0, 4500])
def test_since_is_right_whatever_the_nodes_clock_says(cluster: Cluster, ahead: float, took: int) -> None:
    def look(at: float, up: float, **fields: Any) -> Written:
        facts = anew(up=up + ahead, at=at, bgpTimerUpMsec=int(at - up) * 1000, **fields)
        return write(cluster, replace(seen("node-1", after(at), {ONE: facts}), duration_ms=took))

    look(0, -600)
    assert session().since == session().established_at == after(-600)
    assert [look(at, -600 + at % 3).sessions for at in (10, 11, 20)] == [0, 0, 0]
    look(30, 25, connectionsEstablished=2)
    assert session().since == session().established_at == after(25)


@pytest.mark.parametrize("some", [True, False])
def test_what_frr_counted_while_others_reported_is_no_loss_of_its_own(cluster: Cluster, *, some: bool) -> None:
    write(cluster, seen("node-1", T0, {ONE: anew(up=-600, at=0, connectionsEstablished=2)}))
    for at, state in ((10, "Idle"), (20, "Established")):
        told = (Report("default", "10.0.0.1", state, "", after(at)),)
        write(cluster, Observation("node-1", after(at), reports=told, some=some, source="status"))
    again = {"connectionsEstablished": 3, "connectionsDropped": 2}
    write(cluster, seen("node-1", after(60), {ONE: anew(up=18, at=60, **again)}))
    assert Transition.objects.filter(LOST).get().new_state == "Idle"
    write(cluster, seen("node-1", after(120), {ONE: anew(up=100, at=120, **again | {"connectionsEstablished": 4})}))
    assert Transition.objects.filter(LOST).count() == 2


def test_a_degraded_session_and_its_recovery_are_history(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    write(cluster, seen("node-1", after(10), {ONE: UP | {"peerBfdInfo": {"status": "Down"}}}))
    assert (session().state, session().reason, bool(session().degraded)) == ("Established", "bfd-down", True)
    write(cluster, seen("node-1", after(20), {ONE: UP | {"peerBfdInfo": {"status": "Up"}}}))
    assert (session().reason, session().degraded, session().since) == ("", "", after(-600))
    assert [t.reason for t in Transition.objects.order_by("at")] == ["", "bfd-down", ""]


def test_a_time_of_establishment_in_the_future_is_not_believed(cluster: Cluster) -> None:
    epoch = int(after(3600).timestamp())
    write(cluster, seen("node-1", T0, {ONE: UP | {"bgpTimerUpEstablishedEpoch": epoch}}))
    assert session().since == T0
    written = write(cluster, seen("node-1", after(10), {ONE: UP | {"bgpTimerUpEstablishedEpoch": epoch + 1}}))
    assert written.sessions == 0


def test_the_same_address_in_two_vrfs_is_two_sessions(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP, ("red", "10.0.0.1"): DOWN}))
    assert {(row.vrf, row.state) for row in Session.objects.all()} == {("default", "Established"), ("red", "Active")}


def test_hostile_numbers_and_names_fit_the_columns(cluster: Cluster) -> None:
    wild = {"connectionsEstablished": 2**70, "bgpVersion": 99999, "remoteAs": -5, "hostname": "x" * 5000,
            "bgpTimerUpEstablishedEpoch": 2**60, "remoteRouterId": "9" * 300, "peerBfdInfo": {"status": "U" * 90},
            "addressFamilyInfo": {f"f{n}" * 50: {"acceptedPrefixCounter": 2**40} for n in range(50)}}  # fmt: skip
    write(cluster, seen("node-1", T0, {ONE: UP | wild, ("v" * 300, "not-an-address" * 30): UP}))
    for row in Session.objects.all():
        for column in row._meta.concrete_fields:
            if (value := getattr(row, column.attname)) is not None:
                column.run_validators(value)
