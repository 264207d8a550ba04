"""The matrix of many nodes by zone: problems have rows, healthy zones one line, and what moved is seen at once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.models import Cluster, Node
from clusters.sync.facts import nodes_event, zone_print
from dashboard.filters import Filters
from dashboard.matrix import Band, Matrix, matrix
from speakers.counts import Counts
from speakers.models import Session
from speakers.selectors import sessions
from tests.fleet import fleet


def drawn(page: int = 1, *, opened: bool | None = None, **narrowed: str) -> Matrix:
    filters = Filters(**narrowed)
    return matrix(filters.apply(sessions()), Counts.of(filters), {}, opened=opened, page=page)


def told(band: Band) -> tuple[str, int, int, int]:
    return band.name, band.total, band.problems, len(band.rows)


def test_few_nodes_are_one_band(db: None) -> None:
    fleet(6, zones=3)
    found = drawn()
    assert not found.banded
    assert [told(band) for band in found.bands] == [("", 6, 1, 6)]


def test_zones_with_problems_come_first_and_name_their_nodes(db: None) -> None:
    fleet(300, down_every=30, zones=4)  # on even nodes
    found = drawn()
    assert found.banded
    assert [told(band) for band in found.bands] == [
        ("zone-0", 75, 5, 5), ("zone-2", 75, 5, 5), ("zone-1", 75, 0, 0), ("zone-3", 75, 0, 0)
    ]  # fmt: skip
    assert [(one.health, one.up, one.total) for one in found.bands[0].sums] == [
        ("up", 75, 75), ("down", 70, 75), ("up", 75, 75), ("up", 75, 75)
    ]  # fmt: skip
    assert {row.node.node for row in found.bands[0].rows} == {f"worker-{n:05}" for n in range(0, 300, 60)}
    assert found.hidden_healthy == 290
    whole = [drawn(page, opened=True) for page in range(1, 9)]
    assert sum(len(band.rows) for one in whole for band in one.bands) == 300
    assert [band.name for band in drawn(vrf="storage").bands] == ["zone-0", "zone-1", "zone-2", "zone-3"]


def test_every_node_of_many_zones_has_a_page_and_its_zone_is_not_repeated(db: None) -> None:
    fleet(200, down_every=1000, zones=70)
    pages = [drawn(page, opened=True) for page in range(1, drawn(opened=True).pages + 1)]
    assert len({row.node.node for one in pages for band in one.bands for row in band.rows}) == 200
    assert all(band.rows for one in pages for band in one.bands)
    assert {one.hidden_bands for one in pages} == {0}


def test_a_node_that_moves_and_a_session_that_comes_are_seen_at_once(db: None) -> None:
    cluster = fleet(20, down_every=100, zones=2)
    assert [told(band)[:2] for band in drawn().bands] == [("zone-0", 10), ("zone-1", 10)]
    moved = {"metadata": {"name": "worker-00019", "labels": {"topology.kubernetes.io/zone": "zone-9"}}}
    assert nodes_event(cluster, {"worker-00019": moved})
    assert Node.objects.get(name="worker-00019").zone_print == zone_print("worker-00019", "zone-9")
    assert [told(band)[:2] for band in drawn().bands] == [("zone-0", 10), ("zone-1", 9), ("zone-9", 1)]
    Session.objects.filter(node="worker-00019").delete()
    assert [told(band)[:2] for band in drawn().bands] == [("zone-0", 10), ("zone-1", 9)]
    Node.objects.filter(name="worker-00001").delete()
    assert [told(band)[:2] for band in drawn().bands] == [("zone-0", 10), ("zone-1", 8), ("", 1)]


def test_the_page_says_where_trouble_is_with_as_many_queries_whatever_the_size(viewer: Client) -> None:
    counts = []
    for number in (30, 600):
        Cluster.objects.all().delete()
        fleet(number, down_every=number // 10, zones=3)
        viewer.get("/")
        with CaptureQueriesContext(connection) as queries:
            page = viewer.get("/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "zone-0" in page.text
    assert "200 nodes, 10 with problems" in page.text
    assert page.text.count("all healthy") == 2


@pytest.mark.parametrize(("query", "names"), [("zone=zone-1", ["worker-00001", "worker-00003"]), ("zone=no", [])])
def test_rest_tells_the_zone_of_a_node(viewer: Client, query: str, names: list[str]) -> None:
    fleet(4, zones=2)
    found = viewer.get(f"/api/v1/nodes/?{query}").json()["results"]
    assert [one["name"] for one in found] == names
    assert {one["zone"] for one in found} <= {"zone-1"}
