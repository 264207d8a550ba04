"""What is left where sessions are down: by node, VRF and address family, on pages and in REST."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from clusters import clock
from clusters.models import Change, Cluster
from speakers.models import Session, Speaker, Transition
from tests.fleet import PEERS, fleet
from tests.pages.rows import a_session, a_speaker, down
from tests.pages.test_home import BOARD, headline, problem_rows, words

V4, V6 = {"families": ["ipv4Unicast"]}, {"families": ["ipv6Unicast"]}
BOTH = {"families": ["ipv4Unicast", "ipv6Unicast"]}


@pytest.fixture(autouse=True)
def patient(settings: Settings) -> None:
    """What was heard does not grow old, however long a test takes."""
    settings.BGPUI_SWEEP_INTERVAL = 600.0


def _node(cluster: Cluster, name: str, *sessions: tuple[str, str, dict[str, Any]], **columns: Any) -> Speaker:
    speaker = a_speaker(cluster, name, **columns)
    for vrf, neighbor, known in sessions:
        a_session(speaker, neighbor, **{"vrf": vrf, **known})
    return speaker


def told(viewer: Client, query: str = "") -> list[str]:
    """What each cause says of redundancy; the page and REST say the same."""
    found = [one["redundancy"] for one in viewer.get(f"/api/v1/problems/{query}").json()["results"]]
    rows = problem_rows(viewer.get(f"/{query}").text)
    assert [f"Redundancy: {words}." in row for words, row in zip(found, rows, strict=True)] == [bool(w) for w in found]
    return found


def test_a_dead_router_says_which_nodes_have_others_left_and_which_have_none(viewer: Client, cluster: Cluster) -> None:
    for number in range(5):
        _node(cluster, f"two-{number}", ("default", "10.0.0.1", down()), ("default", "10.0.0.2", {}))
    for number in range(3):
        _node(cluster, f"one-{number}", ("default", "10.0.0.1", down()), ("red", "10.0.0.2", {}))
    assert told(viewer) == ["3 nodes have none left; 5 nodes have 1 of 2 sessions left"]
    for query in ("?vrf=default", "?health=down", "?q=10.0.0.1", "?peer=tor-a"):  # what they leave out is still left
        assert told(viewer, query) == ["3 nodes have none left; 5 nodes have 1 of 2 sessions left"]
    assert headline(viewer.get("/").text) == "3 nodes have no session left in VRF default; 8 of 16 sessions are down."
    assert "5 nodes have one session left in VRF default" in words(viewer.get("/").text)
    (row,) = viewer.get("/api/v1/problems/").json()["results"]
    assert row["left"] == [
        {"vrf": "default", "family": "", "nodes": 3, "left": 0, "of": 1, "unknown": 0},
        {"vrf": "default", "family": "", "nodes": 5, "left": 1, "of": 2, "unknown": 0},
    ]
    parts = viewer.get("/api/v1/overview/").json()["vrfs"]
    numbers = [[part[name] for name in ("vrf", "nodes_without", "nodes_last", "nodes_unknown")] for part in parts]
    assert numbers == [["default", 3, 5, 0], ["red", 0, 0, 0]]


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        # MetalLB activates the family of the peer's address alone, unless dualStackAddressFamily is set.
        ([("10.0.0.1", down(**V4)), ("2001:db8::1", V6)], "1 node has no IPv4 session left"),
        ([("10.0.0.1", down()), ("2001:db8::1", {})], "1 node has no IPv4 session left"),
        ([("10.0.0.1", down(**BOTH)), ("2001:db8::1", BOTH)], "1 node has 1 of 2 sessions left"),
        ([("10.0.0.1", down(**V4)), ("10.0.0.2", V4), ("2001:db8::1", V6)], "1 node has 1 of 2 IPv4 sessions left"),
        ([("eth0.100", down()), ("eth1", {})], "1 node has 1 of 2 sessions left"),  # unnumbered: both families
        ([("10.0.0.1", down()), ("10.0.0.2", {"degraded": "BFD is down"})], "1 node has 1 of 2 sessions left"),
        ([("10.0.0.1", down()), ("10.0.0.2", {"intended": False, "peer": ""})], "1 node has none left"),
        ([("10.0.0.1", down()), ("10.0.0.2", {"state": "Unknown"})], "not known of 1 node"),
        (
            [("10.0.0.1", down()), ("10.0.0.2", {}), ("10.0.0.3", {"state": "Unknown"})],
            "1 node has 1 of 3 sessions left, 1 not known",
        ),
    ],
)
def test_only_what_carries_the_same_counts_and_nothing_that_is_not_known(
    viewer: Client, cluster: Cluster, sessions: list[tuple[str, dict[str, Any]]], said: str
) -> None:
    _node(cluster, "node-0", *(("default", neighbor, known) for neighbor, known in sessions))
    row = next(one for one in viewer.get("/api/v1/problems/?health=down").json()["results"])
    assert row["redundancy"] == said
    assert f"Redundancy: {said}." in words(viewer.get("/").text)
    if "no IPv4" in said:
        assert headline(viewer.get("/").text) == "1 node has no IPv4 session left; 1 of 2 sessions is down."


def test_nodes_that_are_not_heard_have_neither_something_nor_nothing_left(viewer: Client, cluster: Cluster) -> None:
    for number in range(2):
        _node(cluster, f"silent-{number}", ("default", "10.0.0.1", {}), misses=7, error="exec: timed out")
    _node(cluster, "node-0", ("default", "10.0.0.1", down()), ("default", "10.0.0.2", {}))
    assert sorted(told(viewer)) == ["1 node has 1 of 2 sessions left", "not known of 2 nodes"]
    (part,) = viewer.get("/api/v1/overview/").json()["vrfs"]
    assert [part[name] for name in ("nodes_without", "nodes_last", "nodes_unknown")] == [0, 1, 2]


def test_a_session_that_is_up_is_not_unknown_because_a_filter_leaves_it_out(viewer: Client, cluster: Cluster) -> None:
    _node(cluster, "node-0", ("default", "10.0.0.1", {"state": "Unknown"}), ("default", "10.0.0.2", {}))
    for query in ("", "?health=unknown", "?q=10.0.0.1"):
        assert told(viewer, query) == [""]


def test_a_node_that_lost_its_peers_has_none_left_and_no_share_of_what_the_routers_lost(
    viewer: Client, cluster: Cluster
) -> None:
    lost = [(vrf, f"10.0.0.{number}", down(reason="not-connected")) for vrf in ("default", "red") for number in (1, 2)]
    _node(cluster, "lost", *lost)
    _node(cluster, "thin", ("default", "10.0.0.1", down(reason="not-connected")), *lost[1:2], ("red", "10.0.0.1", {}))
    for number in range(3):
        _node(cluster, f"whole-{number}", *((vrf, neighbor, {}) for vrf, neighbor, _ in lost))
    Session.objects.filter(node="thin", neighbor="10.0.0.2").update(state="Established", reason="")
    assert told(viewer) == ["1 node has none left in VRFs default, red", "1 node has 1 of 2 sessions left"]
    assert headline(viewer.get("/").text) == "1 node has no session left; 5 of 19 sessions are down."
    assert "1 node has one session left in VRF default" in words(viewer.get("/").text)
    ticket = re.findall(r'data-copy="([^"]*)"', viewer.get("/").text)[0]
    assert "redundancy: 1 node has none left in VRFs default, red" in ticket


def test_a_whole_fleet_costs_as_many_queries_and_few_bytes(viewer: Client) -> None:
    """The shortest times between two looks are those of an outage, in which everybody looks."""
    found = []
    for number in (30, 2000):
        Cluster.objects.all().delete()
        fleet(number, down_every=2, zones=3)
        dead = Session.objects.filter(neighbor__in=[PEERS[1][2], PEERS[3][2]])
        dead.update(state="Active", reason="no-answer", cause="The router does not answer")
        with CaptureQueriesContext(connection) as queries:
            board = viewer.get("/", headers=BOARD)
        found.append(len(queries))
        assert headline(board.text).startswith(f"{number:,} nodes have no session left in VRF storage;")
        assert f"{number:,} nodes have one session left in VRF default" in words(board.text)
        rows = problem_rows(board.text)
        assert f"Redundancy: {number:,} nodes have 1 of 2 sessions left." in "".join(rows)
        assert f"Redundancy: {number:,} nodes have none left." in "".join(rows)
    assert found[1] <= found[0] + 2, found
    assert len(gzip.compress(board.content, 6)) < 10_000


def test_what_changed_just_before_is_one_link_away(viewer: Client, cluster: Cluster) -> None:
    """Of a node that lost a session, and of a router that nodes lost: a change of any object may have done it."""
    speaker = _node(cluster, "node-0", ("default", "10.0.0.1", down(since=clock.now() - timedelta(hours=9))))
    row = Session.objects.get()
    place = {"cluster": cluster, "node": row.node, "vrf": row.vrf, "neighbor": row.neighbor}
    place |= {"session": row, "peer": row.peer}
    lost = Transition.objects.create(at=row.since, old_state="Established", new_state="Active", **place)
    change = Change.objects.create(
        cluster=cluster, kind="BFDProfile", namespace="metallb-system", name="fast", action="update", source="ui"
    )
    Change.objects.filter(pk=change.pk).update(at=row.since - timedelta(minutes=9))

    def leads(page: str, pattern: str) -> None:
        found = re.search(rf'<a[^>]*href="(/timeline/[^"]*)"[^>]*>{pattern}', page)
        assert found
        href = found[1].replace("&amp;", "&")
        assert parse_qs(urlsplit(href).query)["node"] == ["node-0"]
        told = words(viewer.get(href).text.partition('aria-label="What happened"')[2])
        assert 0 < told.index("node-0 → tor-a 10.0.0.1 went down") < told.index("BFDProfile fast changed")

    leads(viewer.get("/").text, "What changed<")
    page = viewer.get(row.get_absolute_url()).text
    leads(page, "What changed just before")
    leads(page, "What changed<")
    assert lost.at == row.since
    (cause,) = viewer.get("/api/v1/problems/").json()["results"]
    answer = viewer.get(f"/api/v1{cause['timeline']}").json()
    assert [item["lane"] for item in answer["items"]] == ["sessions", "config"]
    a_session(a_speaker(cluster, "node-1"), **down(since=row.since))
    (cause,) = viewer.get("/api/v1/problems/").json()["results"]
    assert "node=" not in cause["timeline"]
    speaker.delete()
