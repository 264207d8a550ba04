"""How long a session was up, how often it was lost, and what nobody saw."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from clusters.models import Cluster, NodeEvent
from speakers.history import DAY, MONTH, Span, Uptime, history, unobserved
from speakers.models import Gap, Speaker
from speakers.pods import speakers_sync
from speakers.sweep import Observation
from tests.speakers.seen import DOWN, T0, UP, after, intended, missed, seen, session, swept
from tests.speakers.seen import cluster as make_cluster

ONE = ("default", "10.0.0.1")


@pytest.fixture
def cluster(db: None) -> Cluster:
    return make_cluster()


def write(cluster: Cluster, *observations: Observation) -> None:
    for one in observations:
        swept(cluster=cluster, observations=[one], expected={one.node: [intended(one.node)]})


def look(at: float, facts: dict[str, object] = UP) -> Observation:
    return seen("node-1", after(at), {ONE: facts})


def sums(at: float, reach: timedelta = DAY) -> tuple[int, int, int]:
    found = history(session(), after(at)).uptime(reach)
    return round(found.up), round(found.down), round(found.unknown)


def test_up_and_down_are_counted_from_the_first_look_on(cluster: Cluster) -> None:
    write(cluster, look(0), *(look(at) for at in range(10, 100, 10)), look(100, DOWN), look(110))
    assert sums(120) == (110, 10, 0)
    assert history(session(), after(120)).lost(DAY) == 1


@pytest.mark.parametrize("misses", [True, False], ids=["no answer", "no worker"])
def test_what_nobody_observed_is_neither_up_nor_down(cluster: Cluster, misses: bool) -> None:
    """Whether nodes do not answer, or all workers are away: what counts is when FRR was heard."""
    write(cluster, look(0), look(10))
    if misses:
        write(cluster, *(missed("node-1", after(at)) for at in range(20, 600, 10)))
    assert sums(600) == (10, 0, 590), "not yet heard again"
    write(cluster, look(600), look(610))
    assert sums(620) == (30, 0, 590)
    gap = Gap.objects.get()
    assert (gap.began_at, gap.ended_at) == (after(10), after(600))


def test_a_poll_that_is_missed_once_leaves_no_gap(cluster: Cluster) -> None:
    write(cluster, look(0), missed("node-1", after(10)), look(20))
    assert not Gap.objects.exists()
    assert sums(25) == (25, 0, 0)


def test_a_session_lost_between_two_looks_is_lost_and_flaps_if_it_is_often(
    cluster: Cluster, settings: Settings
) -> None:
    settings.BGPUI_FLAP_COUNT, settings.BGPUI_FLAP_WINDOW = 3, 60
    for number in range(1, 4):
        past = history(session(), after(10 * number)) if number > 1 else None
        assert past is None or not past.flapping
        write(cluster, look(10 * number, UP | {"connectionsEstablished": number, "connectionsDropped": number - 1}))
    write(cluster, look(40, UP | {"connectionsEstablished": 4, "connectionsDropped": 3}))
    past = history(session(), after(45))
    assert (past.flaps, past.flapping, past.lost(MONTH)) == (3, True, 3)
    assert not history(session(), after(95)).flapping, "the window is over"


def test_changes_of_the_pod_are_events_of_the_node(cluster: Cluster) -> None:
    def pods(**facts: object) -> None:
        found = [Speaker(node="node-1", **facts)] if facts else []
        speakers_sync(cluster=cluster, pods=found, nodes=["node-1"])

    pods(pod="a", pod_uid="1")
    pods(pod="a", pod_uid="1", restarts=2)
    pods(pod="b", pod_uid="2")
    pods()
    assert [(one.kind, one.text) for one in NodeEvent.objects.order_by("pk")] == [
        ("frr-restarted", "a: 2 restarts in all"),
        ("frr-replaced", "a → b"),
        ("frr-gone", "b"),
    ]


def test_history_costs_as_many_queries_whatever_happened(
    cluster: Cluster, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    write(cluster, look(0))
    row = session()
    assert row.speaker is not None
    with django_assert_num_queries(3):
        history(row, after(10))
    write(cluster, *(look(at, DOWN if at % 20 else UP) for at in range(10, 900, 10)), look(9000))
    row = session()
    assert row.speaker is not None
    with django_assert_num_queries(3):
        history(row, after(9010))


def test_29_seconds_are_not_rounded_away() -> None:
    assert Uptime(86_371, 29, 0).percent == "99.96 %"
    assert Uptime(86_399.9, 0.1, 0).percent == "99.99 %"
    assert (Uptime(5, 0, 0).percent, Uptime(0, 0, 5).percent) == ("100 %", "not observed")


def _at(second: int) -> datetime:
    return T0 + timedelta(seconds=second)


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True), st.lists(st.integers(0, 1000), unique=True)
)
def test_gaps_take_their_time_from_the_states_and_nothing_else(turns: list[int], edges: list[int]) -> None:
    turns, edges = sorted(turns), sorted(edges[: len(edges) // 2 * 2])
    spans = [
        Span("Established" if number % 2 else "Idle", _at(begin), _at(end))
        for number, (begin, end) in enumerate(pairwise(turns))
    ]
    gaps = list(zip(edges[::2], edges[1::2], strict=True))
    found = unobserved(spans, [(_at(begin), _at(end)) for begin, end in gaps])
    assert [found[0].begin, *(one.end for one in found)] == [one.begin for one in found] + [spans[-1].end]
    for second in range(turns[0], turns[-1]):
        hidden = any(begin <= second < end for begin, end in gaps)
        was = next(one.state for one in spans if one.begin <= _at(second) < one.end)
        now = next(one.state for one in found if one.begin <= _at(second) < one.end)
        assert now == ("Unknown" if hidden else was)
