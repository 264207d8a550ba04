"""Lists: filters and order in the URL, pages, and a number of queries that stays."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from clusters import clock
from clusters.models import ChangeSet, Cluster, StatusObject
from clusters.sync.findings import findings_write
from dashboard.peers import peer_sessions_write
from peers.models import BGPPeer
from speakers.models import Speaker
from tests.pages.rows import a_peer, a_session, a_speaker, down
from tests.pages.test_resources import text


def names(page: str) -> list[str]:
    """The first column."""
    return re.findall(r'data-row id="(?:row|speaker)-\d+"[^>]*>([^<]+)<', page)


@pytest.fixture
def peers(cluster: Cluster) -> None:
    at = clock.now()
    spec = {"myASN": 64500, "peerASN": 65001, "peerAddress": "10.0.0.1"}
    a_peer(cluster, "bad", spec, sessions_at=at, sessions_intended=3, sessions_up=1, sessions_down=2)
    a_peer(cluster, "fine", {**spec, "peerASN": 65002}, sessions_at=at, sessions_intended=3, sessions_up=3)
    a_peer(cluster, "red", {**spec, "vrf": "red"}, sync_state="conflict", sync_message="kubectl-edit was faster")
    a_peer(cluster, "warned", spec, severity="warning", sessions_at=at)
    a_session(a_speaker(cluster, "node-0"), peer="bad")
    a_session(a_speaker(cluster, "node-1"), **down(peer="bad"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["bad", "fine", "red", "warned"]),
        ("?sort=-name", ["warned", "red", "fine", "bad"]),
        ("?sort=asn", ["bad", "red", "warned", "fine"]),
        ("?sort=nonsense", ["bad", "fine", "red", "warned"]),
        ("?q=AS65002", ["fine"]),
        ("?q=10.0 re", ["red"]),
        ("?vrf=red", ["red"]),
        ("?sync=conflict", ["red"]),
        ("?sync=stuck", ["red"]),
        ("?sync=warning", ["warned"]),
        ("?sessions=down", ["bad"]),
        ("?sessions=up", ["fine"]),
        ("?q=%01%27", []),
    ],
)
def test_peers_are_filtered_and_ordered_by_the_url(viewer: Client, peers: None, query: str, found: list[str]) -> None:
    assert names(viewer.get("/peers/" + query).text) == found


def test_both_axes_stand_side_by_side(viewer: Client, peers: None) -> None:
    page = viewer.get("/peers/").text
    assert "1 / 2 up" in page
    assert "1 down" in page
    assert "kubectl-edit was faster" in page
    assert '<td data-label="Sessions"><span class="state" data-h="down">1 / 2 up' in page  # "blank" hides it on a phone


def test_a_peer_whose_speakers_fell_silent_is_not_shown_as_up(viewer: Client, cluster: Cluster) -> None:
    at = clock.now()
    a_peer(cluster, "tor-a", sessions_at=at, sessions_intended=1, sessions_up=1)
    a_session(a_speaker(cluster, seconds=3600))
    for path in ("/peers/", "/peers/lab/metallb-system/tor-a/"):
        page = viewer.get(path).text
        assert "0 / 1 up" in page
        assert "1 unknown" in page


def test_a_new_peer_waits_for_the_next_poll_and_is_not_called_unknown(viewer: Client, cluster: Cluster) -> None:
    a_peer(cluster, sessions_intended=6)
    page = viewer.get("/peers/lab/metallb-system/tor-a/").text
    assert "6 not observed yet" in page
    assert "6 sessions should open" in page
    assert "unknown" not in page.partition("<main")[2].partition("As YAML")[0].replace('data-h="unknown"', "")
    assert "No node opens" not in page


def _many_peers(cluster: Cluster, number: int) -> None:
    BGPPeer.objects.bulk_create(
        [BGPPeer(cluster=cluster, namespace="metallb-system", name=f"p-{i:04}") for i in range(number)]
    )


def _many_speakers(cluster: Cluster, number: int) -> None:
    Speaker.objects.bulk_create([Speaker(cluster=cluster, node=f"n-{i:04}", pod=f"s-{i}") for i in range(number)])


@pytest.mark.parametrize(("path", "fill"), [("/peers/", _many_peers), ("/speakers/", _many_speakers)])
def test_a_list_of_a_thousand_costs_as_many_queries_as_one_of_ten(  # type: ignore[no-untyped-def]
    viewer: Client, cluster: Cluster, django_assert_max_num_queries: DjangoAssertNumQueries, path: str, fill
) -> None:
    fill(cluster, 10)
    with django_assert_max_num_queries(18) as few:
        viewer.get(path)
    BGPPeer.objects.all().delete()
    Speaker.objects.all().delete()
    fill(cluster, 1000)
    with django_assert_max_num_queries(18) as many:
        page = viewer.get(path).text
    assert len(few) == len(many)
    assert len(names(page)) == 50
    assert "1 to 50 of 1,000" in page
    assert re.findall(r'\?page=(\d+)"[^>]*>(Next|Last)<', page) == [("2", "Next"), ("20", "Last")]
    last = viewer.get(path + "?page=20").text
    assert len(names(last)) == 50
    assert re.search(r'href="\?">First</a>', last)


def test_speakers_show_what_needs_a_look_first(viewer: Client, cluster: Cluster) -> None:
    a_speaker(cluster, "a-fine")
    a_speaker(cluster, "b-silent", seconds=600, misses=9, error="exec: container frr is not running")
    a_speaker(cluster, "c-without", pod="", observed_at=None)
    page = viewer.get("/speakers/").text
    assert names(page) == ["b-silent", "c-without", "a-fine"]
    assert "9 polls missed: exec: container frr is not running" in page
    assert "no pod" in page
    assert names(viewer.get("/speakers/?state=unknown").text) == ["b-silent"]


@pytest.mark.parametrize(
    ("path", "words"), [("/peers/", "There is no BGPPeer yet"), ("/speakers/", "component=speaker")]
)
def test_an_empty_list_says_what_to_do(viewer: Client, cluster: Cluster, path: str, words: str) -> None:
    assert words in viewer.get(path).text


def test_a_cluster_that_cannot_be_used_says_so_and_offers_the_role(viewer: Client, cluster: Cluster) -> None:
    denied = {"verb": "create", "group": "", "resource": "pods", "subresource": "exec", "namespace": "metallb-system"}
    cluster.permissions = [{**denied, "why": "to ask FRR", "allowed": False}]
    cluster.problems = [{"text": "MetalLB is not installed.", "way_out": "Install MetalLB."}]
    cluster.error = "connection refused <b>"
    cluster.save()
    page = viewer.get("/clusters/lab/").text
    for part in (
        "pods/exec",
        "kind: Role",
        "MetalLB is not installed.",
        "Install MetalLB.",
        "connection refused &lt;b&gt;",
    ):
        assert part in page
    assert "not reached" in viewer.get("/clusters/").text


def test_what_holds_for_a_whole_cluster_stands_on_its_page(viewer: Client, cluster: Cluster) -> None:
    for version, told in (("0.16.1", True), ("0.15.3", False)):
        cluster.mode, cluster.metallb_version = "frr", version
        cluster.save()
        assert ("FRR mode is deprecated since MetalLB 0.16.0" in viewer.get("/clusters/lab/").text) is told


def test_peers_that_want_the_same_neighbor_both_say_so(viewer: Client, cluster: Cluster) -> None:
    for name in ("doc-example-peer", "peer1"):
        a_peer(cluster, name)
    findings_write(cluster)
    for index in range(3):
        a_session(a_speaker(cluster, f"node-{index}"), peer="peer1")
    peer_sessions_write(cluster)
    rows = {name: _row(viewer.get("/peers/").text, name) for name in ("doc-example-peer", "peer1")}
    assert "0 / 3 up 3 claimed by peer1 too" in rows["doc-example-peer"]
    assert "3 / 3 up" in rows["peer1"]
    page = viewer.get("/peers/lab/metallb-system/doc-example-peer/").text
    assert "peer1 wants it too: the session is counted there" in page
    axis = viewer.get("/api/v1/bgppeers/lab/metallb-system/doc-example-peer/").json()["sessions"]
    assert axis == {
        "intended": 3,
        "up": 0,
        "degraded": 0,
        "down": 0,
        "unknown": 0,
        "claimed": 3,
        "rivals": ["peer1"],
    }


@pytest.mark.parametrize(
    ("path", "name", "one"),
    [
        ("/?health=", "Health", "degraded"),
        ("/peers/?sync=", "Sync", "conflict"),
        ("/peers/?sessions=", "Sessions", "none"),
        ("/speakers/?state=", "State", "late"),
        ("/pools/?sync=", "Sync", "conflict"),
        ("/services/?state=", "State", "shared"),
        ("/services/?policy=", "Policy", "Local"),
        ("/changes/sets/?state=", "State", "rolled_back"),
    ],
)
def test_a_filter_that_there_is_not_is_said(viewer: Client, cluster: Cluster, path: str, name: str, one: str) -> None:
    told = f"{name} “nope” does not exist, so this filter leaves nothing out. There are: "
    page = viewer.get(f"{path}nope").text
    assert told in page
    assert one in page.partition(told)[2].partition("</p>")[0]
    assert "does not exist" not in viewer.get(f"{path}{one}").text


def test_a_result_that_nothing_reports_is_said(viewer: Client, cluster: Cluster) -> None:
    at = clock.now()
    StatusObject.objects.create(
        cluster=cluster, kind="ConfigurationState", name="controller", result="Valid", seen_at=at
    )
    told = "Result “nope” does not exist, so this filter leaves nothing out. There are: Valid."
    page = viewer.get("/status/configurationstates/?result=nope").text
    assert told in page
    assert "controller</a>" in page


def test_change_sets_are_counted_and_filtered_by_state(viewer: Client, cluster: Cluster) -> None:
    for state in ("applied", "applied", "rolled_back"):
        ChangeSet.objects.create(cluster=cluster, state=state)
    assert "<h1>3 change sets</h1>" in viewer.get("/changes/sets/").text
    page = viewer.get("/changes/sets/?state=rolled_back").text
    assert "<h1>1 change set found</h1>" in page
    assert '<option value="rolled_back" selected>' in page
    assert "No change set is in this state." in viewer.get("/changes/sets/?state=pending").text


def _row(page: str, name: str) -> str:
    (row,) = (row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f">{name}</a>" in row)
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


@pytest.mark.parametrize(
    "path",
    ["/peers/", "/", "/services/", "/speakers/", "/status/", "/status/frrnodestates/", "/changes/", "/changes/sets/"],
)
def test_a_cluster_that_there_is_not_is_told(viewer: Client, cluster: Cluster, path: str) -> None:
    page = text(viewer.get(f"{path}?cluster=typo").text)
    assert "typo" in page
    assert "lab" in page.partition("typo")[2]
    assert "does not exist" not in text(viewer.get(f"{path}?cluster=lab").text)


def test_a_list_of_no_cluster_does_not_say_that_there_is_nothing(viewer: Client, cluster: Cluster) -> None:
    page = text(viewer.get("/peers/?cluster=typo").text)
    assert "There is no BGPPeer yet" not in page
