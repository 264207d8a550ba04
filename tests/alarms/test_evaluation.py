"""An alarm from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection
from django.test import Client
from pytest_django import Settings

from alarms import tasks
from alarms.delivery.body import Change, body_of
from alarms.delivery.words import lines
from alarms.models import Alarm, Inhibition, Kind, Notice, Route, Rule
from clusters import clock
from clusters.models import Cluster
from clusters.words import utc_stamp
from speakers.models import Session, Speaker, Sweep
from tests.alarms.conftest import Look, firing
from tests.pages.conftest import Browser
from tests.pages.rows import a_session, a_speaker, down

Only = Callable[..., Rule]


def test_rules_stand_after_a_migration(default_rules: None) -> None:
    assert set(Rule.objects.filter(enabled=True).values_list("kind", flat=True)) == set(Kind.values)


def test_what_did_not_last_leaves_no_trace_and_what_does_fires_once(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down", seconds=60)
    session = a_session(a_speaker(cluster), **down(since=clock.now()))
    look()
    assert Alarm.objects.get().state == "pending"
    Session.objects.update(state="Established")
    look()
    assert Alarm.objects.get().state == "passed"
    Session.objects.filter(pk=session.pk).update(**down(since=clock.now()))
    look()
    again = Alarm.objects.get()  # the same row, as if it had not been there before
    assert (again.state, again.resolved_at, again.resolution) == ("pending", None, "")
    assert look(61).changed
    assert not look(62).visible  # nothing is new, so nothing is written
    assert len(firing()) == 1


def test_the_beginning_stays_while_the_state_machine_turns(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down", seconds=60)
    a_session(a_speaker(cluster), **down())
    look()
    began = Alarm.objects.get().began_at
    Session.objects.update(since=clock.now())
    look()
    assert Alarm.objects.get().began_at == began


def test_what_nobody_saw_begin_is_said_so_everywhere(
    cluster: Cluster, only: Only, look: Look, browser: Browser
) -> None:
    """It counts from the first look, or FRR's last reset, on."""
    only("session-down", seconds=60)
    a_session(a_speaker(cluster), **down(began_before=True))
    look()
    alarm = Alarm.objects.get()
    viewer, began = browser("viewer"), utc_stamp(alarm.began_at)
    assert "for at least <time" in viewer.get(alarm.get_absolute_url()).text
    assert ">at least <time" in viewer.get("/alarms/").text
    assert viewer.get(f"/api/v1/alarms/{alarm.pk}/").json()["began_before"] is True
    body = body_of("lab", [alarm], [], clock.now(), Change())
    assert f"  since before {began}; rule session-down" in lines(body)
    del body["firing"][0]["began_before"]  # as a notice that waits since an update
    assert f"  since {began}; rule session-down" in lines(body)
    Session.objects.update(began_before=False)
    look()
    assert not Alarm.objects.get().began_before


def test_a_beginning_that_nobody_saw_stays_one_when_its_session_is_back(
    cluster: Cluster, only: Only, look: Look
) -> None:
    only("session-down", seconds=60)
    since = clock.now() - timedelta(hours=2)
    first, _ = (a_session(a_speaker(cluster, node), **down()) for node in ("node-1", "node-2"))
    Session.objects.filter(pk=first.pk).update(since=since, began_before=True)
    look()
    Session.objects.filter(pk=first.pk).update(state="Established", began_before=False)
    look()
    alarm = Alarm.objects.get()
    assert (alarm.sessions, alarm.began_at, alarm.began_before) == (1, since, True)


