"""When a notice is written: grouped, after its waits, once, and again when there is something to say."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from alarms.models import Alarm, MaintenanceWindow, Notice, Route, Silence
from clusters import clock
from clusters.models import Cluster
from speakers.models import Session, Speaker
from tests.alarms.conftest import Beats, Only, Routes, recover
from tests.pages.rows import a_session, a_speaker, down


def test_a_first_notice_waits_for_others_and_is_the_only_one(cluster: Cluster, beat: Beats, route: Routes) -> None:
    route(group_wait=30)
    assert beat(0) == []
    a_session(Speaker.objects.get(), "10.0.0.2", peer="tor-b", **down())
    assert beat(20) == []
    (notice,) = beat(30)
    assert (notice.body["number_firing"], notice.alarms.count(), notice.kind) == (2, 2, "news")
    assert notice.title == "[2 new] lab: 1 session to tor-a 10.0.0.1 down on node-0 and 1 more"
    assert beat(31) == []


def test_what_comes_and_goes_is_told_after_the_interval(cluster: Cluster, beat: Beats, route: Routes) -> None:
    route(group_interval=300)
    (first,) = beat(0)
    assert first.body["firing"][0]["title"] == "1 session to tor-a 10.0.0.1 down on node-0"
    other = a_speaker(cluster, "node-1")
    a_session(other, "10.0.0.1")
    a_session(other, "10.0.0.9", peer="tor-z", **down())
    assert beat(10) == []
    (second,) = beat(300)
    assert (second.body["number_firing"], second.body["number_resolved"]) == (2, 0)
    new, _old = second.body["firing"]
    assert (new["peer"], second.body["new"]) == ("tor-z", [new["id"]])
    assert second.title == f"[1 new] lab: {new['title']}; 1 other still fires"
    recover(neighbor="10.0.0.9")
    recover(neighbor="10.0.0.1")
    assert beat(310) == []
    (end,) = beat(600)
    assert (end.body["status"], end.body["number_resolved"]) == ("resolved", 2)
    assert end.title.startswith("[2 over] lab: ")
    assert beat(1000) == []


def test_an_alarm_that_grows_is_told_and_one_that_only_stays_is_repeated(
    cluster: Cluster, beat: Beats, route: Routes
) -> None:
    route(group_interval=10, repeat_interval=3600)
    beat(0)
    a_session(a_speaker(cluster, "node-1"), "10.0.0.1", **down())
    (grown,) = beat(10)
    assert (grown.kind, grown.body["firing"][0]["sessions"]) == ("news", 2)
    assert grown.title == f"[1 grown] lab: {grown.body['firing'][0]['title']}"
    assert beat(3609) == []
    beat.taken = False
    Notice.objects.filter(pk=grown.pk).update(state="waiting")
    assert beat(3610) == []  # as long as the last one waits
    beat.taken = True
    (again,) = beat(3610)
    assert (again.kind, again.title) == ("repeat", grown.title.replace("grown", "still firing"))


def test_what_is_added_below_an_earlier_peak_is_told(cluster: Cluster, beat: Beats, route: Routes) -> None:
    route(group_interval=10)
    for number in (1, 2, 3):
        a_session(a_speaker(cluster, f"node-{number}"), "10.0.0.1", **down())
    beat(0)
    recover(node__in=["node-1", "node-2", "node-3"])
    assert beat(10) == []
    Session.objects.filter(node="node-2").update(**down())
    (grown,) = beat(20)
    assert (grown.kind, grown.body["firing"][0]["sessions"]) == ("news", 2)
    assert beat(30) == []


def test_another_node_of_a_whole_clusters_alarm_is_told_acknowledged_or_not(
    cluster: Cluster, only: Only, route: Routes
) -> None:
    """Who acknowledged that one node is not ready has not seen that another one is not."""
    only("node-not-ready", seconds=0)
    for number in (3, 7):
        a_speaker(cluster, f"worker-{number}")
        cluster.nodes.create(name=f"worker-{number}", uid=f"{number}", ready=number != 3)
    route(group_interval=10, repeat_interval=60)
    beat = Beats()
    beat(0)
    Notice.objects.update(state="sent")
    Alarm.objects.update(acknowledged_at=beat.at(5))
    assert beat(65) == []
    cluster.nodes.filter(name="worker-3").update(ready=True)
    cluster.nodes.filter(name="worker-7").update(ready=False)
    (grown,) = beat(70)
    assert (grown.kind, grown.body["firing"][0]["nodes"]) == ("news", ["worker-7"])
    Notice.objects.update(state="sent")
    (again,) = beat(140)
    assert again.kind == "repeat"
    Alarm.objects.update(acknowledged_at=beat.at(150))
    Notice.objects.update(state="sent")
    assert beat(210) == []


def test_who_acknowledges_is_not_told_again_but_of_the_end(cluster: Cluster, beat: Beats, route: Routes) -> None:
    route(group_interval=0, repeat_interval=60)
    beat(0)
    Alarm.objects.update(acknowledged_at=clock.now())
    assert beat(1000) == []
    recover()
    assert beat(1001)[0].body["status"] == "resolved"


def test_a_route_without_recovery_forgets_quietly(cluster: Cluster, beat: Beats, route: Routes) -> None:
    route(recovery=False, group_interval=0)
    beat(0)
    recover()
    assert beat(1) == []
    assert not Route.objects.get().told_of.exists()


@pytest.mark.parametrize(
    ("matchers", "told"),
    [
        ([], 1), ([{"name": "severity", "op": "=", "value": "critical"}], 0),
        ([{"name": "rule", "op": "=", "value": "session-*"}, {"name": "cluster", "op": "!=", "value": "east"}], 1),
    ],
)  # fmt: skip
def test_a_route_is_told_of_what_matches(beat: Beats, route: Routes, matchers: list[dict[str, str]], told: int) -> None:
    route(matchers=matchers)
    assert len(beat(0)) == told


def test_a_route_with_a_node_is_told_of_alarms_that_have_it_among_others(
    cluster: Cluster, beat: Beats, route: Routes
) -> None:
    route(matchers=[{"name": "node", "op": "=", "value": "node-1"}])
    assert beat(0) == []
    for number in range(1, 3):
        a_session(a_speaker(cluster, f"node-{number}"), "10.0.0.1", **down())
    (notice,) = beat(1)
    assert notice.body["firing"][0]["nodes"] == ["node-0", "node-1", "node-2"]


def test_a_silence_keeps_quiet_and_what_lasts_longer_is_told_after_it(beat: Beats, route: Routes) -> None:
    route(group_interval=0)
    Silence.objects.create(reason="x", starts_at=beat.at(-5), ends_at=beat.at(100))
    assert beat(0) == []
    (late,) = beat(100)
    MaintenanceWindow.objects.create(name="w", reason="x", starts_at=beat.at(101), minutes=5)
    a_session(a_speaker(Cluster.objects.get(), "node-1"), "10.0.0.1", **down())
    assert beat(110) == []
    recover()
    assert beat(120)[0].body["resolved"][0]["id"] == late.body["firing"][0]["id"]  # who was told is told of the end


def test_a_storm_is_one_notice(
    cluster: Cluster, default_rules: None, only: Only, route: Routes, settings: Settings
) -> None:
    """8,000 sessions of 2,000 nodes, all of them down at once, under the rules that stand after a migration."""
    settings.BGPUI_SWEEP_INTERVAL = 120.0  # so many rows take a while, in which they must not grow old
    route(group_wait=30, group_interval=60)
    now = clock.now()
    Speaker.objects.bulk_create(
        [Speaker(cluster=cluster, node=f"n{index}", pod=f"p{index}", observed_at=now) for index in range(2000)]
    )
    Session.objects.bulk_create(
        [
            Session(
                speaker=speaker,
                cluster=cluster,
                node=speaker.node,
                neighbor=f"10.0.0.{router}",
                peer=f"tor-{router}",
                intended=True,
                vrf="default",
                **down(),
            )
            for speaker in Speaker.objects.all()
            for router in range(4)
        ],
        batch_size=1000,
    )
    beat = Beats()
    beat(0)
    told = [notice for second in (20, 40, 200) for notice in beat(second)]
    (notice,) = told
    assert sum(alarm["sessions"] for alarm in notice.body["firing"] if alarm["kind"] == "session-down") == 8000
    assert Alarm.objects.filter(kind="session-down").count() == 4  # one a router
    recover()
    Speaker.objects.update(observed_at=clock.now())  # not later: nobody trusts an answer of a time to come
    (over,) = [notice for second in (210, 220, 290) for notice in beat(second)]
    assert [alarm["kind"] for alarm in over.body["resolved"]].count("session-down") == 4
    assert over.body["number_firing"] == 0


def test_a_route_that_is_off_and_a_heartbeat_are_told_nothing(beat: Beats, route: Routes) -> None:
    route("heartbeat")
    route(enabled=False)
    assert beat(0) == []
