"""A node that says what it said before is not compared again; whatever moves on either side is seen at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters.models import Cluster
from intent.sessions import IntendedSession
from speakers.changes import changes
from speakers.models import Session, Speaker, Transition
from tests.speakers.seen import DOWN, UP, after, intended, seen, session, swept
from tests.speakers.seen import cluster as make_cluster

pytestmark = pytest.mark.django_db
ONE = ("default", "10.0.0.1")
_EPOCH = "bgpTimerUpEstablishedEpoch"


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The nodes whose rows were compared with an observation."""
    nodes: list[str] = []

    def counting(speaker: Speaker, *more: Any) -> Any:
        nodes.append(speaker.node)
        return changes(speaker, *more)

    monkeypatch.setattr("speakers.services.changes", counting)
    return nodes


def _look(
    cluster: Cluster, at: float, fields: dict[str, Any], meant: IntendedSession | None = None, node: str = "node-1"
) -> None:
    """FRR's clocks are where they are in each answer."""
    expected = {node: (meant or intended(node),)}
    swept(cluster=cluster, observations=[seen(node, after(at), {ONE: fields})], expected=expected)


def test_from_the_third_look_on_nothing_is_compared(compared: list[str]) -> None:
    cluster, up = make_cluster(), UP | {"hostname": "seen here alone", "portForeign": 179}
    for at in range(6):
        moving = {"bgpTimerLastRead": 1000 + at, _EPOCH: UP[_EPOCH] + at % 2, "portLocal": 40_000 + at}
        # FRR's lib/bfd.c prints how long ago it was, as D:HH:MM:SS.
        moving["peerBfdInfo"] = {"type": "single hop", "status": "Up", "lastUpdate": f"0:00:00:{at:02}"}
        _look(cluster, at, up | moving)
    assert len(compared) == 2
    assert Speaker.objects.get().observed_at == after(5)
    with CaptureQueriesContext(connection) as queries:
        _look(cluster, 6, up | moving)
    assert len([query for query in queries if 'FROM "speakers_session"' in query["sql"]]) == 1


def test_how_long_ago_the_last_reset_was_is_no_news(compared: list[str]) -> None:
    cluster = make_cluster()
    for at in range(6):
        _look(cluster, at, DOWN | {"hostname": "seen here alone", "lastResetTimerMsecs": 60_000 + 1000 * at})
    assert len(compared) == 2


@pytest.mark.parametrize(
    ("fields", "state", "degraded"),
    [
        (DOWN, "Active", ""),
        (UP | {"bgpTimerLastRead": 60_001}, "Established", "Nothing"),  # over two thirds of the hold time
        (UP | {"connectionsEstablished": 2, "connectionsDropped": 1}, "Established", ""),
    ],
)
def test_what_frr_says_otherwise_is_seen_at_once(fields: dict[str, Any], state: str, degraded: str) -> None:
    cluster = make_cluster()
    for at in range(4):
        _look(cluster, at, UP)
    before = Transition.objects.count()
    _look(cluster, 4, fields)
    assert session().state == state
    assert bool(session().degraded) == bool(degraded)
    assert Transition.objects.count() == before + 1


def test_what_is_meant_otherwise_is_seen_at_once() -> None:
    cluster = make_cluster()
    for at in range(4):
        _look(cluster, at, UP)
    _look(cluster, 4, UP, intended("node-1", peer="other"))
    assert session().peer == "other"


def test_what_others_wrote_into_a_row_is_put_right() -> None:
    cluster = make_cluster()
    for at in range(4):
        _look(cluster, at, UP)
    Session.objects.update(state=Session.State.IDLE)
    _look(cluster, 4, UP)
    assert session().state == "Established"


def test_nodes_that_say_the_same_are_not_taken_for_each_other(compared: list[str]) -> None:
    cluster = make_cluster()
    up = UP | {"hostname": "one of two"}
    for at in range(3):
        _look(cluster, at, up)
    _look(cluster, 3, up, node="node-2")
    assert compared[-1] == "node-2"
    assert Session.objects.count() == 2
