"""Every address of an alarm says what became of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from pytest_django import Settings

from alarms.delivery.news import compose
from alarms.models import Alarm, Notice
from alarms.retention import alarms_expire
from clusters import clock
from clusters.connecting.services import cluster_remove
from clusters.models import Cluster
from tests.alarms.conftest import Beats, Look, Only, Routes, recover
from tests.pages.conftest import Browser
from tests.pages.rows import a_session, a_speaker, down

SHORT = "It did not last for long enough to fire, so nobody was told."


@pytest.fixture
def passed(cluster: Cluster, only: Only, look: Look) -> Alarm:
    """One that was pending, and is over."""
    only("session-down")
    a_session(a_speaker(cluster), **down(since=clock.now()))
    look()
    made = Alarm.objects.get(state="pending")
    recover()
    look(5)
    return made


def test_one_that_passed_before_it_fired_is_still_at_its_address(passed: Alarm, browser: Browser) -> None:
    viewer, one = browser("editor"), f"/api/v1/alarms/{passed.pk}/"
    page = viewer.get(f"/alarms/{passed.pk}/")
    assert (page.status_code, SHORT in page.text, "Silence it" in page.text) == (200, True, False)
    told = viewer.get(one).json()
    assert (told["state"], told["resolution"], told["fired_at"], told["silenced"]) == ("passed", SHORT, None, "")
    for query, number in (("", 0), ("?state=passed", 1), ("?state=resolved", 0)):
        assert len(viewer.get(f"/api/v1/alarms/{query}").json()["results"]) == number
        assert (f'href="/alarms/{passed.pk}/"' in viewer.get(f"/alarms/{query}").text) is bool(number)


def test_one_without_a_row_says_what_may_have_become_of_it(passed: Alarm, browser: Browser, settings: Settings) -> None:
    settings.BGPUI_TRANSITION_DAYS = 7
    before = clock.now() - timedelta(days=7)
    alarms_expire(before=before)
    assert Alarm.objects.exists()
    Alarm.objects.update(resolved_at=clock.now() - timedelta(hours=25))
    alarms_expire(before=before)
    viewer, why = browser("viewer"), "what is over is kept for 7 days, and what passed before it fired for a day"
    page = viewer.get(f"/alarms/{passed.pk}/")
    assert (page.status_code, why in page.text) == (404, True)
    assert viewer.get(f"/alarms/{passed.pk}/", headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    gone = viewer.get(f"/api/v1/alarms/{passed.pk}/")
    assert (gone.status_code, why in gone.json()["detail"]) == (404, True)


def test_a_cluster_that_is_removed_ends_its_alarms_and_whoever_heard_of_them_is_told(
    cluster: Cluster, beat: Beats, route: Routes, browser: Browser
) -> None:
    Cluster.objects.update(source=Cluster.Source.ADDED, enabled=True)
    cluster.refresh_from_db()
    route(group_interval=0)
    assert len(beat(0)) == 1
    cluster_remove(cluster=cluster, actor=None, source="api")
    (end,) = beat(10)
    (over,) = end.body["resolved"]
    assert over["resolution"] == "The cluster is not looked after any more."
    page = browser("viewer").get(f"/alarms/{over['id']}/")
    assert (page.status_code, "lab, which is removed" in page.text) == (200, True)


def test_every_address_that_pages_and_notices_have_leads_to_an_alarm(
    cluster: Cluster, default_rules: None, look: Look, route: Routes, browser: Browser, settings: Settings
) -> None:
    settings.BGPUI_URL = "http://testserver"
    route(group_interval=0)
    speaker = a_speaker(cluster, "node-1", misses=5, seconds=100)
    cluster.nodes.filter(name="node-1").update(ready=False)
    a_session(speaker)
    for node, lost, since in (("node-0", "10.0.0.2", {}), ("node-2", "10.0.0.3", {"since": clock.now()})):
        speaker = a_speaker(cluster, node)
        a_session(speaker, "10.0.0.9", peer="tor-z")
        a_session(speaker, lost, **down(**since))
    viewer, found = browser("viewer"), set[int]()
    now = clock.now()
    for second in (0, 5, 70, 200):
        look(second)
        compose(now + timedelta(seconds=second))
        texts = [viewer.get(path).text for path in ("/", "/alarms/", "/wall/", "/alarms/notices/")]
        texts += [viewer.get(f"/alarms/{pk}/").text for pk in found]
        texts += [one["url"] for row in Notice.objects.all() for one in (*row.body["firing"], *row.body["resolved"])]
        texts += [f"/alarms/{one['id']}/" for one in viewer.get("/api/v1/alarms/").json()["results"]]
        found |= {int(pk) for text in texts for pk in re.findall(r"/alarms/(\d+)/", text)}
        if second == 0:
            recover(neighbor="10.0.0.3")
        if second == 70:
            recover()
            cluster.nodes.update(ready=True)
        Notice.objects.update(state="sent")
    assert {row.state for row in Alarm.objects.filter(pk__in=found)} >= {"passed", "resolved"}
    for pk in found:
        assert viewer.get(f"/alarms/{pk}/").status_code == 200
        assert viewer.get(f"/api/v1/alarms/{pk}/").status_code == 200
