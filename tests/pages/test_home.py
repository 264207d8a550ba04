"""The Sessions page: what it says first, what it groups, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clusters import clock
from clusters.models import Cluster
from clusters.sync.findings import finding_columns
from intent.findings import Finding, Severity
from pools.models import IPAddressPool
from speakers.models import Session, Speaker, Transition
from tests.fleet import fleet
from tests.pages.rows import a_peer, a_session, a_speaker, down

BOARD = {"HX-Request": "true", "HX-Target": "board"}


def headline(page: str) -> str:
    """The first sentence, without markup."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert found
    return words(found[1])


def words(html: str) -> str:
    """What a reader sees of a piece of HTML."""
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def problem_rows(page: str) -> list[str]:
    """The rows of the problems table as text."""
    table = page.partition('id="problems-head"')[2].partition("</table>")[0]
    return [words(row) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:]]


def _fill(cluster: Cluster, nodes: list[list[dict[str, Any]]], seconds: list[float] | None = None) -> None:
    for index, sessions in enumerate(nodes):
        speaker = a_speaker(cluster, f"node-{index}", seconds=seconds[index] if seconds else 1)
        for number, columns in enumerate(sessions):
            a_session(speaker, f"10.0.0.{number + 1}", **columns)


@pytest.mark.parametrize(
    ("nodes", "seconds", "said"),
    [
        ([[{}], [{}]], None, "All 2 sessions are up."),
        ([[{}]], None, "The session is up."),
        ([[{}, down()], [{}, {}]], None, "No node is cut off; 1 node has one session left."),
        ([[{}, {}, down()], [{}, {}, {}]], None, "No node is cut off; 1 of 6 sessions is down."),
        ([[{}, {}, down()], [{}, {}]], [1, 3600], "No node is known to be cut off; 1 of 5 sessions is down."),
        ([[down(), down()], [{}, {}]], None, "1 node has no session left; 2 of 4 sessions are down."),
        ([[down()], [down()]], None, "No node has a session left."),
        ([[{}], [{}]], [1, 3600], "Nothing is known to be down; 1 of 2 sessions is unknown."),
        ([[{}], [{}]], [3600, 3600], "The state is not known: nothing was observed for 1 h."),
        ([[{"degraded": "BFD is down"}], [{}]], None, "No session is down; 1 is degraded."),
        ([[{"intended": False, "peer": ""}], [{}]], None, "No session is down; 1 is not intended."),
        ([[{}, down(intended=False, peer="")], [{}]], None, "No session is down; 1 is not intended."),
        ([[down(state="Absent")], [{}]], None, "1 node has no session left; 1 of 2 sessions is down."),
    ],
)
def test_the_first_sentence_says_what_it_means(
    viewer: Client, cluster: Cluster, nodes: list[list[dict[str, Any]]], seconds: list[float] | None, said: str
) -> None:
    _fill(cluster, nodes, seconds)
    assert headline(viewer.get("/").text) == said


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([[{}]], "Nothing is known to be down; 2 nodes were not heard of yet."),
        ([[{}, {}, down()]], "No node is known to be cut off; 1 of 3 sessions is down."),
        ([[down()]], "1 node has no session left; 1 of 1 session is down."),
    ],
)
def test_what_no_sweep_has_reached_yet_is_not_called_well(
    viewer: Client, cluster: Cluster, nodes: list[list[dict[str, Any]]], said: str
) -> None:
    _fill(cluster, nodes)
    for name in ("new-1", "new-2"):
        a_speaker(cluster, name, observed_at=None)
    for path in ("/", "/wall/"):
        page = viewer.get(path).text
        assert headline(page) == said
        assert "2 nodes were not heard of yet" in page
    assert viewer.get("/api/v1/overview/").json()["sentence"] == said


def test_what_is_degraded_is_not_counted_as_up(viewer: Client, cluster: Cluster) -> None:
    """The same words and numbers as `bgpui status` and REST have."""
    _fill(cluster, [[{}, {"degraded": "BFD is down"}], [{}, {}]])
    counts = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>(?:<a[^>]*>)?([\d,]+)", viewer.get("/").text))
    assert (counts["Up"], counts["Degraded"], counts["Down"]) == ("3", "1", "0")


