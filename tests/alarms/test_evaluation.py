"""An alarm from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from alarms.models import Alarm, Kind, Rule
from clusters.models import Cluster
from speakers.models import Session
from tests.alarms.conftest import Look, firing
from tests.pages.conftest import Browser
from tests.pages.rows import a_session, a_speaker, down

Only = Callable[..., Rule]


def test_rules_stand_after_a_migration(default_rules: None) -> None:
    assert set(Rule.objects.filter(enabled=True).values_list("kind", flat=True)) == set(Kind.values)


def test_what_did_not_last_leaves_no_trace_and_what_does_fires_once(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down", seconds=60)
    session = a_session(a_speaker(cluster), **down(since=timezone.now()))
    look()
    assert Alarm.objects.get().state == "pending"
    Session.objects.update(state="Established")
    look()
    assert not Alarm.objects.exists()
    Session.objects.filter(pk=session.pk).update(**down(since=timezone.now()))
    look()
    assert look(61).changed
    assert not look(62).visible  # nothing is new, so nothing is written
    assert len(firing()) == 1


def test_the_beginning_stays_while_the_state_machine_turns(cluster: Cluster, only: Only, look: Look) -> None:
    only("session-down", seconds=60)
    a_session(a_speaker(cluster), **down())
    look()
    began = Alarm.objects.get().began_at
    Session.objects.update(since=timezone.now())
    look()
    assert Alarm.objects.get().began_at == began


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


def test_no_page_looks_at_rules(browser: Browser, cluster: Cluster) -> None:
    a_session(a_speaker(cluster), **down(since=timezone.now() - timedelta(days=1)))
    page: Client = browser("admin")
    for path in ("/", "/speakers/", "/api/v1/alarms/"):
        assert page.get(path).status_code == 200
    assert not Alarm.objects.exists()
