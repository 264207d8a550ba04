"""What flaps is one entry of the timeline, which can be opened; nothing else is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from clusters import clock
from clusters.models import Change, Cluster, NodeEvent
from dashboard.timeline.folding import Flapping, folded
from dashboard.timeline.grouping import Turn
from speakers.models import Transition
from tests.pages.rows import a_session, a_speaker
from tests.pages.test_timeline import T0, TOGETHER, lines
from tests.stores.clock import differ

URL, REST = "/timeline/", "/api/v1/timeline/"
OFTEN = Flapping(3, timedelta(minutes=15))
MINUTES = timedelta(minutes=1)


def turns(*minutes: float, node: str = "node-1", neighbor: str = "10.0.0.1") -> Iterator[Turn]:
    """A session that is lost at these times, and back half a minute later."""
    place = (1, node, "default", neighbor, "tor-a")
    for minute in minutes:
        at = T0 + minute * MINUTES
        yield Turn(at, *place, "Established", "Active", "Hold timer expired", 1, None)
        yield Turn(at + MINUTES / 2, *place, "Active", "Established", "", 0, None)


def told(found: list[Turn], silent: Any = ()) -> tuple[list[list[tuple[str, str, int]]], int]:
    """Of each entry the sessions and how often they were lost, and how many changes are left."""
    groups, left = folded(found, dict(silent), OFTEN, TOGETHER)
    return [[(one.node, one.neighbor, len(one.losses)) for one in group] for group in groups], len(left)


@pytest.mark.parametrize(
    ("minutes", "flaps", "left"),
    [
        ((0, 2, 4), [3], 0),
        ((0, 2), [], 4),  # too few
        ((0, 8, 16), [], 6),  # too few within a quarter of an hour
        ((0, 2, 4, 18, 32), [5], 0),  # goes on while each follows the one before
        ((0, 2, 4, 60, 62, 64), [3, 3], 0),
        ((0, 2, 4, 60), [3], 2),
    ],
)
def test_a_session_flaps_if_it_is_lost_so_often_within_the_window(
    minutes: tuple[float, ...], flaps: list[int], left: int
) -> None:
    assert told(list(turns(*minutes))) == ([[("node-1", "10.0.0.1", number)] for number in flaps], left)


def test_sessions_of_one_router_or_node_that_flap_together_are_one_entry() -> None:
    router = [turn for number in (1, 2, 3) for turn in turns(0, 1, 2, node=f"node-{number}")]
    node = [turn for number in (7, 8) for turn in turns(60, 61, 62, neighbor=f"10.0.0.{number}")]
    alone = [*turns(0.1, 1.1, 2.1, node="node-9", neighbor="10.0.0.9")]
    assert told([*router, *node, *alone]) == (
        [
            [(f"node-{number}", "10.0.0.1", 3) for number in (1, 2, 3)],
            [("node-9", "10.0.0.9", 3)],
            [("node-1", f"10.0.0.{number}", 3) for number in (7, 8)],
        ],
        0,
    )


def test_what_nobody_observed_ends_an_entry() -> None:
    seen = list(turns(0, 1, 2, 10, 11, 12))
    both = [[("node-1", "10.0.0.1", 3)]] * 2
    gap = (T0 + 2.5 * MINUTES, T0 + 10 * MINUTES)
    assert told(seen) == ([[("node-1", "10.0.0.1", 6)]], 0)
    assert told(seen, {(1, "node-1"): [gap]}) == (both, 0)
    assert told(seen, {(1, "node-2"): [gap]}) == ([[("node-1", "10.0.0.1", 6)]], 0)
    lost = seen[5]._replace(at=T0 + 5 * MINUTES, before="Established", after="Unknown", lost=0)
    assert told([*seen, lost]) == (both, 1)


def flap(cluster: Cluster, node: str, *ago: float, neighbor: str = "10.0.0.1", **more: Any) -> None:
    """The rows of a session that is lost so many minutes ago, and back a little later."""
    now = clock.now()
    place = {"cluster": cluster, "node": node, "vrf": "default", "neighbor": neighbor, "peer": "tor-a", **more}
    for minutes in ago:
        at = now - minutes * MINUTES
        lost = {"old_state": "Established", "new_state": "Active", "cause": "Hold timer expired"}
        Transition.objects.create(**place, **lost, at=at)
        Transition.objects.create(**place, old_state="Active", new_state="Established", at=at + MINUTES / 2)


def items(client: Client, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{REST}?{query}").json()["items"]
    return found


def change(cluster: Cluster, at: datetime, **more: Any) -> Change:
    known = {"kind": "BGPPeer", "name": "tor-a", "action": "update", "source": "cluster", "manager": "kubectl-edit"}
    row = Change.objects.create(cluster=cluster, **{**known, **more})
    Change.objects.filter(pk=row.pk).update(at=at)
    return row


def test_a_session_that_flaps_is_one_line_and_each_change_is_behind_it(
    viewer: Client, cluster: Cluster, settings: Settings
) -> None:
    settings.BGPUI_EXEC_TIMEOUT = 600.0  # what was said stays current
    for node in ("node-1", "node-2"):
        a_speaker(cluster, node)
    flap(cluster, "node-1", *range(70, 40, -2))
    flap(cluster, "node-2", 60, neighbor="10.0.0.2")
    change(cluster, clock.now() - 71 * MINUTES)
    folded_up = "node-1 → tor-a 10.0.0.1 flapped 15 times within 28 min, Established now"
    other = [f"node-2 → tor-a 10.0.0.2 {what}" for what in ("came up", "went down")]
    edit = "BGPPeer tor-a changed by kubectl-edit"
    page = viewer.get(URL)
    assert lines(page.text) == [*other, folded_up, edit]
    flaps = items(viewer)[2]
    assert (flaps["flaps"], flaps["number"], flaps["health"], flaps["detail"]) == (
        15, 1, "degraded", "Hold timer expired",
    )  # fmt: skip
    assert flaps["page"].replace("&", "&amp;") in page.text
    opened = lines(viewer.get(flaps["page"]).text)
    assert opened == [f"node-1 → tor-a 10.0.0.1 {what}" for _ in range(15) for what in ("came up", "went down")] + [
        edit
    ]
    assert [item["title"] for item in items(viewer, flaps["page"].partition("?")[2])] == opened
    assert len(items(viewer, "flaps=each&lane=sessions")) == 32
    assert "The filter flaps is not understood" in viewer.get(f"{URL}?flaps=x").text
    assert viewer.get(f"{REST}?flaps=x").status_code == 400


def test_a_router_that_flaps_is_one_line_that_says_how_its_sessions_are(
    viewer: Client, cluster: Cluster, settings: Settings
) -> None:
    settings.BGPUI_EXEC_TIMEOUT = 600.0
    for number in (1, 2, 3):
        a_speaker(cluster, f"node-{number}", seconds=1 if number < 3 else 1500)
        flap(cluster, f"node-{number}", 40, 38, 36, 34)
    place = {"cluster": cluster, "vrf": "default", "neighbor": "10.0.0.1", "peer": "tor-a", "node": "node-1"}
    at = clock.now() - 32 * MINUTES
    Transition.objects.create(**place, at=at, old_state="Established", new_state="Idle", cause="Admin down")
    (flaps,) = items(viewer, "lane=sessions")
    assert flaps["title"] == (
        "3 sessions to tor-a 10.0.0.1 on 3 nodes (node-1, node-2, node-3) flapped 13 times within 8 min, "
        "1 of 3 Established, 1 not known now"
    )
    assert (flaps["health"], flaps["detail"]) == ("down", "Hold timer expired (12 losses; 1 other cause)")
    assert "vrf=default&neighbor=10.0.0.1" in flaps["page"]
    then = (clock.now() - 33 * MINUTES).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert items(viewer, f"lane=sessions&until={then}")[0]["title"].endswith(
        "12 times within 6 min, 3 of 3 Established then"
    )


def test_what_still_flaps_stands_on_top_and_what_did_where_it_began(
    viewer: Client, cluster: Cluster, settings: Settings
) -> None:
    settings.BGPUI_EXEC_TIMEOUT = 600.0
    a_speaker(cluster, "node-1")
    flap(cluster, "node-1", *range(50, 0, -2))
    flap(cluster, "node-2", 40, 39, 38, neighbor="10.0.0.2")
    at = clock.now()
    for minutes, node in ((45, "node-7"), (30, "node-8")):
        NodeEvent.objects.create(cluster=cluster, node=node, at=at - minutes * MINUTES, kind=NodeEvent.Kind.CORDONED)
    assert [line.partition(" within")[0] for line in lines(viewer.get(f"{URL}?reach=1h").text)] == [
        "node-1 → tor-a 10.0.0.1 flapped 25 times",
        "node-8 was cordoned",
        "node-2 → tor-a 10.0.0.2 flapped 3 times",
        "node-7 was cordoned",
    ]


def test_pages_neither_lose_nor_repeat_an_entry_while_more_happens(
    viewer: Client, cluster: Cluster, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    start = clock.now() - 10 * MINUTES
    NodeEvent.objects.bulk_create(
        NodeEvent(cluster=cluster, node=f"n-{n}", kind="node-labels", text=str(n), at=start - n // 250 * MINUTES)
        for n in range(700)
    )
    flap(cluster, "node-1", *range(60, 5, -5))
    found, address = list[str](), f"{REST}?reach=6h"
    for number in (300, 300, 101):
        with django_assert_max_num_queries(14):
            told = viewer.get(address).json()
        assert len(told["items"]) == number
        found += [f"{item['title']} {item['detail']}" for item in told["items"]]
        late = {"node": f"late-{len(found)}", "text": str(len(found)), "kind": NodeEvent.Kind.READY}
        NodeEvent.objects.create(cluster=cluster, at=clock.now(), **late)
        address = told["next"] or "none"
    assert (len(set(found)), address) == (701, "none")
    page = viewer.get(f"{URL}?reach=6h").text
    assert "300 lines here, 704 in all" in page
    following = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "after=" in following
    second = viewer.get(f"{URL}{following}").text
    assert not {*lines(page)} & {*lines(second)}
    assert "hx-trigger" not in second.partition('id="table"')[2].partition(">")[0]
    for wrong in ("x", "2026-11-25T16:00:00.000000Z", "2026-11-25T16:00:00.000000Z~-1", "~1"):
        assert viewer.get(f"{REST}?after={wrong}").status_code == 400


def test_pages_of_time_meet_without_losing_what_is_between(viewer: Client, cluster: Cluster) -> None:
    begin = clock.now().replace(microsecond=0) - 2 * MINUTES
    NodeEvent.objects.bulk_create(
        NodeEvent(cluster=cluster, node=f"n-{n}", kind="node-labels", text=str(n), at=begin + n * MINUTES / 600)
        for n in range(40)
    )
    edge = (begin + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    older = items(viewer, f"reach=1h&until={edge}")
    later = (datetime.fromisoformat(edge) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    newer = items(viewer, f"reach=1h&until={later}")
    assert sorted(item["nodes"][0] for item in (*older, *newer)) == sorted(f"n-{n}" for n in range(40))


def test_where_more_happened_than_is_read_a_link_leads_on(viewer: Client, cluster: Cluster) -> None:
    now = clock.now()
    NodeEvent.objects.bulk_create(
        NodeEvent(cluster=cluster, node="n-0", kind=NodeEvent.Kind.LABELS, at=now - timedelta(seconds=n))
        for n in range(5_100)
    )
    newer, end = items(viewer, "lane=node&reach=6h")
    (older,) = items(viewer, end["page"].partition("?")[2])
    assert (newer["number"], older["number"]) == (5_000, 101)  # of the moment at which reading ended there may be more


def test_a_router_that_flaps_to_many_does_not_crowd_out_what_others_did(viewer: Client, cluster: Cluster) -> None:
    place, now = {"cluster": cluster, "vrf": "default", "peer": "tor-a", "neighbor": "10.0.0.1"}, clock.now()
    states = ("Established", "Active")
    Transition.objects.bulk_create(
        Transition(**place, node=f"node-{n % 100}", at=now - timedelta(seconds=n / 5 + 1),
                   old_state=states[1 - n // 100 % 2], new_state=states[n // 100 % 2])
        for n in range(5_200)
    )  # fmt: skip
    flap(cluster, "node-1", 120, neighbor="10.0.0.2")
    on_top, end, *others = items(viewer, "lane=sessions")
    assert on_top["title"].startswith("100 sessions to tor-a 10.0.0.1 on 100 nodes (")
    assert " flapped 2,500 times within 16 min, " in on_top["title"]
    assert "what sessions to tor-a 10.0.0.1 have from before is not shown" in end["title"]
    assert [item["title"] for item in others] == [
        "node-1 → tor-a 10.0.0.2 came up",
        "node-1 → tor-a 10.0.0.2 went down",
    ]


@pytest.mark.parametrize(
    ("source", "after", "below", "remark"),
    [
        ("cluster", -2.0, True, False),
        ("cluster", 0.0, True, False),
        ("cluster", 4.0, True, True),
        ("cluster", 8.0, False, False),
        ("browser", 0.0, True, False),
        ("browser", 0.7, True, False),
        ("browser", 4.0, False, False),
    ],
)
def test_an_edit_stands_below_what_it_may_have_done(
    viewer: Client, cluster: Cluster, source: str, after: float, *, below: bool, remark: bool
) -> None:
    row, at = a_session(a_speaker(cluster)), clock.now() - 5 * MINUTES
    place = {"node": row.node, "vrf": row.vrf, "neighbor": row.neighbor, "peer": row.peer, "session": row}
    Transition.objects.create(cluster=cluster, at=at, old_state="Established", new_state="Idle", **place)
    change(cluster, at + timedelta(seconds=after), source=source, manager="", message="New AS.")
    found = items(viewer)
    assert [item["lane"] for item in found] == (["sessions", "config"] if below else ["config", "sessions"])
    (edit,) = (item for item in found if item["lane"] == "config")
    told = "New AS. It may have been before what stands above it: it was seen up to 5 s after it was made."
    assert edit["detail"] == (told if remark else "New AS.")
    assert datetime.fromisoformat(edit["at"]) == at + timedelta(seconds=after)


def test_a_change_is_dated_by_the_clock_that_dates_what_sessions_do(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes in (-5, 5):
        differ(monkeypatch, minutes * MINUTES)
        before = clock.now()
        row = Change.objects.create(cluster=cluster, kind="BGPPeer", name="tor-a", action="update", source="browser")
        assert before <= row.at <= clock.now()
