"""What each kind of rule finds, from rows: one alarm a cause, and nothing that is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alarms.models import Alarm, Rule
from clusters import clock
from clusters.models import Cluster
from clusters.observing import observing_write
from speakers.models import Session, Speaker, Sweep, Transition
from tests.alarms.conftest import Look, firing
from tests.pages.rows import a_session, a_speaker, down

Only = Callable[..., Rule]
Browser = Callable[[str], Client]
LONG = timedelta(minutes=6)


def fleet(cluster: Cluster, nodes: int, routers: int = 2) -> list[Speaker]:
    """Nodes with a session that is up to each of some routers."""
    speakers = [a_speaker(cluster, f"node-{index}") for index in range(nodes)]
    for speaker in speakers:
        for router in range(routers):
            a_session(speaker, f"10.0.0.{router + 1}", peer=f"tor-{router + 1}")
    return speakers


def lose(**where: Any) -> int:
    """Sessions go down, six minutes ago."""
    return Session.objects.filter(**where).update(**down())


def test_a_dead_router_is_one_alarm_with_its_numbers(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down")
    fleet(cluster, 4)
    lose(neighbor="10.0.0.1")
    look()
    (alarm,) = Alarm.objects.all()
    assert (alarm.state, alarm.cause_kind, alarm.sessions, alarm.number_of_nodes) == ("firing", "router", 4, 4)
    assert (alarm.peer, alarm.neighbor, alarm.vrf) == ("tor-1", "10.0.0.1", "default")
    assert alarm.title == "4 sessions to tor-1 10.0.0.1 down on 4 nodes"
    assert ["4 sessions", "The hold timer expired"] in alarm.evidence
    assert clock.now() - alarm.began_at >= LONG


def test_what_routers_say_is_one_bounded_line(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down")
    a_session(a_speaker(cluster), vrf="a\nb", **down(cause="one\n*two*\r" + "x" * 250))
    look()
    (alarm,) = Alarm.objects.all()
    assert not any(character in alarm.title + alarm.cause for character in "\r\n")


def test_a_node_that_lost_all_peers_is_one_and_a_missing_vrf_another(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down")
    speakers = fleet(cluster, 4)
    lose(speaker=speakers[0])
    for speaker in speakers[:2]:
        a_session(speaker, "10.9.0.1", vrf="red", peer="red", **down(reason="vrf-missing", cause="The VRF is missing"))
    look()
    assert firing() == ["VRF red is missing on 2 nodes: 2 sessions down", "node-0 lost all peers: 2 sessions down"]
    assert Alarm.objects.get(cause_kind="node").nodes == ["node-0"]


def test_alarms_name_all_of_their_nodes(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down")
    speakers = fleet(cluster, 60, routers=3)
    names = sorted(speaker.node for speaker in speakers)
    lose(neighbor="10.0.0.1")
    lose(neighbor="10.0.0.2", node__in=["node-3", "node-30"])
    lose(node="node-7")
    a_session(speakers[1], "10.9.0.1", vrf="red", peer="red", **down(reason="vrf-missing"))
    a_session(speakers[9], "10.9.0.1", vrf="red", peer="red", **down(reason="vrf-missing"))
    a_session(speakers[9], "10.9.0.2", vrf="red", peer="red", **down(reason="vrf-missing"))
    look()
    found = {(one.cause_kind, one.vrf, one.neighbor): one for one in Alarm.objects.all()}
    assert {key: one.nodes for key, one in found.items()} == {
        ("router", "default", "10.0.0.1"): names,
        ("router", "default", "10.0.0.2"): ["node-3", "node-30"],
        ("node", "", ""): ["node-7"],
        ("vrf", "red", ""): ["node-1", "node-9"],
    }
    assert all(one.number_of_nodes == len(one.nodes) for one in found.values())


def test_a_node_whose_frr_lacks_its_neighbors_is_one_alarm(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down")
    speakers = fleet(cluster, 3)
    Session.objects.filter(speaker=speakers[0]).update(**down(state="Absent", reason="not-configured"))
    look()
    assert firing() == ["node-0 lost all peers: 2 sessions down"]


@pytest.mark.parametrize(
    ("scope", "fires"),
    [
        ({}, True), ({"clusters": ["lab"]}, True), ({"clusters": ["la*"]}, True), ({"clusters": ["LA*"]}, False),
        ({"clusters": ["other"]}, False), ({"nodes": ["node-1"]}, True), ({"nodes": ["node-9*"]}, False),
        ({"peers": ["tor-2", "tor-1"]}, True), ({"peers": ["tor-2"]}, False), ({"vrfs": ["default"]}, True),
        ({"vrfs": ["red"]}, False), ({"vrfs": ["*"]}, True),
    ],
)  # fmt: skip
def test_a_rule_counts_where_it_says(
    cluster: Cluster, only: Only, look: Look, scope: dict[str, list[str]], fires: bool
) -> None:
    only("session-down", **scope)
    fleet(cluster, 3)
    lose(neighbor="10.0.0.1")
    look()
    assert bool(firing()) is fires


def test_what_is_not_seen_any_more_is_not_over(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down")
    fleet(cluster, 1)
    lose(neighbor="10.0.0.1")
    look()
    Speaker.objects.update(misses=3)
    look()
    alarm = Alarm.objects.get()
    assert (alarm.state, alarm.blind) == ("firing", True)
    Speaker.objects.update(misses=0, observed_at=clock.now())
    Session.objects.update(state="Established")
    look()
    alarm.refresh_from_db()
    assert (alarm.state, alarm.blind, alarm.resolution) == ("resolved", False, "The rule does not hold any more.")


def test_a_node_that_fell_silent_after_it_lost_all_peers_keeps_its_alarm(
    cluster: Cluster, only: Only, look: Look
) -> None:
    only("session-down")
    fleet(cluster, 5)
    lose(node__in=["node-1", "node-2"])
    look()
    Speaker.objects.filter(node="node-1").update(misses=3)
    look()
    alarm = Alarm.objects.get()
    assert (alarm.nodes, alarm.number_of_nodes, alarm.sessions, alarm.blind) == (["node-1", "node-2"], 2, 4, True)
    assert alarm.grown_at is None
    Session.objects.filter(node="node-2").update(state="Established", reason="")
    look()
    alarm.refresh_from_db()
    assert (alarm.state, alarm.nodes, alarm.blind) == ("firing", ["node-1"], True)
    assert alarm.title == "node-1 lost all peers: 2 sessions down"
    assert ["2 sessions", "Not seen any more, on node-1"] in alarm.evidence
    Speaker.objects.update(misses=0, observed_at=clock.now())
    look()
    alarm.refresh_from_db()
    assert (alarm.state, alarm.nodes, alarm.blind, alarm.grown_at) == ("firing", ["node-1"], False, None)
    Session.objects.update(state="Established", reason="")
    look()
    alarm.refresh_from_db()
    assert alarm.state == "resolved"


def test_sessions_that_nobody_sees_are_one_alarm_a_cluster(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-unknown", seconds=300)
    fleet(cluster, 3)
    Speaker.objects.exclude(node="node-2").update(
        misses=3, error="exec: timed out", observed_at=clock.now() - timedelta(seconds=250)
    )
    look()
    assert not firing()
    look(60)
    (alarm,) = Alarm.objects.all()
    assert (alarm.state, alarm.sessions, alarm.nodes) == ("firing", 6, ["node-0", "node-1", "node-2"])
    assert "not polled in time" in str(alarm.evidence)  # node-2, of which no poll failed
    cluster.mode = "native"  # MetalLB's native mode runs no FRR that could be asked
    cluster.save()
    assert observing_write(cluster)
    look(60)
    assert not firing()


def test_drops_within_the_window_count_and_nothing_else_does(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-flapping", number=3, window=600, seconds=0)
    (speaker, other) = fleet(cluster, 2)
    session = Session.objects.get(speaker=speaker, neighbor="10.0.0.1")
    now = clock.now()

    def line(minutes: float, old: str, new: str, **more: Any) -> None:
        where = {"session": session, "cluster": cluster, "node": "node-0", "vrf": "default", "neighbor": "10.0.0.1"}
        at = now - timedelta(minutes=minutes)
        Transition.objects.create(**where, peer="tor-1", at=at, old_state=old, new_state=new, **more)

    line(20, "Established", "Idle")  # too long ago
    line(5, "Established", "Idle")
    line(4, "Idle", "Established")
    line(3, "Established", "Established")  # became degraded
    line(2, "Established", "Established", evidence={"connectionsDropped": 4})
    look()
    assert not firing()
    line(1, "Established", "Connect", cause="The hold timer expired")
    look()
    assert firing() == ["1 session to tor-1 10.0.0.1 flapping on node-0"]
    look(600)
    assert not firing()
    assert other.node not in Alarm.objects.get().nodes


@pytest.mark.parametrize(("per", "name"), [("peer", "tor-1"), ("vrf", "default")])
def test_too_few_counts_what_is_surely_not_up(cluster: Cluster, only: Only, look: Look, per: str, name: str) -> None:
    only("few-established", per=per, number=2, seconds=0)
    speakers = fleet(cluster, 3, routers=1)
    lose(speaker=speakers[0])
    look()
    assert not Alarm.objects.exists()  # two are up
    Speaker.objects.filter(pk=speakers[1].pk).update(misses=3)
    look()
    assert not Alarm.objects.exists()  # one is up, and one is not known
    lose(speaker=speakers[1])
    Speaker.objects.update(misses=0, observed_at=clock.now())
    look()
    (alarm,) = Alarm.objects.all()
    assert alarm.title.endswith(f"{name} has 1 established session of 3")
    Speaker.objects.filter(pk=speakers[1].pk).update(misses=3)
    look()
    alarm.refresh_from_db()
    assert (alarm.state, alarm.blind) == ("firing", True)


@pytest.mark.parametrize(
    ("names", "fires"),
    [
        ({"peers": ["tor-1"]}, True), ({"peers": ["tor-1"], "clusters": ["lab"]}, True),
        ({"vrfs": ["default"], "per": "vrf"}, True), ({"peers": ["tor*"]}, False), ({}, False),
        ({"peers": ["tor-1"], "clusters": ["l*"]}, False), ({"vrfs": ["default"]}, False),
    ],
)  # fmt: skip
def test_what_a_rule_names_has_too_few_when_none_is_intended(
    cluster: Cluster, only: Only, look: Look, browser: Browser, *, names: dict[str, Any], fires: bool
) -> None:
    only("few-established", number=1, seconds=0, **names)
    look()
    assert not Alarm.objects.exists()  # nobody has looked yet
    fleet(cluster, 2, routers=1)
    now = clock.now()
    Sweep.objects.create(cluster=cluster, shard=0, began_at=now, ended_at=now)
    lose()
    look()
    assert len(firing()) == 1
    Session.objects.all().delete()
    look()
    assert bool(firing()) is fires
    if fires:
        alarm = Alarm.objects.get()
        assert alarm.title.endswith("has 0 established sessions of 0")
        assert alarm.cause.startswith("No session is intended")
        assert "No session is intended" in browser("viewer").get(alarm.get_absolute_url()).text


def test_a_name_that_one_of_several_clusters_does_not_have_is_not_missed_there(
    cluster: Cluster, only: Only, look: Look
) -> None:
    Cluster.objects.create(name="other", source="added")
    now = clock.now()
    for one in Cluster.objects.all():
        Sweep.objects.create(cluster=one, shard=0, began_at=now, ended_at=now)
    rule = only("few-established", number=1, seconds=0, peers=["tor-1"])
    look()
    assert not firing()
    rule.clusters = ["other"]
    rule.save()
    look()
    assert [alarm.cluster.name for alarm in Alarm.objects.all()] == ["other"]


def test_nodes_that_keep_their_old_configuration_are_one_alarm(refusing: Cluster, only: Only, look: Look) -> None:
    rule = only("configuration-stale", seconds=0)
    look()
    (alarm,) = Alarm.objects.all()
    assert (alarm.state, alarm.title) == ("firing", "node-0 keeps its old configuration")
    assert "myASN" in str(alarm.evidence)
    rule.nodes = ["node-1"]
    rule.save()
    look()
    assert not firing()


def test_all_sessions_of_thousands_cost_as_many_queries_as_few(cluster: Cluster, look: Look) -> None:
    """The rules that stand after a migration, on a fleet of which everything is down."""

    def queries() -> int:
        Alarm.objects.all().delete()
        with CaptureQueriesContext(connection) as seen:
            look()
        assert Alarm.objects.filter(state="firing").exists()
        return len(seen)

    fleet(cluster, 3)
    lose()
    few = queries()
    for index in range(3, 60):
        speaker = a_speaker(cluster, f"node-{index}")
        a_session(speaker, "10.0.0.1", peer="tor-1", **down())
        a_session(speaker, "10.0.0.2", peer="tor-2", **down())
    assert queries() <= few + 1  # nodes are looked at one by one while they are few