def test_an_alarm_grows_and_shrinks_and_remembers_its_worst(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down")
    speakers = [a_speaker(cluster, f"node-{index}") for index in range(3)]
    for speaker in speakers:
        a_session(speaker, **down())
    look()
    Session.objects.filter(speaker=speakers[0]).update(state="Established")
    look()
    alarm = Alarm.objects.get()
    assert (alarm.sessions, alarm.worst, alarm.state) == (2, 3, "firing")


def test_a_rule_that_is_off_and_a_cluster_that_is_left_end_their_alarms(
    cluster: Cluster, only: Only, look: Look, settings: Settings
) -> None:
    rule = only("session-down")
    a_session(a_speaker(cluster), **down())
    look()
    rule.enabled = False
    rule.save()
    look()
    assert Alarm.objects.get().resolution == "The rule is switched off or removed."
    rule.enabled = True
    rule.save()
    look()
    settings.BGPUI_CLUSTERS = ()
    look()
    assert Alarm.objects.latest("pk").resolution == "The cluster is not looked after any more."
    assert not firing()


@pytest.mark.parametrize("broken", ["in the look", "in the row"])
def test_a_rule_that_cannot_be_looked_at_keeps_its_alarms_says_so_and_stops_nothing_else(
    cluster: Cluster, only: Only, look: Look, browser: Browser, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    rule = only("few-established", name="Few", number=1, seconds=0, peers=["tor-a"], per="peer")
    a_session(a_speaker(cluster), **down())
    look()
    assert firing() == ["BGPPeer tor-a has 0 established sessions of 1"]
    if broken == "in the look":
        Rule.objects.filter(pk=rule.pk).update(kind="of-another-version")
    else:  # a name that no column has room for; SQLite has room for any that is text
        name = "x" * 100 if connection.vendor == "postgresql" else "\ud800"
        Rule.objects.filter(pk=rule.pk).update(per="vrf", vrfs=[name], peers=[])
        Sweep.objects.create(cluster=cluster, shard=0, began_at=clock.now(), ended_at=clock.now())
    Rule.objects.create(name="Down", kind="session-down", seconds=0)
    for _ in range(2):
        look()
    assert [record.getMessage() for record in caplog.records] == ["rule Few could not be looked at"]
    assert firing() == ["1 session to tor-a 10.0.0.1 down on node-0", "BGPPeer tor-a has 0 established sessions of 1"]
    assert Alarm.objects.get(kind="few-established").blind
    error = Rule.objects.get(pk=rule.pk).error
    assert error.startswith("KeyError: " if broken == "in the look" else ("UnicodeEncodeError: ", "DataError: "))
    if broken == "in the look":
        admin = browser("admin")
        assert "It could not be looked at, and its alarms stay" in admin.get("/alarms/rules/").text
        assert "The last look could not look at this rule" in admin.get(rule.get_absolute_url()).text
        assert admin.get(f"/api/v1/alarm-rules/{rule.pk}/").json()["error"] == error
    Rule.objects.filter(pk=rule.pk).update(kind="few-established", vrfs=[], peers=["tor-a"], per="peer")
    look()
    assert (Rule.objects.get(pk=rule.pk).error, Alarm.objects.get(kind="few-established").blind) == ("", False)


def test_names_that_begin_alike_for_long_are_two_alarms(cluster: Cluster, only: Only, look: Look) -> None:
    """Names of BGPPeers have up to 253 characters, as those of all objects of Kubernetes that are DNS subdomains."""
    only("few-established", number=1, seconds=0)
    speaker = a_speaker(cluster)
    for number in (1, 2):
        a_session(speaker, f"10.0.0.{number}", peer=f"{'x' * 250}-{number}", **down())
    look()
    look()
    assert len(firing()) == 2
    Speaker.objects.update(misses=3)
    look()
    assert Alarm.objects.filter(state="firing", blind=True).count() == 2


def test_what_waits_is_sent_and_heartbeats_beat_whatever_becomes_of_the_look(
    cluster: Cluster, only: Only, route: Callable[..., Route], monkeypatch: pytest.MonkeyPatch
) -> None:
    only("session-down")
    a_session(a_speaker(cluster), **down())
    sent = list[object]()
    monkeypatch.setattr(tasks.beats, "apply_async", lambda told, **_: sent.extend(pk for pk, _ in told[0]))
    monkeypatch.setattr(current_app, "send_task", lambda _name, args, **_: sent.append(args[0]))
    heartbeat, _webhook = route("heartbeat"), route()
    Sweep.objects.create(cluster=cluster, shard=0, began_at=clock.now(), ended_at=clock.now())
    tasks.look()
    notice = Notice.objects.get()
    Inhibition.objects.create(name="of another version", sources=[{"label": "kind"}])
    sent.clear()
    with pytest.raises(KeyError):
        tasks.look()
    assert sent == [notice.pk, heartbeat.pk]


def test_no_page_looks_at_rules(browser: Browser, cluster: Cluster) -> None:
    a_session(a_speaker(cluster), **down(since=clock.now() - timedelta(days=1)))
    page: Client = browser("admin")
    for path in ("/", "/speakers/", "/api/v1/alarms/"):
        assert page.get(path).status_code == 200
    assert not Alarm.objects.exists()
