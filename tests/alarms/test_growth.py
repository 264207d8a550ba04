"""What is added to an alarm is told; what was only not seen for a while, and is seen again, is not."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from alarms.models import Alarm, Notice
from clusters.models import Cluster
from speakers.models import Session, Speaker
from tests.alarms.conftest import Beats, Only, Routes, recover
from tests.alarms.test_conditions import fleet, lose
from tests.alarms.test_what_differs import differs
from tests.pages.rows import a_session, a_speaker, down


@pytest.fixture(autouse=True)
def slow_clock(settings: Settings) -> None:
    """However long a test takes, only what it says is late."""
    settings.BGPUI_SWEEP_INTERVAL = 600


def acknowledged(beat: Beats, route: Routes) -> Alarm:
    """The only alarm, told and acknowledged."""
    route(group_interval=1)
    assert len(beat(0)) == 1
    Notice.objects.update(created_at=beat.at(0))
    Alarm.objects.update(acknowledged_at=beat.at(1))
    return Alarm.objects.get()


def is_still(alarm: Alarm, beat: Beats, second: float) -> None:
    """Nothing is told, and the acknowledgement stands."""
    assert beat(second) == []
    alarm.refresh_from_db()
    assert (alarm.state, alarm.looked_after) == ("firing", True)


def miss(number: int, **where: str) -> None:
    """Polls that brought no answer."""
    assert Speaker.objects.filter(**where).update(misses=number)


def misses_once(beat: Beats, alarm: Alarm) -> None:
    """node-1 does not answer for a while, which changes nothing."""
    miss(1, node="node-1")
    is_still(alarm, beat, 2)
    miss(0)
    is_still(alarm, beat, 3)


@pytest.mark.parametrize("misses", [1, 3])
def test_a_router_that_one_node_was_not_seen_to_miss_for_a_while(
    cluster: Cluster, beat: Beats, route: Routes, misses: int
) -> None:
    for number in (1, 2, 3):
        a_session(a_speaker(cluster, f"node-{number}"), "10.0.0.1")
    lose()
    alarm = acknowledged(beat, route)
    miss(misses, node="node-1")
    is_still(alarm, beat, 2)
    miss(misses)
    is_still(alarm, beat, 3)  # as after a restart: nobody is heard,
    miss(0, node="node-2")
    is_still(alarm, beat, 4)  # then some are,
    miss(0)
    is_still(alarm, beat, 5)  # then all
    a_session(a_speaker(cluster, "node-9"), "10.0.0.1", **down())
    (grown,) = beat(6)
    assert grown.kind == "news"


def test_what_is_added_while_a_node_is_silent_for_long_is_told(cluster: Cluster, beat: Beats, route: Routes) -> None:
    a_session(a_speaker(cluster, "gone", misses=9), "10.0.0.1")
    for number in (1, 2, 3):
        a_session(a_speaker(cluster, f"node-{number}"), "10.0.0.1", **down())
    alarm = acknowledged(beat, route)
    recover(node__in=["node-1", "node-2", "node-3"])
    is_still(alarm, beat, 2)
    Session.objects.filter(node__in=["node-1", "node-2"]).update(**down())
    (grown,) = beat(3)
    assert (grown.kind, grown.body["firing"][0]["sessions"]) == ("news", 3)


def test_a_late_node_whose_session_is_up_is_no_session_less(cluster: Cluster, only: Only, route: Routes) -> None:
    only("few-established", number=9, seconds=0, per="peer")
    fleet(cluster, 4, routers=1)
    lose(node="node-0")
    beat = Beats()
    alarm = acknowledged(beat, route)
    assert alarm.sessions == 1
    for second, node in ((2, "node-3"), (4, "node-0")):
        miss(1, node=node)
        is_still(alarm, beat, second)
        miss(0, node=node)
        is_still(alarm, beat, second + 1)
    lose(node="node-3")
    assert len(beat(6)) == 1


def test_a_late_node_with_a_difference_comes_back_as_no_other_one(cluster: Cluster, only: Only, route: Routes) -> None:
    only("prefix-missing", seconds=0)
    rows = [a_session(a_speaker(cluster, f"node-{number}"), peer="tor") for number in range(3)]
    for row in rows[:2]:
        differs(row, "missing", "203.0.113.1/32")
    beat = Beats()
    misses_once(beat, acknowledged(beat, route))
    differs(rows[2], "missing", "203.0.113.1/32")
    assert len(beat(4)) == 1


def test_a_node_that_lost_all_peers_and_falls_silent_is_as_it_was(cluster: Cluster, only: Only, route: Routes) -> None:
    """Whatever else its FRR ran that nothing intends."""
    only("session-down")
    speakers = fleet(cluster, 4)
    a_session(speakers[1], "10.9.9.9", peer="", intended=False)
    lose(node="node-1", intended=True)
    beat = Beats()
    misses_once(beat, acknowledged(beat, route))
    lose(node="node-2")
    assert len(beat(4)) == 1


def test_names_that_were_not_kept_before_are_no_other_nodes(cluster: Cluster, only: Only, route: Routes) -> None:
    """As rows have them from a time when 50 names were kept, and no size."""
    only("node-not-ready", seconds=0)
    for number in range(3):
        a_speaker(cluster, f"worker-{number}")
        cluster.nodes.create(name=f"worker-{number}", uid=f"{number}", ready=False)
    beat = Beats()
    alarm = acknowledged(beat, route)
    Alarm.objects.update(nodes=["worker-0"], known=None)
    is_still(alarm, beat, 2)
    assert alarm.nodes == ["worker-0", "worker-1", "worker-2"]
