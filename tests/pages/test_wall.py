"""The wall, and the count in every page's title."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from alarms.models import Alarm, Rule
from clusters import clock
from clusters.models import Cluster
from speakers.counters.keeping import fleet_write
from tests.fleet import fleet
from tests.pages.conftest import Browser
from tests.pages.rows import a_session, a_speaker, down


def an_alarm(cluster: Cluster, title: str = "3 sessions to tor-a down") -> Alarm:
    rule, _made = Rule.objects.get_or_create(name="down", kind="session-down", severity="critical")
    at = clock.now() - timedelta(minutes=5)
    columns = {"kind": rule.kind, "severity": rule.severity, "key": title, "began_at": at, "fired_at": at}
    return Alarm.objects.create(rule=rule, rule_name=rule.name, cluster=cluster, title=title, state="firing", **columns)


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_each_vrf_has_a_tile_with_trouble_first_and_each_cause_and_alarm_a_line(
    viewer: Client, cluster: Cluster
) -> None:
    one, two = a_speaker(cluster), a_speaker(cluster, "node-1", misses=3)
    a_session(one)
    a_session(one, "10.0.0.2", vrf="red", peer="edge", **down())
    a_session(two, "10.0.0.3", vrf="blue", peer="far")
    an_alarm(cluster)
    fleet_write(cluster, clock.now())
    page = viewer.get("/wall/").text
    tiles = re.findall(r'<li class="tile" data-h="(\w+)">(.*?)</li>', page, re.DOTALL)
    assert [health for health, _ in tiles] == ["down", "unknown", "up"]
    told = [words(text) for _, text in tiles]
    assert "red 1 down 0 up of 1 · for 6 min" in told[0]
    assert "blue 1 unknown 0 up, 1 unknown of 1" in told[1]
    assert "default 1 up 1 up of 1 · for 2 d" in told[2]
    assert 'aria-label="Sessions up: 1, steady"' in tiles[2][1]
    lines = words(page)
    assert "2 causes" in lines
    assert "edge 10.0.0.2 on node-0, VRF red The hold timer expired 6 min" in lines
    assert "1 alarm firing critical 3 sessions to tor-a down 5 min" in lines
    assert "<title>(2) Wall · bgpui</title>" in page
    assert 'rel="icon" href="/static/img/down.svg"' in page
    part = viewer.get("/wall/", headers={"HX-Request": "true", "HX-Target": "wall"}).text
    assert part.strip().startswith('<div id="wall"')
    assert "/events/" in page
    assert all(f"sse:{event}" in part for event in ("sweep", "sessions", "resources", "alarms"))


def test_degraded_sessions_are_counted_apart_as_everywhere(viewer: Client, cluster: Cluster) -> None:
    speaker = a_speaker(cluster)
    a_session(speaker)
    a_session(speaker, "10.0.0.2", degraded="BFD says that the path is down")
    (tile,) = re.findall(r'<li class="tile" data-h="degraded">(.*?)</li>', viewer.get("/wall/").text, re.DOTALL)
    assert "default 1 degraded 1 up, 1 degraded of 2" in words(tile)
    (part,) = viewer.get("/api/v1/overview/").json()["vrfs"]
    assert [part[name] for name in ("up", "degraded", "down", "unknown", "total")] == [1, 1, 0, 0, 2]


def test_the_wall_needs_no_hand_and_gives_none(viewer: Client, cluster: Cluster) -> None:
    a_session(a_speaker(cluster), **down())
    part = viewer.get("/wall/", headers={"HX-Request": "true", "HX-Target": "wall"}).text
    assert not re.search(r"<(form|button|input|select|details|a)\b", part)


def test_the_wall_says_that_it_is_blind_instead_of_what_was(viewer: Client, cluster: Cluster) -> None:
    a_session(a_speaker(cluster, seconds=3600))
    page = words(viewer.get("/wall/").text)
    assert "The state is not known: nothing was observed for 1 h." in page
    assert "1 unknown 0 up, 1 unknown of 1" in page


@pytest.mark.parametrize("path", ["/wall/", "/api/v1/overview/"])
def test_a_large_fleet_costs_as_many_queries_as_a_small_one(viewer: Client, cluster: Cluster, path: str) -> None:
    counts = []
    for number, into in ((4, cluster), (200, None)):
        fleet(number, down_every=3, cluster=into)
        with CaptureQueriesContext(connection) as queries:
            assert viewer.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 45, counts


def test_rest_tells_the_same(browser: Browser, cluster: Cluster) -> None:
    speaker = a_speaker(cluster)
    a_session(speaker)
    a_session(speaker, "10.0.0.2", vrf="red", **down())
    an_alarm(cluster)
    browser("viewer")
    api = APIClient()
    api.force_authenticate(User.objects.get(username="a-viewer"))
    told = api.get("/api/v1/overview/?cluster=lab").json()
    assert (told["state"], told["causes"], told["alarms"]) == ("live", 1, 1)
    assert told["sentence"] == "1 node has no session left in VRF red; 1 of 2 sessions is down."
    keys = ("cluster", "vrf", "health", "up", "down", "unknown", "total")
    assert [tuple(one[key] for key in keys) for one in told["vrfs"]] == [
        ("lab", "red", "down", 0, 1, 0, 1),
        ("lab", "default", "up", 1, 0, 0, 1),
    ]
    assert api.get("/api/v1/overview/?cluster=none").status_code == 400


@pytest.mark.parametrize("path", ["/peers/", "/nodes/", "/sessions/{session}/", "/timeline/", "/topology/", "/alarms/"])
def test_every_page_carries_the_number_of_alarms_that_fire(viewer: Client, cluster: Cluster, path: str) -> None:
    session = a_session(a_speaker(cluster)).pk
    calm = viewer.get(path.format(session=session)).text
    assert "<title>(" not in calm
    assert 'rel="icon" href="/static/img/up.svg"' in calm
    an_alarm(cluster)
    an_alarm(cluster, "Another one")
    page = viewer.get(path.format(session=session)).text
    assert "<title>(2) " in page
    assert 'rel="icon" href="/static/img/down.svg"' in page
    assert 'id="standing" data-problems="2"' in page
    assert 'data-problems="2"' in viewer.get("/alarms/standing/").text


def test_who_may_not_see_alarms_is_told_no_number(browser: Browser, cluster: Cluster) -> None:
    an_alarm(cluster)
    assert "<title>(" not in browser("").get("/tokens/").text
