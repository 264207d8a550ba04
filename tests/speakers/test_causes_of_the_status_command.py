"""`bgpui status` has one line for one shared cause, as the home page has one row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bgpui import status
from bgpui.cli import _cells, _summary
from bgpui.shared import problems
from bgpui.status import Row, Status
from speakers.frr.conditions import condition
from speakers.frr.neighbor import Neighbor

ROUTERS = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
NODES = ("a", "b", "c")
Where = tuple[str, str]  # node, neighbor


def fleet(wrong: dict[Where, tuple[str, str]], *, vrf: str = "default") -> list[Row]:
    """Three nodes with three routers each. wrong: health and reason of those that are not up."""
    rows = []
    for node in NODES:
        for router in ROUTERS:
            health, reason = wrong.get((node, router), ("up", ""))
            rows.append(Row(node, vrf, router, f"tor-{router[-1]}", "", health, reason, f"because {reason}", 64501))
    return rows


def told(rows: list[Row]) -> list[tuple[str, int, list[str]]]:
    """Kind, number of sessions, and nodes of each problem."""
    return [(one.kind, len(one.rows), one.nodes) for one in problems(rows)]


TWO = ROUTERS[:2]
CASES = {
    "a router that is gone, however it looks": (
        {("a", TWO[0]): ("down", "no-answer"), ("b", TWO[0]): ("down", "hold-timer-expired-sent"),
         ("c", TWO[0]): ("down", "no-connection")},
        [("router", 3, ["a", "b", "c"])],
    ),
    "a router that says two different things": (
        {("a", TWO[0]): ("down", "bad-peer-as-sent"), ("b", TWO[0]): ("down", "no-answer")},
        [("router", 1, ["a"]), ("router", 1, ["b"])],
    ),
    "a node that has lost all that others reach": (
        {("a", router): ("down", "interface-down") for router in ROUTERS},
        [("node", 3, ["a"])],
    ),
    "two of them": (
        {(node, router): ("absent", "not-configured") for node in "ab" for router in ROUTERS},
        [("node", 6, ["a", "b"])],
    ),
    "routers that nobody reaches": (
        {(node, router): ("down", "no-answer") for node in NODES for router in TWO},
        [("router", 3, ["a", "b", "c"]), ("router", 3, ["a", "b", "c"])],
    ),
    "routers that nobody reaches, and a node that shall not any more": (
        {(node, router): ("down", "no-answer") for node in "ab" for router in ROUTERS}
        | {("c", router): ("orphan", "no-answer") for router in ROUTERS},
        [("router", 2, ["a", "b"])] * 3 + [("router", 1, ["c"])] * 3,
    ),
    "a VRF that nodes do not have": (
        {(node, router): ("down", "vrf-missing") for node in "ab" for router in ROUTERS},
        [("vrf", 6, ["a", "b"])],
    ),
    "nodes that do not answer": (
        {(node, router): ("unknown", "") for node in "bc" for router in ROUTERS},
        [("speaker", 6, ["b", "c"])],
    ),
    "what one has lost while the others do not answer": (
        {("a", router): ("down", "no-answer") for router in ROUTERS}
        | {(node, router): ("unknown", "") for node in "bc" for router in ROUTERS},
        [("node", 3, ["a"]), ("speaker", 6, ["b", "c"])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_shared_cause_is_one_problem(case: str) -> None:
    wrong, expected = CASES[case]
    assert told(fleet(wrong)) == expected


def test_the_earliest_is_told_and_that_it_may_be_for_longer() -> None:
    """FRR's lastResetTimerMsecs wraps at a day up to 10.6 (bgpd/bgp_vty.c), so that it is the least."""
    at = datetime(2026, 11, 26, tzinfo=UTC)
    down = Neighbor(state="Active", last_reset_ago=60_000)
    up = Neighbor(state="Established", uptime=60_000)
    minute = timedelta(minutes=1)
    for neighbor, since, at_least in (
        (down, at - minute, True), (up, at - minute, False), (Neighbor(state="Idle"), None, True),
        (Neighbor(state="Active", last_reset_ago=2**60), None, True),
    ):  # fmt: skip
        judged = condition(neighbor)
        row = status._row("a", ("default", "10.0.0.1"), neighbor, None, judged, at=at)
        assert (row.since, row.at_least) == (since, at_least)
    rows = fleet({(node, ROUTERS[0]): ("down", "no-answer") for node in NODES})
    for number, row in enumerate(row for row in rows if row.health == "down"):
        object.__setattr__(row, "since", at - number * minute)
    (one,) = problems(rows)
    assert one.since == at - 2 * minute


@pytest.mark.parametrize(
    ("health", "at_least", "words"),
    [("down", True, "at least 1 min"), ("orphan", False, "1 min"), ("degraded", False, "up for 1 min")],
)
def test_what_is_not_whole_is_not_said_to_be_so_since_it_came_up(health: str, at_least: bool, words: str) -> None:
    at = datetime(2026, 11, 26, tzinfo=UTC)
    row = Row("a", "default", "10.0.0.1", "tor", "", health, "", "", None, at - timedelta(minutes=1), at_least)
    (one,) = problems([row])
    assert words in _cells(one, at)


def test_large_numbers_of_the_summary_have_their_commas() -> None:
    row = Row("a", "default", "10.0.0.1", "tor", "", "up", "", "", None)
    said = _summary(Status("frr", "0.15.2", "metallb-system", 2_000, 1_999, [row] * 4_000))
    assert said.startswith("4,000 sessions: 4,000 up; 1,999 of 2,000 nodes answered; ")
