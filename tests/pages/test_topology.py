"""The topology: what is drawn of few and of many nodes, by which label, and what it costs; the same from REST."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from bgpui.roles import role_give
from clusters.models import Cluster, Node
from clusters.selectors import clusters_known
from dashboard.filters import Filters
from dashboard.topology import groups
from dashboard.topology.picture import OPENED, ROWS, VRF, picture
from intent.announcements.cluster import EXCLUDED
from peers.models import BGPPeer
from tests.fleet import fleet
from tests.pages.rows import a_peer, a_session, a_speaker, down

ZONE = "topology.kubernetes.io/zone"


@pytest.fixture
def api(db: None) -> APIClient:
    user = User.objects.create_user("a-viewer-of-rest")
    role_give(user=user, role="viewer")
    client = APIClient()
    client.force_authenticate(user)
    return client


def zoned(number: int, zones: int = 4, *, down_every: int = 100) -> Cluster:
    """A fleet whose nodes are spread over zones."""
    cluster = fleet(number, down_every=down_every)
    for at, node in enumerate(Node.objects.order_by("name")):
        node.labels = {ZONE: f"zone-{at % zones}"}
        node.save()
    return cluster


def drawn(by: str = "", **more: Any) -> dict[str, VRF]:
    clusters = {cluster.pk: cluster for cluster in clusters_known()}
    found = picture(Filters(), groups.places(by), clusters, **more)
    return {vrf.name: vrf for vrf in found}


def test_few_nodes_are_all_drawn_in_the_groups_of_the_first_usual_label(db: None) -> None:
    zoned(6, 2, down_every=4)
    found = drawn()
    assert list(found) == ["default", "ens4vrf", "storage"]
    default = found["default"]
    assert [(column.peer, column.neighbor, config.sync) for column, config in default.columns] == [
        ("tor-a", "172.30.0.1", "in_sync"), ("tor-b", "172.30.0.2", "in_sync")
    ]  # fmt: skip
    assert (default.nodes, default.up, default.total) == (6, 10, 12)
    assert [(group.name, group.total, len(group.lines), group.healthy_hidden) for group in default.groups] == [
        ("zone-0", 3, 3, 0), ("zone-1", 3, 3, 0)
    ]  # fmt: skip
    first = default.groups[0]
    assert [(one.up, one.total, one.health) for one in first.sums] == [(3, 3, "up"), (1, 3, "down")]
    assert [[cell and cell.health for cell in line.cells] for line in first.lines][:2] == [["up", "down"]] * 2


def test_of_many_nodes_those_with_problems_are_drawn_and_the_healthy_ones_folded(db: None) -> None:
    zoned(500, 4, down_every=20)
    default = drawn()["default"]
    assert [(group.name, group.total, len(group.lines), group.healthy_hidden, group.problems_hidden)
            for group in default.groups] == [
        ("zone-0", 125, OPENED, 100, 25 - OPENED), ("zone-1", 125, 0, 125, 0),
        ("zone-2", 125, 0, 125, 0), ("zone-3", 125, 0, 125, 0),
    ]  # fmt: skip
    assert {line.node.health for line in default.groups[0].lines} == {"down"}
    opened = {group.name: group for group in drawn(opened=["zone-1"], page=2)["default"].groups}["zone-1"]
    assert (len(opened.lines), opened.lines[0].node.node) == (ROWS, f"worker-{4 * ROWS + 1:05}")


def test_nodes_are_grouped_by_any_label_or_by_none(db: None) -> None:
    zoned(6, 2)
    Node.objects.filter(name="worker-00000").update(labels={"row": "a__b", ZONE: "z"})
    assert [group.name for group in drawn("row")["default"].groups] == ["a__b", ""]
    assert [group.name for group in drawn("none")["default"].groups] == [""]
    assert groups.places("").by == ZONE
    assert [groups.is_label(text) for text in ("rack", "a.b/c_d", "a b", "-x", "a/b/c", "")] == [True] * 2 + [False] * 4


def test_both_axes_and_what_is_special_about_a_node_are_shown(viewer: Client, cluster: Cluster) -> None:
    a_peer(cluster, "tor-a", sync_state="rejected", severity="error")
    a_session(a_speaker(cluster, "node-0"), **down(cause="The <b>hold timer</b> expired"))
    a_session(a_speaker(cluster, "node-1"))
    Node.objects.filter(name="node-1").update(labels={EXCLUDED: ""}, unschedulable=True)
    page = viewer.get("/topology/?by=rack").text
    for words in ("rejected", "breaks rules", "excluded", "cordoned", "/nodes/lab/node-1/", "1 of 2 sessions up"):
        assert words in page, words
    assert "/bgppeers/" in page or "/peers/lab/metallb-system/tor-a/" in page
    assert re.search(r'href="/sessions/\d+/" data-h="down" title="The &lt;b&gt;hold timer', page)
    assert "without the label" in page
    part = viewer.get("/topology/", headers={"HX-Request": "true", "HX-Target": "picture"}).text
    assert part.lstrip().startswith('<div id="picture"')
    assert "is no name of a label" in viewer.get("/topology/?by=a+b").text
    assert "No session matches" in viewer.get("/topology/?q=nothing").text
    assert "tor-a" not in viewer.get("/topology/?vrf=red").text


@pytest.mark.parametrize("path", ["/topology/", "/api/v1/topology/"])
def test_more_nodes_need_no_more_queries(viewer: Client, path: str) -> None:
    zoned(20)
    counts = []
    for more in (0, 480):
        if more:
            BGPPeer.objects.all().delete()
            Cluster.objects.all().delete()
            zoned(more)
        viewer.get(path)
        with CaptureQueriesContext(connection) as queries:
            page = viewer.get(path)
        assert page.status_code == 200
        assert len(page.content) < 150_000
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 28, counts


def test_rest_has_the_same_picture(api: APIClient) -> None:
    zoned(100, 2, down_every=50)
    found = api.get("/api/v1/topology/").json()
    assert (found["by"], found["labels"]) == (ZONE, [ZONE])
    default = found["vrfs"][0]
    assert (default["vrf"], default["nodes"], default["up"], default["sessions"]) == ("default", 100, 198, 200)
    assert [(one["peer"], one["sync"]) for one in default["routers"]] == [("tor-a", "in_sync"), ("tor-b", "in_sync")]
    (zone, other) = default["groups"]
    assert [(line["node"], [one["health"] for one in line["sessions"]]) for line in zone["nodes"]] == [
        ("worker-00000", ["up", "down"]), ("worker-00050", ["up", "down"])
    ]  # fmt: skip
    assert (zone["healthy_hidden"], other["healthy_hidden"], other["sums"][0]) == (
        48, 50, {"health": "up", "up": 50, "total": 50}
    )  # fmt: skip
    opened = api.get("/api/v1/topology/?open=zone-1&vrf=default").json()["vrfs"]
    assert (len(opened), len(opened[0]["groups"][1]["nodes"])) == (1, 50)
    for bad in ("by=a+b", "cluster=nowhere", "health=tired", "page=0", "colour=red"):
        assert api.get(f"/api/v1/topology/?{bad}").status_code == 400, bad


def test_a_group_is_opened_by_a_link_and_has_pages(viewer: Client, db: None) -> None:
    zoned(400, 4)
    page = viewer.get("/topology/").text
    assert "96 healthy folded" in page
    assert 'href="?open=zone-0"' in page
    assert "Pages of nodes" not in page
    opened = viewer.get("/topology/?open=zone-0&page=2").text
    assert "page 2 of 2" in opened
    assert "/nodes/fleet/worker-00240/" in opened
    assert "/nodes/fleet/worker-00240/" not in page


def test_who_may_see_no_sessions_sees_no_topology(browser: Any, db: None) -> None:
    assert browser("").get("/topology/").status_code == 403
    assert browser("").get("/api/v1/topology/").status_code == 403
