"""What was counted is drawn on the pages of a session and of a peer, and said in words beside."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters import clock
from clusters.models import Cluster
from dashboard.sparklines import sparklines
from speakers.counters.keeping import fleet_write, points_write
from speakers.counters.series import STEP, Series
from speakers.sweep import Observation
from tests.pages.rows import a_peer, a_session, a_speaker
from tests.speakers.seen import UP, answer

_SVG = re.compile(r'<svg class="spark"[^>]* role="img" aria-label="([^"]+)"><path d="([^"]+)"/></svg>')


def drawn(*values: int | None, counter: bool = False, name: str = "prefixes_sent.ipv4Unicast") -> str:
    at = datetime(2031, 1, 1, 12, tzinfo=timezone.get_fixed_timezone(0)) - STEP
    (line,) = sparklines([Series(name, counter, at, values)])
    return f"{line.spoken}: {line.path}"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((4,) * 6, "Prefixes advertised: 4, steady: M0.0 10H96.0"),
        ((4, 4, 4, 6, 2, 6), "Prefixes advertised: 6, between 2 and 6: M0.0 2.0H48.0L48.0 18.0H96.0"),
        ((1, 1, None, None, None, None, 2, 2), "Prefixes advertised: 2, between 1 and 2: M0.0 18.0H32.0M64.0 2.0H96.0"),
        ((6, 6, 6, 6, None, None), "Prefixes advertised: no value now, 6 before, steady: M0.0 10H96.0"),
    ],
    ids=["steady", "the lowest of three points", "a gap", "ended"],
)  # fmt: skip
def test_a_series_is_a_line_with_a_gap_where_nothing_is_known(values: tuple[int | None, ...], said: str) -> None:
    assert drawn(*values, name="prefixes_sent") == said


def test_a_counter_is_drawn_by_its_growth_and_bfd_in_words() -> None:
    assert drawn(10, 10, 16, 20, 0, 3, counter=True, name="updates_sent").startswith(
        "UPDATEs sent: 13 in 24 h, at most 6 in 5 min: M0.0"
    )
    assert drawn(1, 1, 0, name="bfd_up").startswith("BFD: down, down at 1 look of 3:")
    assert sparklines([Series("updates_sent", counter=True, end=clock.now(), values=(7,))]) == [], (
        "one look is no growth"
    )


def test_the_pages_of_a_session_and_of_its_peer_draw_what_was_counted(viewer: Client, cluster: Cluster) -> None:
    peer, row = a_peer(cluster), a_session(a_speaker(cluster), prefixes_sent=3)
    page = viewer.get(f"/sessions/{row.pk}/").text
    assert "Counted" not in page, "nothing was counted yet"
    for minutes in (10, 5, 0):
        at = clock.now() - timedelta(minutes=minutes)
        points_write(cluster.pk, [Observation("node-0", at, answer({("default", "10.0.0.1"): UP}))])
    fleet_write(cluster, clock.now())
    found = dict(_SVG.findall(viewer.get(f"/sessions/{row.pk}/").text))
    assert set(found) == {"Prefixes received, IPv4: 2, steady", "Prefixes advertised, IPv4: 3, steady"}
    assert all(path.startswith("M") for path in found.values())
    found = dict(_SVG.findall(viewer.get(f"/peers/{cluster.name}/{peer.namespace}/{peer.name}/").text))
    assert {"Sessions up: 1, steady", "Prefixes advertised: 3, steady"} <= set(found)


def test_lists_of_sessions_draw_what_was_advertised_if_asked_for_by_one_query_more(
    viewer: Client, cluster: Cluster
) -> None:
    peer, numbers = a_peer(cluster), {}
    paths = (f"/peers/{cluster.name}/{peer.namespace}/{peer.name}/", "/?healthy=1")
    told = {node: a_session(a_speaker(cluster, node)) for node in ("node-0", "node-1", "node-2")}
    for minutes, nodes in ((10, ("node-0", "node-1")), (5, ("node-0",)), (0, ("node-0",))):
        at = clock.now() - timedelta(minutes=minutes)
        points_write(cluster.pk, [Observation(one, at, answer({("default", "10.0.0.1"): UP})) for one in nodes])
    for path in paths:
        viewer.get(path)
        for lined in (False, True):
            with CaptureQueriesContext(connection) as queries:
                page = viewer.get(path + ("&" if "?" in path else "?") * lined + "lines=1" * lined).text
            numbers[path, lined] = len(queries)
            table = page.partition("</table>")[0] if path.startswith("/peers") else page.partition("matrix-head")[2]
            assert len(_SVG.findall(table)) == 2 * lined
        assert "Prefixes advertised, IPv4: 3, steady" not in table
        assert [words for words, _path in _SVG.findall(table)] == [
            "Prefixes advertised: 3, steady",
            "Prefixes advertised: no value now, 3 before, steady",
        ]
        assert numbers[path, True] == numbers[path, False] + 1
    with CaptureQueriesContext(connection) as queries:
        assert "series" not in viewer.get("/api/v1/sessions/").json()["results"][0]
    with CaptureQueriesContext(connection) as more:
        rows = viewer.get("/api/v1/sessions/?series=prefixes_sent&reach=1h").json()["results"]
    assert len(more) == len(queries) + 1
    found = {row["node"]: row["series"] and [one for one in row["series"]["values"] if one is not None] for row in rows}
    assert found == {"node-0": [3, 3, 3], "node-1": [3], "node-2": None}
    assert {row["id"] for row in rows} == {row.pk for row in told.values()}
    for odd in ("series=prefixes", "reach=1y&series=bfd_up"):
        assert viewer.get(f"/api/v1/sessions/?{odd}").status_code == 400
