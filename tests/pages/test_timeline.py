"""The timeline: what happened to sessions beside what was done, grouped, on the page and in REST."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from clusters import clock
from clusters.models import Change, ChangeSet, Cluster, NodeEvent
from dashboard.timeline.asked import REACHES
from dashboard.timeline.grouping import Turn, grouped
from speakers.models import Gap, Transition
from tests.pages.rows import a_session, a_speaker

URL = "/timeline/"
T0 = datetime.fromisoformat("2026-11-25T16:00:00+00:00")
TOGETHER = timedelta(seconds=10)


def turn(second: float, node: str, neighbor: str = "10.0.0.1", **more: Any) -> Turn:
    known: dict[str, Any] = {
        "before": "Established",
        "after": "Active",
        "cause": "",
        "lost": 1,
        "session": None,
        "peer": "tor-a",
    }
    place: dict[str, Any] = {"cluster": 1, "node": node, "vrf": "default", "neighbor": neighbor}
    return Turn(at=T0 + timedelta(seconds=second), **place, **(known | more))


def titles(*turns: Turn) -> list[str]:
    return sorted(item.title for item in grouped(turns, {1: "lab"}, TOGETHER))


def test_sessions_of_a_node_that_turn_together_are_one_line() -> None:
    assert titles(*(turn(number / 20, "node-1", f"10.0.0.{number}") for number in range(47))) == [
        "47 sessions of node-1 went down within 2 s"
    ]


def test_a_router_that_goes_is_one_line_however_long_the_nodes_are_asked() -> None:
    down = [turn(number * 0.5, f"node-{number:02}") for number in range(60)]
    assert titles(*down) == [
        "60 sessions to tor-a 10.0.0.1 on 60 nodes (node-00, node-01, node-02 and 57 more) went down within 29 s"
    ]


def test_what_has_nothing_in_common_stays_apart() -> None:
    one, other = turn(0, "node-1"), turn(1, "node-2", "10.0.0.2", peer="")
    later, back = turn(60, "node-1"), turn(61, "node-1", before="Active", after="Established", lost=0)
    assert titles(one, other, later, back) == [
        "node-1 → tor-a 10.0.0.1 came up",
        "node-1 → tor-a 10.0.0.1 went down",
        "node-1 → tor-a 10.0.0.1 went down",
        "node-2 → 10.0.0.2 went down",
    ]


def test_a_dead_node_beside_a_dead_router_are_two_lines() -> None:
    node = [turn(0, "node-1", f"10.0.0.{number}") for number in range(1, 5)]
    router = [turn(1, f"node-{number}", "10.0.0.9") for number in range(2, 9)]
    found = titles(*node, *router)
    assert [title.partition(" within")[0] for title in found] == [
        "4 sessions of node-1 went down",
        "7 sessions to tor-a 10.0.0.9 on 7 nodes (node-2, node-3, node-4 and 4 more) went down",
    ]


def test_the_commonest_cause_is_told_and_of_how_many() -> None:
    causes = ("Hold timer expired", "Hold timer expired", "", "No route")
    turns = [turn(0, "node-1", f"10.0.0.{number}", cause=cause) for number, cause in enumerate(causes)]
    (item,) = grouped(turns, {1: "lab"}, TOGETHER)
    assert item.detail == "Hold timer expired (2 sessions; 1 other cause)"
    (item,) = grouped(turns[:2], {1: "lab"}, TOGETHER)
    assert item.detail == "Hold timer expired"


def test_other_words_for_what_is_no_drop() -> None:
    lost = turn(0, "node-1", after="Established")
    cause = turn(0, "node-2", "10.0.0.2", before="Active", cause="No route")
    gone = turn(0, "node-3", "10.0.0.3", after="")
    new = [turn(0, "node-4", f"10.0.0.{number}", before="", after="Established", cause="") for number in (4, 5)]
    half = turn(0, "node-5", "10.0.0.6", before="", after="Established", cause="nothing was heard")
    assert titles(lost, cause, gone, *new, half) == [
        "2 sessions of node-4 were first seen, up within 1 s",
        "node-1 → tor-a 10.0.0.1 was lost and came back",
        "node-2 → tor-a 10.0.0.2 has another cause",
        "node-3 → tor-a 10.0.0.3 is gone",
        "node-5 → tor-a 10.0.0.6 was first seen, degraded",
    ]


def test_what_is_degraded_stays_up_and_is_whole_again() -> None:
    up: dict[str, Any] = {"before": "Established", "after": "Established", "lost": 0}
    silent = [turn(0, f"node-{number}", cause="nothing was heard", **up) for number in (1, 2)]
    whole = [turn(60, f"node-{number}", cause="", **up) for number in (1, 2)]
    found = sorted(grouped([*silent, *whole], {1: "lab"}, TOGETHER), key=lambda item: item.at)
    assert [(item.title.partition(") ")[2], item.health) for item in found] == [
        ("are degraded within 1 s", "degraded"),
        ("are not degraded any more within 1 s", "up"),
    ]


@pytest.mark.parametrize("state", ["Established", "Active"])
def test_what_was_only_not_reported_did_not_go_down(state: str) -> None:
    """BGPSessionStates of a pod that is replaced are collected with it, and written again by the next one."""
    places = [(f"10.0.0.{number}", {"lost": 0}) for number in (1, 2)]
    away = [turn(0, "node-1", place, before=state, after="Unknown", **more) for place, more in places]
    back = [turn(120, "node-1", place, before="Unknown", after=state, **more) for place, more in places]
    found = grouped([*away, *back], {1: "lab"}, TOGETHER)
    assert {item.health for item in found} == {"unknown"}
    assert [item.title for item in sorted(found, key=lambda item: item.at)] == [
        "2 sessions of node-1 are not known any more within 1 s",
        f"2 sessions of node-1 are known again: {'up' if state == 'Established' else 'down'} within 1 s",
    ]


@pytest.fixture
def day(cluster: Cluster, settings: Settings) -> datetime:
    """A cordon, an edit and a reload, then four sessions that go down; an hour before, nobody observed."""
    settings.BGPUI_EXEC_TIMEOUT = 600.0  # no answer grows too old while the rows are made
    now = clock.now()

    def event(minutes: float, kind: str, node: str, text: str = "") -> None:
        at = now - timedelta(minutes=minutes)
        NodeEvent.objects.create(cluster=cluster, node=node, at=at, kind=kind, text=text)

    event(11, "node-cordoned", "node-0")
    event(10.2, "frr-reloaded", "node-0")
    event(10.1, "frr-reloaded", "node-1")
    change = Change.objects.create(cluster=cluster, kind="BGPPeer", name="tor-a", action="update", source="cluster",
                                   manager="kubectl-edit", message="new AS")  # fmt: skip
    Change.objects.filter(pk=change.pk).update(at=now - timedelta(minutes=10.5))
    speakers = [a_speaker(cluster, f"node-{number}") for number in range(2)]
    for number in range(4):
        row = a_session(speakers[number % 2], f"10.0.0.{number // 2}")
        place = {"session": row, "cluster": cluster, "node": row.node, "vrf": row.vrf, "neighbor": row.neighbor}
        at = now - timedelta(minutes=10, seconds=-number)
        Transition.objects.create(
            **place, peer="tor-a", at=at, old_state="Established", new_state="Idle", cause="Bad Peer AS"
        )
    gap = [now - timedelta(minutes=minutes) for minutes in (91, 61)]
    for node in ("node-0", "node-1"):
        Gap.objects.create(cluster=cluster, node=node, began_at=gap[0], ended_at=gap[1])
    return now


LINES = [
    "2 sessions of node-1 went down within 2 s",
    "2 sessions of node-0 went down within 2 s",
    "2 nodes (node-0, node-1) loaded another FRR configuration",
    "BGPPeer tor-a changed by kubectl-edit",
    "node-0 was cordoned",
    "2 nodes (node-0, node-1) did not answer for 30 min",
]


def lines(page: str) -> list[str]:
    """What the table says happened, from the top."""
    found = re.findall(r'<th scope="row">(?:<a[^>]*>)?(.*?)(?:</a>)?(?:<span.*?)?</th>', page)
    return [unescape(line) for line in found]


def test_what_changed_just_before_is_right_below(viewer: Client, day: datetime) -> None:
    page = viewer.get(URL).text
    assert lines(page) == LINES
    assert "Bad Peer AS" in page
    assert re.findall(r'lane-label">(\w[\w ]*) <span class="soft tnum">(\d)', page) == [
        ("Configuration", "1"), ("Nodes", "1"), ("FRR", "1"), ("Sessions", "2"), ("Not observed", "1"),
    ]  # fmt: skip


def test_filters_narrow_it_and_what_is_not_understood_is_said(viewer: Client, day: datetime) -> None:
    assert lines(viewer.get(f"{URL}?lane=frr").text) == LINES[2:3]
    assert lines(viewer.get(f"{URL}?node=node-0&lane=sessions").text) == LINES[1:2]
    assert lines(viewer.get(f"{URL}?reach=1h").text) == LINES[:5]
    assert lines(viewer.get(f"{URL}?cluster=other").text) == []
    until = (day - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert lines(viewer.get(f"{URL}?until={until}").text) == LINES[5:]
    for query in ("reach=2y", "lane=x", "until=soon", "until=0001-01-01T00:00:00Z"):
        page = viewer.get(f"{URL}?{query}")
        assert (page.status_code, f"The filter {query.partition('=')[0]} is not understood" in page.text) == (200, True)


def test_a_silence_that_lasts_or_spans_the_whole_time_is_told(
    viewer: Client, cluster: Cluster, settings: Settings
) -> None:
    settings.BGPUI_EXEC_TIMEOUT = 600.0  # what node-3 said stays current
    now = clock.now()

    def unseen(query: str) -> list[str]:
        return [one["title"] for one in viewer.get(f"/api/v1/timeline/?lane=unseen&{query}").json()["items"]]

    for number in range(3):
        a_speaker(cluster, f"node-{number}", seconds=50 * 60)
    a_speaker(cluster, "node-3")
    silent = "3 nodes (node-0, node-1, node-2) have not answered for 50 min"
    assert unseen("reach=1h") == [silent]
    assert silent in viewer.get(f"{URL}?reach=1h").text
    assert unseen("node=node-1") == ["node-1 has not answered for 50 min"]
    assert unseen("node=node-3") == []
    began, ended = now - timedelta(hours=9), now - timedelta(hours=4)
    Gap.objects.create(cluster=cluster, node="node-0", began_at=began, ended_at=ended)
    within = (now - timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert unseen(f"until={within}&reach=1h") == ["node-0 did not answer for 5 h"]
    assert unseen("until=9999-12-31T23:59:59Z") == []


@pytest.mark.parametrize("change", ["nothing can be known", "not in the settings any more", "switched off"])
def test_nodes_of_clusters_that_nobody_observes_do_not_fail_to_answer(
    viewer: Client, cluster: Cluster, settings: Settings, change: str
) -> None:
    a_speaker(cluster, "node-0", seconds=50 * 60)
    assert viewer.get("/api/v1/timeline/?lane=unseen&reach=1h").json()["items"]
    if change == "nothing can be known":
        Cluster.objects.update(observing=Cluster.Observing.NOTHING)
    elif change == "switched off":
        Cluster.objects.update(source=Cluster.Source.ADDED, enabled=False)
    else:
        settings.BGPUI_CLUSTERS = ()
    assert viewer.get("/api/v1/timeline/?lane=unseen&reach=1h").json()["items"] == []


def test_a_silence_that_lasts_is_as_new_as_what_happens_now(viewer: Client, cluster: Cluster) -> None:
    a_speaker(cluster, "node-0", seconds=50 * 60)
    at = clock.now() - timedelta(seconds=30)
    NodeEvent.objects.bulk_create(
        NodeEvent(cluster=cluster, node=f"n-{n}", kind=NodeEvent.Kind.READY, at=at - n * 2 * TOGETHER)
        for n in range(150)
    )
    first, second, *_ = lines(viewer.get(f"{URL}?reach=1h").text)
    assert (first.partition(" for ")[0], second) == ("node-0 has not answered", "n-0 became ready")


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59Z", "0001-02-01T00:00:00Z"])
def test_the_ends_of_time_have_a_page(viewer: Client, day: datetime, until: str) -> None:
    for reach in REACHES:
        assert viewer.get(f"{URL}?until={until}&reach={reach}").status_code == 200
        assert viewer.get(f"/api/v1/timeline/?until={until}&reach={reach}").status_code == 200


def test_a_change_set_is_one_line_and_its_way_back_another(viewer: Client, cluster: Cluster) -> None:
    made = ChangeSet.objects.create(cluster=cluster)

    def enter(action: str, *names: str) -> None:
        for name in names:
            Change.objects.create(
                cluster=cluster, kind="BGPPeer", name=name, action=action, source="api", change_set=made
            )

    enter("create", "a", "b", "c")
    page = viewer.get(URL).text
    there = "3 objects changed at once by somebody, BGPPeer a first"
    assert lines(page) == [there]
    assert f'href="/changes/sets/{made.pk}/"' in page
    enter("delete", "c", "b", "a")
    assert lines(viewer.get(URL).text) == ["3 objects changed at once by somebody, BGPPeer c first", there]


def test_rest_says_the_same(viewer: Client, day: datetime) -> None:
    told = viewer.get("/api/v1/timeline/").json()
    assert [one["title"] for one in told["items"]] == LINES
    first = told["items"][1]
    assert (first["lane"], first["number"], first["nodes"], first["neighbors"], first["detail"]) == (
        "sessions",
        2,
        ["node-0"],
        ["10.0.0.0", "10.0.0.1"],
        "Bad Peer AS",
    )
    wrong = viewer.get("/api/v1/timeline/?reach=2y")
    assert (wrong.status_code, wrong.json()["findings"][0]["field"]) == (400, "reach")


def test_who_may_not_see_changes_is_not_told_of_them(client: Client, day: datetime) -> None:
    user = User.objects.create_user("watcher")
    user.user_permissions.set(Permission.objects.filter(codename="view_session"))
    client.force_login(user)
    assert lines(client.get(URL).text) == [line for line in LINES if "BGPPeer" not in line]


def test_a_storm_costs_one_query_more_than_silence_and_no_more_page(
    viewer: Client, cluster: Cluster, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(14):
        quiet = len(viewer.get(URL).content)
    place, now = {"cluster": cluster, "vrf": "default", "peer": "tor"}, clock.now()
    Transition.objects.bulk_create(
        Transition(**place, node=f"node-{number % 2000}", neighbor=f"10.0.0.{number // 2000}",
                   at=now - timedelta(seconds=number / 2000), old_state="Established", new_state="Idle")
        for number in range(6000)
    )  # fmt: skip
    with django_assert_max_num_queries(15):
        page = viewer.get(URL).text
    told = lines(page)
    assert len(told) == 4
    routers = "tor 10.0.0.0, tor 10.0.0.1, tor 10.0.0.2"
    assert f"More than 5,000 changes since then: what sessions to {routers} have from before" in told[-1]
    assert "More happened in this time than is shown" in page
    assert len(page) - quiet < 10_000


def test_many_changes_by_one_manager_do_not_hide_what_sessions_did(viewer: Client, cluster: Cluster) -> None:
    row, at = a_session(a_speaker(cluster)), clock.now()
    place = {"node": row.node, "vrf": row.vrf, "neighbor": row.neighbor, "peer": row.peer}
    Transition.objects.create(
        cluster=cluster, session=row, at=at - timedelta(minutes=9), old_state="Established", new_state="Active", **place
    )
    about: dict[str, Any] = {"kind": "BGPPeer", "namespace": "metallb-system", "action": "update", "source": "cluster"}
    Change.objects.bulk_create(
        Change(cluster=cluster, name=f"p-{number:03}", manager="argocd-controller", **about) for number in range(400)
    )
    told = viewer.get("/api/v1/timeline/").json()
    assert [one["title"] for one in told["items"]] == [
        "400 BGPPeer objects (p-000, p-001, p-002 and 397 more) changed by argocd-controller",
        "node-0 → tor-a 10.0.0.1 went down",
    ]
    assert told["items"][0]["number"] == 400
    assert "/changes/?cluster=lab&amp;kind=BGPPeer&amp;manager=argocd-controller" in viewer.get(URL).text


def test_lanes_count_what_the_list_has_no_room_for(viewer: Client, cluster: Cluster) -> None:
    row, at = a_session(a_speaker(cluster)), clock.now()
    place = {"node": row.node, "vrf": row.vrf, "neighbor": row.neighbor, "peer": row.peer}
    Transition.objects.create(
        cluster=cluster, at=at - timedelta(hours=5), old_state="Established", new_state="Active", **place
    )
    NodeEvent.objects.bulk_create(
        NodeEvent(
            cluster=cluster, node=f"n-{number}", kind=NodeEvent.Kind.READY, at=at - timedelta(seconds=15 * number)
        )
        for number in range(350)
    )
    page = viewer.get(URL).text
    assert 'aria-label="Sessions: 1 line' in page
    assert 'aria-label="Nodes: 350 lines' in page
    assert "300 lines here, 351 in all" in page
