"""Health is computed when it is read: what nobody has looked at lately is not up, not down and not zero."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from clusters.models import Cluster
from speakers import selectors
from speakers.models import Session, Speaker, Transition
from tests.speakers.seen import T0, after, cluster, speaker
from tests.stores.clock import StandingClocks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _interval(settings: Settings) -> None:
    settings.BGPUI_SWEEP_INTERVAL = 10.0
    settings.BGPUI_EXEC_TIMEOUT = 5.0


def add(owner: Cluster, heard: Speaker, **values: Any) -> Session:
    values = {"neighbor": "10.0.0.1", "state": "Established", "intended": True, "peer": "tor", "since": T0} | values
    return Session.objects.create(speaker=heard, cluster=owner, node=heard.node, **values)


def health(at: float) -> str:
    return selectors.sessions(now=after(at)).get().health


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "up"),
        ({"degraded": "BFD is down"}, "degraded"),
        ({"state": "Active"}, "down"),
        ({"state": "Idle"}, "down"),
        ({"state": "Clearing"}, "down"),
        ({"state": "Absent"}, "absent"),
        ({"state": "Unknown"}, "unknown"),
        ({"intended": False}, "orphan"),
        ({"intended": False, "state": "Active"}, "orphan"),
        ({"intended": False, "degraded": "silent"}, "orphan"),
    ],
)
def test_the_word_for_what_was_just_seen(values: dict[str, Any], expected: str) -> None:
    owner = cluster()
    add(owner, speaker(owner, "node-1", observed_at=T0, attempted_at=T0), **values)
    assert health(1) == expected


@pytest.mark.parametrize(
    ("misses", "age", "expected"),
    [
        (0, 0, "up"),
        (0, 15, "up"),  # the next poll may take its whole time limit
        (0, 16, "late"),
        (0, 35, "late"),
        (0, 36, "unknown"),
        (1, 10, "late"),
        (2, 20, "late"),
        (3, 21, "unknown"),
    ],
)
def test_one_missed_poll_is_late_and_three_are_unknown(misses: int, age: float, expected: str) -> None:
    owner = cluster()
    add(owner, speaker(owner, "node-1", observed_at=T0, attempted_at=T0, misses=misses))
    assert health(age) == expected


def test_pages_grey_by_themselves_when_nothing_sweeps_any_more(clocks: StandingClocks) -> None:
    owner = cluster()
    add(owner, speaker(owner, "node-1", observed_at=T0, attempted_at=T0))
    words = []
    for seconds in range(0, 50, 10):
        clocks.stand(after(seconds))
        words.append((selectors.sessions().get().health, selectors.freshness().state))
    assert words == [("up", "live"), ("up", "live"), ("late", "late"), ("late", "late"), ("unknown", "stale")]


def test_an_answer_of_a_time_that_is_still_to_come_is_not_fresh(clocks: StandingClocks) -> None:
    """The database's clock was set back since."""
    clocks.stand(T0)
    owner = cluster()
    add(owner, speaker(owner, "node-1", observed_at=after(11), attempted_at=after(11)))
    fresh = selectors.freshness(now=T0)
    assert (health(0), fresh.state, fresh.observed_at) == ("unknown", "stale", None)
    assert selectors.speakers(now=T0).get().freshness == "unknown"
    assert Speaker.objects.filter(selectors.not_live(T0)).exists()
    assert health(1) == "up", "clocks of processes may differ a little"
    speaker(owner, "node-2", observed_at=T0)
    fresh = selectors.freshness(now=T0)
    assert (fresh.state, fresh.observed_at, fresh.answered) == ("live", T0, 1)
    clocks.stand(after(20))
    assert selectors.sessions(now=T0).get().health == "up", "heard while somebody looked, who began before"


def test_a_node_that_was_never_heard_is_unknown() -> None:
    owner = cluster()
    add(owner, speaker(owner, "node-1"), state="Established")
    assert health(0) == "unknown"
    assert selectors.freshness(now=T0).state == "never"


def test_counts_are_complete_and_take_one_query() -> None:
    owner = cluster()
    heard = speaker(owner, "node-1", observed_at=T0)
    for number, state in enumerate(("Established", "Established", "Active", "Absent")):
        add(owner, heard, neighbor=f"10.0.0.{number}", state=state)
    with CaptureQueriesContext(connection) as queries:
        counts = selectors.health_counts(selectors.sessions(cluster=owner, now=T0))
    assert len(queries) == 1
    assert counts == {"down": 1, "absent": 1, "degraded": 0, "unknown": 0, "late": 0, "orphan": 0, "up": 2}
    assert list(counts) == list(selectors.HEALTH)


def test_peers_count_their_sessions_in_one_query() -> None:
    owner = cluster()
    heard = speaker(owner, "node-1", observed_at=T0)
    add(owner, heard)
    add(owner, heard, neighbor="10.0.0.2", state="Idle")
    add(owner, heard, neighbor="10.0.0.3", peer="", intended=False)
    with CaptureQueriesContext(connection) as queries:
        counts = selectors.counts_by_peer(selectors.sessions(now=T0))
    assert len(queries) == 1
    assert list(counts) == [(owner.pk, "tor")]
    assert (counts[owner.pk, "tor"]["up"], counts[owner.pk, "tor"]["down"]) == (1, 1)


def test_the_freshness_of_speakers() -> None:
    owner = cluster()
    speaker(owner, "live", observed_at=T0)
    speaker(owner, "late", observed_at=T0, misses=1)
    speaker(owner, "unknown", observed_at=after(-60))
    Speaker.objects.create(cluster=owner, node="absent", observed_at=T0)
    assert {row.node: row.freshness for row in selectors.speakers(now=T0)} == {
        word: word for word in ("live", "late", "unknown", "absent")
    }
    fresh = selectors.freshness(cluster=owner, now=T0)
    assert (fresh.observed_at, fresh.total, fresh.answered, fresh.state) == (T0, 4, 1, "live")


def test_the_newest_changes_come_first() -> None:
    owner = cluster()
    row = add(owner, speaker(owner, "node-1"))
    for number in range(5):
        Transition.objects.create(session=row, cluster=owner, node="node-1", vrf="default", neighbor="10.0.0.1",
                                  at=after(10 * number), new_state=str(number))  # fmt: skip
    assert [t.new_state for t in selectors.transitions(row, after(25), 50)] == ["4", "3"]
    assert [t.new_state for t in selectors.transitions(row, after(-1), 4)] == ["4", "3", "2", "1"]
