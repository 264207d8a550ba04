"""Totals of sessions are kept, and are those of the rows as they stand."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters.models import Cluster
from dashboard.filters import Filters
from speakers.counts import Counts
from speakers.extent import extent_of
from speakers.models import Session, Speaker
from tests.fleet import PEERS, fleet

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster() -> Cluster:
    return fleet(6)


def _numbers(**narrowed: str) -> tuple[dict[str, int], int]:
    counts = Counts.of(Filters(**narrowed))
    return {neighbor: total.number for (_, _, neighbor), total in counts.totals.items()}, counts.number_of_nodes


def _another(like: Session, neighbor: str) -> Session:
    kept: dict[str, Any] = {name: getattr(like, name) for name in ("speaker", "cluster", "node", "vrf", "since")}
    return Session.objects.create(neighbor=neighbor, **kept)


def test_rows_that_come_and_go_are_counted_at_once(cluster: Cluster) -> None:
    whole = dict.fromkeys((address for _, _, address, _ in PEERS), 6)
    assert _numbers() == (whole, 6)
    first = Session.objects.order_by("pk")[0]
    new = _another(first, "172.30.0.9")
    assert _numbers() == (whole | {"172.30.0.9": 1}, 6)
    new.delete()
    assert _numbers() == (whole, 6)
    _another(first, "172.30.0.8")
    Session.objects.filter(neighbor=PEERS[0][2], node=first.node).delete()  # as many as there were
    assert _numbers() == (whole | {"172.30.0.8": 1, PEERS[0][2]: 5}, 6)
    Speaker.objects.filter(node=first.node).delete()
    assert _numbers() == (dict.fromkeys(whole, 5), 5)
    assert _numbers(vrf="storage") == ({PEERS[3][2]: 5}, 5)


def test_what_stands_is_not_counted_again(cluster: Cluster) -> None:
    rows = Session.objects.order_by()
    known = extent_of(rows, keep=True)
    with CaptureQueriesContext(connection) as queries:
        assert extent_of(rows, keep=True) == known
    assert len(queries) == 1


def test_sessions_that_are_not_whole_are_found_by_an_index(cluster: Cluster) -> None:
    Session.objects.filter(node="worker-00001").update(differs="holdTime 90 instead of 30")
    Session.objects.filter(node="worker-00002").update(intended=False)
    assert set(Session.objects.filter(whole=False).values_list("node", flat=True)) == {
        "worker-00000", "worker-00001", "worker-00002",
    }  # fmt: skip
    counts = Counts.of(Filters())
    assert {node.node for node in counts.problem_nodes} == {"worker-00000", "worker-00002"}
    with CaptureQueriesContext(connection) as queries:
        Counts.of(Filters())
    if connection.vendor == "sqlite":
        [found] = [query["sql"] for query in queries if '"whole"' in query["sql"]]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {found}")
            assert any("session_by_whole" in row[3] for row in cursor.fetchall())
