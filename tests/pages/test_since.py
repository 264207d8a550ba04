"""Since when: what nobody saw begin is never said to have begun when it was first looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters import clock
from clusters.models import Cluster
from clusters.words import utc_words
from peers.models import BGPPeer
from speakers.models import Session
from tests.pages.rows import a_peer, a_session, a_speaker, down
from tests.pages.test_home import problem_rows, words


@pytest.fixture
def since() -> datetime:
    return timezone.now() - timedelta(minutes=6, seconds=2)


@pytest.fixture
def peer(cluster: Cluster, since: datetime) -> BGPPeer:
    """Of two nodes, whose sessions were down at the first look; a third one is up."""
    peer = a_peer(cluster)
    for node in ("node-0", "node-1"):
        speaker = a_speaker(cluster, node)
        a_session(speaker, **down(since=since, began_before=True))
        a_session(speaker, "10.0.0.2", peer="tor-b")
    return peer


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ([False, False], "both in the same second"),
        ([True, True], "both began before bgpui looked"),
        ([True, True, True], "all 3 began before bgpui looked"),
        ([True, False, False], "1 of them began before bgpui looked"),
        ([True], "began before bgpui looked"),
        ([False], ""),
    ],
)
def test_a_row_tells_what_nobody_saw_begin_and_makes_nothing_of_its_time(
    viewer: Client, cluster: Cluster, since: datetime, seen: list[bool], said: str
) -> None:
    for number, before in enumerate(seen):
        a_session(a_speaker(cluster, f"node-{number}"), **down(since=since, began_before=before))
    page = viewer.get("/").text
    (row,) = problem_rows(page)
    assert ("at least 6 min" in row) == any(seen)
    assert said in row
    assert ("same second" in row) == ("same second" in said)
    assert (f"since before {utc_words(since)}" in page) == any(seen), "as the ticket has it"
    (problem,) = viewer.get("/api/v1/problems/").json()["results"]
    assert problem["began_before"] == any(seen)


@pytest.mark.usefixtures("peer")
def test_cells_of_the_matrix_and_the_topology_say_so(viewer: Client, since: datetime) -> None:
    for page in ("/", "/topology/"):
        text = viewer.get(page).text
        assert "down \N{GREATER-THAN OR EQUAL TO}<time" in text
        assert f'title="before {utc_words(since)}; it began before bgpui looked" data-age="short"' in text
    lines = viewer.get("/api/v1/topology/").json()["vrfs"][0]["groups"][0]["nodes"]
    cells: list[dict[str, Any]] = [cell for line in lines for cell in line["sessions"]]
    assert {(cell["health"], cell["began_before"]) for cell in cells} == {("down", True), ("up", False)}


@pytest.mark.usefixtures("peer")
def test_the_wall_says_so(viewer: Client) -> None:
    text = words(viewer.get("/wall/").text)
    assert "of 4 · for at least 6 min" in text
    assert "at least 6 min" in text.partition("1 cause")[2]
    (part,) = viewer.get("/api/v1/overview/").json()["vrfs"]
    assert part["began_before"] is True


def test_the_pages_of_a_session_and_of_its_peer_say_so(viewer: Client, peer: BGPPeer, since: datetime) -> None:
    session = Session.objects.filter(began_before=True)[0]
    page = viewer.get(session.get_absolute_url()).text
    before = f"since before {utc_words(since)}; it began before bgpui looked"
    assert words(page).count("Down, Active for at least 6 min") == 1
    assert f"Down, Active for at least 6 min ({before})" in page, "as the ticket has it"
    assert before in words(page)
    assert words(viewer.get(peer.get_absolute_url()).text).count("at least 6 min") == 2
    assert viewer.get(f"/api/v1/sessions/{session.pk}/").json()["began_before"] is True


def test_a_node_that_is_not_heard_is_so_since_its_last_answer(viewer: Client, cluster: Cluster) -> None:
    a_session(a_speaker(cluster, misses=3, seconds=400), since=clock.now() - timedelta(days=40), began_before=True)
    assert "0 up, 1 unknown of 1 · for 6 min" in words(viewer.get("/wall/").text)


def test_a_session_is_not_degraded_for_as_long_as_it_is_established(viewer: Client, cluster: Cluster) -> None:
    for number in range(2):
        a_session(a_speaker(cluster, f"node-{number}"), degraded="BFD says that the path is down", reason="bfd-down")
    page = viewer.get("/").text
    (row,) = problem_rows(page)
    assert "2 d" in row
    assert row.count("since when the first of them is Established") == 1
    assert "same second" not in row
    assert "tor-a is degraded on 2 of 2 nodes." in words(page)