def test_a_dead_router_is_one_problem_however_many_nodes_lost_it(viewer: Client, cluster: Cluster) -> None:
    _fill(cluster, [[{}, down(peer="tor-b")] for _ in range(5)])
    rows = problem_rows(viewer.get("/").text)
    assert len(rows) == 1
    assert "5 down" in rows[0]
    assert "10.0.0.2" in rows[0]
    assert "The hold timer expired" in rows[0]
    assert "and 3 more" in rows[0]


def test_the_same_router_in_another_vrf_is_another_problem(viewer: Client, cluster: Cluster) -> None:
    speaker = a_speaker(cluster)
    a_session(speaker, **down())
    a_session(speaker, **down(vrf="red"))
    assert len(problem_rows(viewer.get("/").text)) == 2


def test_speakers_that_share_a_failure_are_one_problem(viewer: Client, cluster: Cluster) -> None:
    for index in range(4):
        speaker = a_speaker(cluster, f"node-{index}", seconds=3600, misses=7, error="exec: connection refused")
        for number in range(3):
            a_session(speaker, f"10.0.0.{number}")
    rows = problem_rows(viewer.get("/").text)
    assert len(rows) == 1
    assert "12 unknown" in rows[0]
    assert "connection refused" in rows[0]


def test_one_missed_poll_is_neither_up_nor_unknown(viewer: Client, cluster: Cluster) -> None:
    a_session(a_speaker(cluster, misses=1))
    page = viewer.get("/").text
    assert 'data-h="late"' in page
    assert 'class="cell" id' in page
    assert not re.search(r'id="s\d+"[^>]*data-h="up"', page)


def test_only_vrfs_other_than_the_default_are_a_technology_preview(viewer: Client, cluster: Cluster) -> None:
    speaker = a_speaker(cluster)
    a_session(speaker)
    assert "Technology Preview" not in viewer.get("/").text
    a_session(speaker, "10.0.0.2", vrf="ens4vrf")
    page = viewer.get("/").text
    assert re.search(r"ens4vrf\s*<abbr[^>]*>Technology Preview", page)
    assert not re.search(r"default\s*<abbr", page)


def test_healthy_nodes_collapse_into_a_row_that_opens(viewer: Client) -> None:
    fleet(30, down_every=10)
    page = viewer.get("/").text
    assert page.count('scope="row"') == 3 + 1
    assert "27 healthy" in page
    assert "27 / 27" in page
    opened = viewer.get("/?healthy=1").text
    assert opened.count('scope="row"') == 30
    assert opened.index("worker-00020") < opened.index("worker-00001")


def test_a_filter_narrows_everything_and_can_be_dropped(viewer: Client) -> None:
    fleet(20, down_every=5)
    page = viewer.get("/?vrf=ens4vrf").text
    assert headline(page) == "Filtered: all 20 sessions are up."
    assert "tor-a" not in page
    assert "Drop this filter" in page
    assert headline(viewer.get("/?health=down").text) == "Filtered: 4 of 4 sessions are down."
    assert headline(viewer.get("/?q=as64700").text) == "Filtered: all 20 sessions are up."
    assert "No session matches" in viewer.get("/?node=nowhere").text


@pytest.mark.parametrize(
    "query", ["?page=999", "?page=x", "?health=fine", "?vrf=%01", "?q=%F0%9F%92%A9 %27;--", "?q=AS99999999999"]
)
def test_any_query_string_gets_an_answer(viewer: Client, cluster: Cluster, query: str) -> None:
    _fill(cluster, [[{}]])
    assert viewer.get("/" + query).status_code == 200


def test_htmx_gets_the_board_or_the_freshness_line_alone(viewer: Client, cluster: Cluster) -> None:
    _fill(cluster, [[{}]])
    board = viewer.get("/", headers=BOARD).text
    assert board.lstrip().startswith('<div id="board"')
    assert "<html" not in board
    fresh = viewer.get("/", headers={"HX-Request": "true", "HX-Target": "fresh"}).text
    assert fresh.lstrip().startswith("<p")
    assert "matrix" not in fresh
    assert "1 of 1 speaker answered" in re.sub(r"<[^>]+>", "", fresh)


@pytest.mark.parametrize(("seconds", "warned"), [([1, 1], False), ([1, 3600], True)])
@pytest.mark.parametrize("path", ["/", "/wall/"])
def test_a_live_page_warns_of_speakers_that_did_not_answer(
    viewer: Client, cluster: Cluster, path: str, seconds: list[float], warned: bool
) -> None:
    _fill(cluster, [[{}], [{}]], seconds)
    assert ('class="ink-warn">1 of 2 speakers answered' in viewer.get(path).text) is warned


