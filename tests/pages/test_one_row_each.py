"""One cause, one row: whatever is wrong with a fleet, each session is in one row of problems, and in one only."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Count
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters import clock
from clusters.models import Cluster
from clusters.stale import Freeze, Refusal
from dashboard.filters import Filters
from dashboard.problems import problems
from dashboard.refusals import by_refusal
from intent.findings import Finding, Severity
from speakers.causes import causes
from speakers.counts import Counts
from speakers.models import Session, Speaker
from speakers.reach import DOWN, UNSEEN
from speakers.redundancy import members, redundancy
from speakers.selectors import sessions
from tests.pages.rows import a_session, a_speaker, down
from tests.pages.test_home import headline, problem_rows
from tests.pages.test_stale import refusing

__all__ = ["refusing"]

ROUTERS = (("default", "10.0.0.1"), ("default", "10.0.0.2"), ("red", "10.0.0.1"), ("red", "10.0.0.3"))
STATES: dict[str, dict[str, Any]] = {
    "up": {"state": "Established"},
    "degraded": {"state": "Established", "degraded": "BFD is down"},
    "hold timer": {"state": "Active", "reason": "hold-timer-expired-sent", "cause": "The hold timer expired"},
    "no answer": {"state": "Connect", "reason": "no-answer", "cause": "No answer"},
    "bad AS": {"state": "Idle", "reason": "bad-peer-as-sent", "cause": "Bad AS"},
    "no VRF": {"state": "Idle", "reason": "vrf-missing", "cause": "The VRF does not exist on this node"},
    "absent": {"state": "Absent", "reason": "not-configured", "cause": "FRR has no such neighbor"},
    "never observed": {"state": "Unknown"},
    "runs unasked": {"state": "Established", "intended": False, "peer": ""},
    "tries unasked": {"state": "Active", "intended": False, "peer": ""},
}
VRF_GONE = {"vrf": "red", "peer": "red", "reason": "vrf-missing", "cause": "The VRF does not exist on this node"}
_LOST = ["hold timer", "no answer", "no VRF", "absent"]
_any, _lost = st.none() | st.sampled_from(sorted(STATES)), st.sampled_from(_LOST)
_sessions = st.one_of(*(st.tuples(*([one] * len(ROUTERS))) for one in (st.just("up"), _lost, _any)))
_node = st.tuples(st.sampled_from([0, 0, 0, 0, 1, 3]), _sessions)  # polls missed
_fleet = st.lists(st.lists(_node, max_size=4), min_size=2, max_size=2)
_filters = st.sampled_from(
    [
        *[Filters()] * 6,
        Filters(cluster="lab"),
        Filters(node="node-1"),
        Filters(vrf="red"),
        *(Filters(health=word) for word in ("down", "absent", "orphan", "late")),
    ]
)


def _write(fleet: list[list[tuple[int, tuple[str | None, ...]]]]) -> None:
    """Rows of these nodes, and no others."""
    Session.objects.all().delete()
    Speaker.objects.all().delete()
    now, rows = clock.now(), []
    for cluster, nodes in zip(Cluster.objects.order_by("name"), fleet, strict=True):
        for number, (misses, states) in enumerate(nodes):
            speaker = a_speaker(cluster, f"node-{number}", misses=misses, seconds=-600)  # however long a test takes
            for (vrf, neighbor), state in zip(ROUTERS, states, strict=True):
                known = {"speaker": speaker, "cluster": cluster, "node": speaker.node, "vrf": vrf, "neighbor": neighbor}
                if state is not None:
                    known |= {"peer": "tor", "intended": True, "since": now - timedelta(hours=1)} | STATES[state]
                    rows.append(Session(**known))
    Session.objects.bulk_create(rows)


@pytest.fixture
def two(cluster: Cluster) -> dict[int, Cluster]:
    """Two clusters whose nodes and routers have the same names."""
    other = Cluster.objects.create(name="other", connected_at=clock.now(), checked_at=clock.now())
    return {cluster.pk: cluster, other.pk: other}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # rows are written anew for each
@given(fleet=_fleet, filters=_filters, refusing=st.sets(st.sampled_from(["node-0", "node-1"])))
def test_every_session_that_is_not_up_is_in_one_row(
    two: dict[int, Cluster], fleet: Any, filters: Filters, refusing: set[str]
) -> None:
    _write(fleet)
    counts, wanted = Counts.of(filters), filters.apply(sessions()).order_by().exclude(health="up")
    alike = ("cluster_id", "vrf", "neighbor", "health", "reason")
    seen = {row[:-1]: row[-1] for row in wanted.exclude(health__in=UNSEEN).values_list(*alike).annotate(Count("pk"))}
    found: Counter[tuple[Any, ...]] = Counter()
    up = sessions().filter(health__in=["up", "degraded", "orphan"]).values_list("cluster_id", "vrf", "neighbor")
    reached = set(up.order_by())
    wrong = causes(counts, {(min(two), node) for node in refusing})
    for cause, lost in zip(wrong, members(wrong, counts), strict=True):
        assert len(set(lost)) == len(lost) == sum(group.number for group in cause.groups if group.health in DOWN)
        assert cause.kind != "node" or cause.reached == reached.issuperset(group.router for group in cause.groups)
        for group in cause.groups:
            found[group.cluster, group.vrf, group.neighbor, group.health, group.reason] += group.number
    assert found == seen
    message = Finding("asn", Severity.ERROR, "spec.myASN", "", "Refused", "", "", (), nodes=tuple(sorted(refusing)))
    why = [Freeze("lab", message.nodes, (Refusal(min(two), "lab", message),))] if refusing else []
    rows = by_refusal(problems(counts, two, filters, {}, why, redundancy(counts)), why, filters)
    assert sum(row.number for row in rows) == wanted.count()


def test_a_vrf_that_is_missing_stays_a_row_when_the_node_loses_its_other_peers(
    viewer: Client, cluster: Cluster
) -> None:
    lost, whole = a_speaker(cluster, "node-1"), a_speaker(cluster, "node-2")
    for neighbor in ("10.0.0.1", "10.0.0.2"):
        a_session(lost, neighbor, **down(reason="not-connected", cause="Not connected"))
        a_session(whole, neighbor)
    a_session(lost, "10.0.0.3", **down(**VRF_GONE))
    node, vrf = problem_rows(viewer.get("/").text)
    assert node.startswith("2 down node-1")
    assert vrf.startswith("Down red 10.0.0.3")
    assert "The VRF does not exist on this node" in vrf


ABSENT = {"state": "Absent", "reason": "not-configured", "cause": "FRR has no such neighbor"}


@pytest.mark.parametrize(
    ("lost", "title", "words"),
    [
        ([ABSENT] * 4, "4 absent", ["FRR on this node has none of its peers, and other nodes reach them"]),
        ([{}, *[ABSENT] * 3], "4 down", ["This node has lost all of its peers", "1 of them: the hold timer expired"]),
    ],
)
def test_a_node_whose_frr_lacks_its_neighbors_is_one_row(
    viewer: Client, cluster: Cluster, lost: list[dict[str, Any]], title: str, words: list[str]
) -> None:
    """As bgpd that was started without its configuration has it, or a reload that hangs."""
    speaker, whole = a_speaker(cluster, "node-1"), a_speaker(cluster, "node-2")
    for number, columns in enumerate(lost):
        a_session(speaker, f"10.0.0.{number}", **down(**columns))
        a_session(whole, f"10.0.0.{number}")
    assert headline(viewer.get("/").text) == "1 node has no session left; 4 of 8 sessions are down."
    (row,) = problem_rows(viewer.get("/").text)
    assert row.startswith(f"{title} node-1all of its 4 peers")
    assert all(said in row for said in words)


@pytest.mark.parametrize("misses", [1, 3])
def test_a_node_that_is_not_heard_does_not_reach_dead_routers(viewer: Client, cluster: Cluster, misses: int) -> None:
    """Nor does one without their VRF: what other nodes reach somebody has to have seen."""
    nodes = [a_speaker(cluster, f"node-{number}", misses=misses * (number == 2)) for number in range(4)]
    for neighbor in ("10.0.0.1", "10.0.0.2"):
        for speaker in nodes[:2]:
            a_session(speaker, neighbor, vrf="red", **down())
        a_session(nodes[2], neighbor, vrf="red")
        a_session(nodes[3], neighbor, vrf="red", **down(reason="vrf-missing", cause="No such VRF"))
    a_session(nodes[3], "10.0.0.3")
    rows = problem_rows(viewer.get("/").text)
    assert [row.startswith("2 down tor-a 10.0.0.") for row in rows].count(True) == 2
    assert len(rows) == 4, "and the VRF, and the speaker"
    assert not any("lost all" in row for row in rows)


def test_a_node_without_neighbors_is_one_row_beside_the_routers_that_are_dead(viewer: Client, cluster: Cluster) -> None:
    bare, whole = a_speaker(cluster, "node-1"), a_speaker(cluster, "node-2")
    for neighbor in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
        a_session(bare, neighbor, **down(**ABSENT))
        a_session(whole, neighbor, **(down() if neighbor == "10.0.0.3" else {}))
    router, node = problem_rows(viewer.get("/").text)
    assert router.startswith("Down tor-a 10.0.0.3")
    assert node.startswith("3 absent node-1all of its 3 peers")
    assert "FRR on this node has none of its peers: the configuration is not taken over" in node


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (ABSENT, "FRR on this node has none of its peers: the configuration is not taken over"),
        ({}, "This node has lost all of its peers: the hold timer expired"),
    ],
)
def test_a_node_without_peers_stays_one_row_while_nobody_else_is_heard(
    viewer: Client, cluster: Cluster, columns: dict[str, Any], words: str
) -> None:
    """So that an alarm about it does not become others with each poll that another node misses."""
    lost, silent = a_speaker(cluster, "node-1"), a_speaker(cluster, "node-2", misses=1)
    for neighbor in ("10.0.0.1", "10.0.0.2"):
        a_session(lost, neighbor, **down(**columns))
        a_session(silent, neighbor)
    node, speaker = problem_rows(viewer.get("/").text)
    assert words in node
    assert speaker.startswith("2 not answered")


def test_all_silent_nodes_of_a_large_fleet_count(cluster: Cluster) -> None:
    made = [Speaker(cluster=cluster, node=f"node-{number}", pod="speaker", misses=3) for number in range(2_100)]
    rows = Speaker.objects.bulk_create(made, batch_size=500)
    known = {"cluster": cluster, "vrf": "default", "neighbor": "10.0.0.1", "intended": True, "since": clock.now()}
    Session.objects.bulk_create([Session(speaker=row, node=row.node, **known) for row in rows], batch_size=500)
    counts = Counts.of(Filters())
    (row,) = problems(counts, {cluster.pk: cluster}, Filters(), {}, (), redundancy(counts))
    assert (row.number, row.number_of_nodes) == (2_100, 2_100)


def test_neighbors_that_frr_lacks_for_a_refused_configuration_are_no_lost_peers(
    viewer: Client, refusing: Cluster
) -> None:
    speaker, whole = Speaker.objects.get(node="node-0"), Speaker.objects.get(node="node-2")
    for number, columns in enumerate([{}, *[ABSENT] * 3]):
        a_session(speaker, f"10.0.0.{number}", **down(**columns))
        a_session(whole, f"10.0.0.{number}")
    refused, router = problem_rows(viewer.get("/").text)
    assert "3 neighbors not in FRR" in refused
    assert router.startswith("Down tor-a 10.0.0.0")


def test_speakers_that_nobody_polls_in_time_are_one_row_that_asks_for_workers(viewer: Client, cluster: Cluster) -> None:
    for number in range(3):
        a_session(a_speaker(cluster, f"node-{number}", seconds=400))
    (row,) = problem_rows(viewer.get("/").content.decode())
    assert "Not polled in time: is a worker running, and do they keep up?" in str(row)
