"""Since when a session is in its state: exact only if somebody looked when that began, or FRR says it."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from clusters.models import Cluster
from speakers.models import Gap, Session, Transition
from speakers.reports import Report
from speakers.sweep import Observation
from tests.speakers.seen import DOWN, T0, UP, after, intended, missed, seen, session, swept
from tests.speakers.seen import cluster as make_cluster

pytestmark = pytest.mark.django_db
ONE, TWO = ("default", "10.0.0.1"), ("default", "10.0.0.2")
HOUR = 3600


@pytest.fixture
def cluster() -> Cluster:
    return make_cluster()


def look(cluster: Cluster, *observations: Observation) -> tuple[datetime, bool]:
    """Since when the session is so afterwards, and whether it may be for longer."""
    for one in observations:
        swept(cluster=cluster, observations=[one], expected={one.node: [intended(one.node)]})
    return session().since, session().began_before


def told(at: float, fields: dict[str, Any]) -> Observation:
    return seen("node-1", after(at), {ONE: fields})


@pytest.mark.parametrize(
    ("fields", "since"),
    [
        (DOWN, T0),
        # FRR bgpd/bgp_vty.c: since the last reset, modulo a day up to 10.6; absent if there was none.
        (DOWN | {"lastResetTimerMsecs": 3 * HOUR * 1000}, after(-3 * HOUR)),
        (DOWN | {"lastResetTimerMsecs": -1}, T0),
        (DOWN | {"lastResetTimerMsecs": 2**60}, T0),
    ],
)
def test_what_is_down_at_the_first_look_began_before(cluster: Cluster, fields: dict[str, Any], since: datetime) -> None:
    assert look(cluster, told(0, fields)) == (since, True)
    assert look(cluster, told(10, fields | {"bgpState": "Connect"})) == (since, True)


def test_what_frr_does_not_have_at_the_first_look_began_before(cluster: Cluster) -> None:
    assert look(cluster, seen("node-1", T0, {})) == (T0, True)


def test_a_change_between_two_looks_has_its_time(cluster: Cluster) -> None:
    reset = {"lastResetTimerMsecs": 5000}
    assert look(cluster, told(0, DOWN | reset), told(10, UP)) == (after(-600), False), "FRR says since when it is up"
    assert look(cluster, missed("node-1", after(20)), told(30, DOWN | reset)) == (after(30), False)


def test_what_changed_while_nobody_looked_began_before(cluster: Cluster) -> None:
    """FRR bgpd/bgp_fsm.c sets the time of the last reset where an Established session ends."""
    look(cluster, told(0, UP), missed("node-1", after(10)))
    assert look(cluster, told(600, DOWN | {"lastResetTimerMsecs": 400_000})) == (after(200), True)


def test_a_neighbor_that_is_new_on_a_node_that_is_watched_has_its_time(cluster: Cluster) -> None:
    look(cluster, told(0, UP))
    swept(cluster=cluster, observations=[seen("node-1", after(10), {ONE: UP, TWO: DOWN})], expected={})
    new = session(neighbor=TWO[1])
    assert (new.since, new.began_before) == (after(10), False)


def test_what_is_only_reported_began_before_it_was_reported_first(cluster: Cluster) -> None:
    """A BGPSessionState has no time of its own (frr-k8s api/v1beta1): up or down, it was so before."""

    def reported(at: float, *states: str) -> Observation:
        reports = tuple(Report(*ONE, state, "", after(at)) for state in states)
        return Observation("node-1", after(at), reports=reports, source="status")

    assert look(cluster, reported(0), reported(10, "Established")) == (after(10), True)
    assert look(cluster, reported(20, "Idle")) == (after(20), False)


def test_a_session_that_was_up_and_is_down_again_is_so_since_the_second_loss(cluster: Cluster) -> None:
    """FRR bgpd/bgp_fsm.c counts `connectionsEstablished` up with each time that a session comes up."""
    look(cluster, told(0, UP), told(10, DOWN))
    again = DOWN | {"connectionsEstablished": 2, "connectionsDropped": 2}
    assert look(cluster, told(20, again)) == (after(20), False)
    third = again | {"connectionsEstablished": 3, "lastResetTimerMsecs": 60_000}
    assert look(cluster, missed("node-1", after(30)), told(600, third)) == (after(540), True)
    restarted = third | {"connectionsEstablished": 0, "lastResetTimerMsecs": 5000}
    assert look(cluster, told(610, restarted)) == (after(540), True)


@pytest.mark.parametrize(
    ("old", "gap", "before"),
    [
        ("Established", False, False),
        ("Established", True, True),  # as after an outage of the workers
        ("Unknown", False, True),
        ("", False, True),
    ],
)
def test_rows_of_older_releases_are_exact_only_if_somebody_looked(
    cluster: Cluster, old: str, *, gap: bool, before: bool
) -> None:
    look(cluster, told(0, UP), told(10, DOWN))
    Transition.objects.filter(new_state="Active").update(old_state=old)
    if gap:
        Gap.objects.create(cluster=cluster, node="node-1", began_at=T0, ended_at=after(10))
    Session.objects.update(began_before=False)
    import_module("speakers.migrations.0010_began_before").mark(apps, None)
    assert session().began_before == before