def test_the_page_knows_when_it_is_too_old_to_be_trusted(viewer: Client, cluster: Cluster) -> None:
    _fill(cluster, [[{}]])
    page = viewer.get("/").text
    limit = re.search(r'data-observed="[\dTZ:-]+" data-limit="(\d+)" data-now="[\dTZ:-]+"', page)
    assert limit
    assert 30 <= int(limit[1]) <= 40


def test_queries_and_bytes_do_not_grow_with_the_fleet(
    viewer: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    cluster = fleet(10, down_every=5)
    with django_assert_max_num_queries(36) as few:
        viewer.get("/")
    Session.objects.all().delete()
    Speaker.objects.all().delete()
    cluster.delete()
    fleet(1000, down_every=5)
    with django_assert_max_num_queries(36) as many:
        response = viewer.get("/")
    assert len(many) <= len(few) + 1
    assert len(response.content) < 150_000
    assert "page 1 of 5" in response.text


def test_the_edges_of_the_fleet_are_named_and_the_rest_is_counted(viewer: Client) -> None:
    fleet(1000, down_every=5)
    page = viewer.get("/?page=2").text
    assert "160 more" in page
    assert "800 healthy" in page


@pytest.mark.parametrize(
    ("peers", "words"),
    [(0, "A session needs a BGPPeer"), (1, "no node matches their selectors")],
)
def test_an_empty_page_says_what_to_do_next(viewer: Client, cluster: Cluster, peers: int, words: str) -> None:
    for _ in range(peers):
        a_peer(cluster)
    assert words in viewer.get("/").text


def test_without_a_cluster_the_page_says_how_to_connect_one(viewer: Client) -> None:
    assert "BGPUI_CLUSTERS" in viewer.get("/").text


def test_a_cause_is_copied_with_everything_a_ticket_needs(viewer: Client, cluster: Cluster) -> None:
    _fill(cluster, [[down(), {}], [down(), {}]])
    page = viewer.get("/").text
    ticket = re.search(r'data-copy="([^"]*)"', page)
    assert ticket
    for part in (
        "2 down: tor-a 10.0.0.1 (AS 64501), VRF default",
        "cluster lab, nodes node-0, node-1",
        "UTC",
        "hold timer",
    ):
        assert part in ticket[1]


def test_two_clusters_are_told_apart(viewer: Client, cluster: Cluster) -> None:
    other = Cluster.objects.create(name="other", connected_at=clock.now())
    a_session(a_speaker(cluster), **down())
    a_session(a_speaker(other), **down(since=clock.now() - timedelta(hours=1)))
    page = viewer.get("/").text
    assert len(problem_rows(page)) == 2
    assert all(name in "".join(problem_rows(page)) for name in ("lab", "other"))
    assert len(problem_rows(viewer.get("/?cluster=other").text)) == 1


def test_an_absent_neighbor_and_the_headline_name_the_rule_that_stops_the_speakers(
    viewer: Client, cluster: Cluster
) -> None:
    _fill(cluster, [[down(state="Absent"), down(state="Absent")]])
    message = "routerID must be the same"
    found = Finding("router-id", Severity.ERROR, "spec.routerID", "", message, "", "", (), nodes=("node-0",))
    a_peer(cluster, "tor-z", **finding_columns([found]))
    page = viewer.get("/").text
    (row,) = problem_rows(page)
    assert "routerID must be the same" in row
    assert "Broken rules" in page
    assert ">in sync<" not in page


def test_drops_are_of_sessions_that_were_lost(viewer: Client, cluster: Cluster) -> None:
    """Not of those that became degraded or whole, were not heard, or are not wanted any more."""
    row = a_session(a_speaker(cluster), **down())
    between = {"connectionsDropped": 1}
    changes: list[tuple[str, dict[str, int]]] = [
        ("Established", {}), ("Established", {}), ("Unknown", {}), ("", {}), ("Established", between), ("Active", {}),
    ]  # fmt: skip
    place = {"cluster": cluster, "node": row.node, "vrf": row.vrf, "neighbor": row.neighbor}
    for hours, (state, evidence) in enumerate(changes, start=1):
        at = clock.now() - timedelta(hours=hours)
        known = {"at": at, "old_state": "Established", "new_state": state, "evidence": evidence}
        Transition.objects.create(session=row, **place, **known)
    page = viewer.get("/").text
    assert dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>(?:<a[^>]*>)?([\d,]+)", page))["Drops, 24 h"] == "2"
    ribbon = page.partition('id="problems-head"')[2].partition("</svg>")[0]
    assert ribbon.count('<rect class="down"') == 2 + 1  # it is down now, too


def test_a_dead_router_is_one_problem_in_whatever_state_each_node_is(viewer: Client, cluster: Cluster) -> None:
    reasons = ["no-answer", "no-connection", "hold-timer-expired-sent", "no-answer", "no-answer"]
    nodes = [[{}, down(peer="tor-b", reason=reason, cause=f"It is {reason}")] for reason in reasons]
    _fill(cluster, nodes)
    (row,) = problem_rows(viewer.get("/").text)
    assert "5 down" in row
    assert "It is no-answer" in row
    assert "2 of them: it is " in row


def test_a_node_that_lost_all_peers_is_one_problem_while_others_reach_them(viewer: Client, cluster: Cluster) -> None:
    lost = [down(reason="not-connected", cause="Not connected") for _ in range(4)]
    _fill(cluster, [[{}, {}, {}, down(reason="bad-peer-as-sent", cause="Bad AS")], [{}, {}, {}, {}], lost])
    first, second = problem_rows(viewer.get("/").text)
    assert "4 down node-2all of its 4 peers" in first
    assert "This node has lost all of its peers, and other nodes reach them: not connected" in first
    assert "10.0.0.4" in second
    assert "Bad AS" in second
    assert "node-2" not in second


def test_nodes_that_lost_all_peers_for_one_reason_are_one_problem(viewer: Client, cluster: Cluster) -> None:
    lost = [down(reason="not-connected", cause="Not connected") for _ in range(3)]
    other = [down(reason="admin-shutdown", cause="Shut down") for _ in range(3)]
    whole: list[dict[str, Any]] = [{}, {}, {}]
    _fill(cluster, [*(whole for _ in range(9)), *(lost for _ in range(5)), other])
    first, second = problem_rows(viewer.get("/").text)
    assert "15 down node-10, node-11 and 3 moreall of their 3 peers" in first
    assert "These nodes have lost all of their peers" in first
    assert "node-14" in second


def test_a_vrf_that_nodes_do_not_have_is_one_problem(viewer: Client, cluster: Cluster) -> None:
    missing = [down(vrf="red", reason="vrf-missing", cause="The VRF does not exist on this node") for _ in range(3)]
    _fill(cluster, [*([{}, *missing] for _ in range(10)), [{}, {"vrf": "red"}, {"vrf": "red"}, {"vrf": "red"}]])
    page = viewer.get("/").text
    (row,) = problem_rows(page)
    assert "30 down" in row
    assert "and 8 more3 peers" in row
    assert "?vrf=red&amp;health=down" in page


def test_causes_cost_the_same_however_much_is_down(
    viewer: Client, cluster: Cluster, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def board(size: int) -> int:
        Speaker.objects.all().delete()
        lost = [down(reason="not-connected") for _ in range(3)]
        missing = [down(vrf="red", reason="vrf-missing") for _ in range(2)]
        _fill(cluster, [*(lost for _ in range(size)), *([{}, {}, {}, *missing] for _ in range(2 * size))])
        with django_assert_max_num_queries(60) as seen:
            rows = problem_rows(viewer.get("/", headers=BOARD).text)
        assert len(rows) == 2
        return len(seen)

    board(1)  # what is read once in a process
    assert board(4) == board(10)


def test_the_headline_counts_edits_of_every_kind(viewer: Client, cluster: Cluster) -> None:
    _fill(cluster, [[{}]])
    pool = IPAddressPool.objects.create(cluster=cluster, namespace="metallb-system", name="pool", sync_state="conflict")
    page = viewer.get("/").text
    assert "Edits stuck" in page
    assert f'href="{reverse("pools")}?sync=stuck"' in page
    assert ">in sync<" not in page
    IPAddressPool.objects.filter(pk=pool.pk).update(sync_state="in_sync")
    assert ">in sync<" in viewer.get("/").text
