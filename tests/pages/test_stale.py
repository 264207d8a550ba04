"""Nodes whose speakers refuse their configuration: pages and REST say so, with the rule and the objects."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from clusters.models import Cluster, Node, StatusObject
from clusters.stale import refusals
from clusters.sync.findings import findings_write
from peers.models import BGPPeer
from speakers.models import Speaker
from tests.pages.rows import EXAMPLE, a_peer, a_session, a_speaker, down
from tests.pages.test_reported import a_report


@pytest.fixture
def refusing(cluster: Cluster) -> Cluster:
    """Two peers with different own AS numbers meet on node-0; node-1 reads only one of them, node-2 none.

    MetalLB 0.16 reads on a node only what is for it, and keeps the old configuration when it refuses the new one.
    """
    Node.objects.filter(cluster=cluster, name="node-2").update(labels={"rack": "9"})
    racks = [{"matchExpressions": [{"key": "rack", "operator": "In", "values": ["0", "1"]}]}]
    a_peer(cluster, "tor-a", {**EXAMPLE, "nodeSelectors": racks})
    first = [{"matchLabels": {"rack": "0"}}]
    a_peer(cluster, "tor-b", {**EXAMPLE, "peerAddress": "10.0.0.2", "myASN": 64999, "nodeSelectors": first})
    findings_write(cluster)
    for name in ("node-0", "node-1", "node-2"):
        a_speaker(cluster, name)
    return cluster


def _row(page: str, node: str) -> str:
    rows: list[str] = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    (row,) = (row for row in rows if f">{node}</a>" in row)
    return row


def test_the_page_of_speakers_names_the_node_the_rule_and_the_objects(viewer: Client, refusing: Cluster) -> None:
    page = viewer.get("/speakers/").text
    row = _row(page, "node-0")
    assert "Keeps its old configuration" in row
    assert "myASN" in row
    assert "BGPPeer tor-a" in row
    assert "BGPPeer tor-b" in row
    assert "1 node keeps its old configuration" in page
    for node in ("node-1", "node-2"):
        assert "old configuration" not in _row(page, node)
    assert re.findall(r"data-row[^>]*>([\w-]+)<", page)[0] == "node-0"
    assert re.findall(r"data-row[^>]*>([\w-]+)<", viewer.get("/speakers/?state=old").text) == ["node-0"]


def test_the_pages_of_clusters_say_so(viewer: Client, refusing: Cluster) -> None:
    assert "1 node keeps its old configuration" in viewer.get("/clusters/").text
    page = viewer.get("/clusters/lab/").text
    assert "1 node keeps its old configuration" in page
    assert "<b>tor-a</b>" in page
    assert "<b>tor-b</b>" in page
    assert "On 1 node: node-0" in page


def test_where_all_accept_nothing_is_said(viewer: Client, refusing: Cluster) -> None:
    BGPPeer.objects.filter(name="tor-b").delete()
    findings_write(refusing)
    for path in ("/speakers/", "/clusters/", "/clusters/lab/"):
        page = re.sub(r"<option.*?</option>", "", viewer.get(path).text)
        assert "old configuration" not in page


def test_rest_says_so_too(viewer: Client, refusing: Cluster) -> None:
    found = {speaker["node"]: speaker["refusals"] for speaker in viewer.get("/api/v1/speakers/").json()["results"]}
    assert (found["node-1"], found["node-2"]) == ([], [])
    (why,) = found["node-0"]
    assert {ref["name"] for ref in why["objects"]} == {"tor-a", "tor-b"}
    assert (why["severity"], why["field"], why["nodes"]) == ("error", "spec.myASN", ["node-0"])
    one = viewer.get("/api/v1/speakers/").json()["results"][0]["id"]
    assert "refusals" in viewer.get(f"/api/v1/speakers/{one}/").json()


WORDS = "configuration error: <i>peer</i> tor-z has no password"


@pytest.fixture
def reporting(refusing: Cluster) -> Cluster:
    """MetalLB itself reports node-0, whose rules are broken, too, and node-2, of which the rules know nothing."""
    for node in ("node-0", "node-2"):
        a_report(refusing, "ConfigurationState", f"speaker-{node}", node=node, result="Invalid", message=WORDS)
    a_report(refusing, "ConfigurationState", "speaker-node-1", node="node-1", result="Valid")
    return refusing


def test_what_metallb_says_stands_beside_what_the_rules_say(viewer: Client, reporting: Cluster) -> None:
    page = viewer.get("/speakers/").text
    assert "2 nodes keep their old configuration" in page
    assert "MetalLB says: configuration error: &lt;i&gt;peer&lt;/i&gt; tor-z" in _row(page, "node-2")
    assert "The rules say" not in _row(page, "node-2")
    assert "The rules say: " in _row(page, "node-0")
    assert "MetalLB says: " in _row(page, "node-0")
    assert "old configuration" not in _row(page, "node-1")
    assert "2 nodes keep their old configuration" in viewer.get("/clusters/").text
    assert "<h3>MetalLB says</h3>" in viewer.get("/clusters/lab/").text
    refused = {one["node"]: one["refusals"] for one in viewer.get("/api/v1/speakers/").json()["results"]}
    assert [why["code"] for why in refused["node-2"]] == ["configuration-state"]


def test_home_says_it_in_one_sentence_with_both_sources(viewer: Client, reporting: Cluster) -> None:
    a_session(Speaker.objects.get(node="node-1"))
    page = viewer.get("/").text
    assert page.count("keep their old configuration") == 1
    told = page[page.index("keep their old configuration") :]
    assert told.index("MetalLB says: configuration error: &lt;i&gt;peer") < told.index("The rules say: ")
    only = viewer.get("/?node=node-2").text
    assert "node-2 keeps its old configuration" in only
    StatusObject.objects.update(result="Valid")
    page = viewer.get("/").text
    assert "node-0 keeps its old configuration" in page, "the rules say so, whatever is not reported yet"
    BGPPeer.objects.filter(name="tor-b").delete()
    findings_write(reporting)
    assert "old configuration" not in viewer.get("/").text


def test_a_controller_that_refuses_is_said_of_its_cluster(viewer: Client, cluster: Cluster) -> None:
    a_report(cluster, "ConfigurationState", "controller", result="Invalid", message=WORDS)
    page = viewer.get("/clusters/lab/").text
    assert "MetalLB's controller keeps its old configuration" in page.replace("&#x27;", "'")
    assert "tor-z has no password" in page


def test_a_freeze_that_no_session_tells_is_a_problem(viewer: Client, reporting: Cluster) -> None:
    for node in ("node-0", "node-1"):
        a_session(Speaker.objects.get(node=node))
    rule, unexplained = viewer.get("/api/v1/problems/").json()["results"]
    assert {key: rule[key] for key in ("kind", "health", "sessions", "nodes", "number_of_nodes")} == {
        "kind": "configuration",
        "health": "old",
        "sessions": 0,
        "nodes": ["node-0"],
        "number_of_nodes": 1,
    }
    assert "myASN" in rule["cause"]
    assert {"object": "BGPPeer tor-a", "page": "/peers/lab/metallb-system/tor-a/"} in rule["objects"]
    assert "The rules say and MetalLB says so" in rule["detail"], "one row, whoever says it"
    assert (unexplained["nodes"], unexplained["objects"][0]["object"]) == (
        ["node-2"],
        "ConfigurationState speaker-node-2",
    )
    assert viewer.get("/api/v1/problems/?vrf=default").json()["count"] == 0, "no session of the VRF is concerned"
    assert viewer.get("/api/v1/problems/?node=node-1").json()["count"] == 0
    page = viewer.get("/").text
    said, rows = _home(page)
    assert said == "1 node refuses its configuration; no session is down."
    assert "old configuration node-0 all that was changed since" in rows[0]
    assert '<a href="/peers/lab/metallb-system/tor-b/">BGPPeer tor-b</a>' in page
    assert re.search(r"<dt>Old config</dt><dd class=\"ink-down\"><a [^>]+>2 nodes</a>", page)
    assert "in sync" not in page.partition('id="matrix-head"')[0]


def test_what_frr_k8s_refuses_is_said_though_metallb_finds_nothing(viewer: Client, cluster: Cluster) -> None:
    """frr-k8s merges what MetalLB and people write; if it cannot, MetalLB's ConfigurationState stays Valid."""
    a_session(a_speaker(cluster, "node-1"))
    a_report(cluster, "ConfigurationState", "speaker-node-1", node="node-1", result="Valid")
    a_report(cluster, "FRRNodeState", "node-1", node="node-1", result="failed", message="multiple asns for VRF red")
    (found,) = viewer.get("/api/v1/problems/").json()["results"]
    assert (found["kind"], found["nodes"], found["detail"].split(" · ")[-1]) == (
        "configuration", ["node-1"], "frr-k8s says so"
    )  # fmt: skip
    assert "multiple asns for VRF red" in found["cause"]
    assert "frr-k8s says: multiple asns" in viewer.get("/speakers/").text


def _home(page: str) -> tuple[str, list[str]]:
    """The first sentence, and the rows of problems, as text."""
    table = page.partition('id="problems-head"')[2].partition("</table>")[0]
    head = page.partition("<h1")[2].partition("</h1>")[0].partition(">")[2]
    texts = [head, *re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:]]
    said, *rows = (" ".join(re.sub(r"<[^>]+>", " ", text).split()) for text in texts)
    return re.sub(r" ([;.])", r"\1", said), rows


def _absent(cluster: Cluster, refused: int, lost: int) -> None:
    """node-0 lacks sessions since it refuses its configuration; a router is down on it, too."""
    (speaker,) = cluster.speakers.filter(node="node-0")
    for number in range(refused):
        a_session(speaker, f"10.1.0.{number}", **down(state="Absent", reason="", cause="FRR does not have it"))
    for number in range(lost):
        a_session(speaker, "10.2.0.1", **down(vrf=f"v{number}"))
    a_session(speaker, "10.3.0.1")
    a_session(speaker, "10.3.0.2")


def test_a_refused_configuration_leads_when_nothing_touches_more(viewer: Client, refusing: Cluster) -> None:
    _absent(refusing, refused=5, lost=1)
    said, rows = _home(viewer.get("/").text)
    assert said == "1 node refuses its configuration; 6 of 8 sessions are down."
    assert "5 absent" in rows[0]
    assert "The speakers refuse their configuration" in rows[0]
    assert rows[1].startswith("Down tor-a 10.2.0.1")


def test_what_touches_more_leads_before_a_refused_configuration(viewer: Client, refusing: Cluster) -> None:
    _absent(refusing, refused=1, lost=0)
    for index in (1, 2):
        (speaker,) = refusing.speakers.filter(node=f"node-{index}")
        a_session(speaker, "10.2.0.1", **down())
        a_session(speaker, "10.3.0.1")
        a_session(speaker, "10.3.0.2")
    said, rows = _home(viewer.get("/").text)
    assert said == "No node is cut off; 3 of 9 sessions are down."
    assert "2 down" in rows[0]


def test_the_rule_that_is_broken_is_told_to_its_last_word(viewer: Client, cluster: Cluster) -> None:
    for index in range(9):
        a_peer(cluster, f"a-peer-with-a-rather-long-name-{index}", {**EXAMPLE, "peerAddress": f"10.0.0.{index + 1}"})
        spec = {**EXAMPLE, "peerAddress": f"10.0.1.{index + 1}", "routerID": "10.10.10.11"}
        a_peer(cluster, f"edge-of-the-far-away-side-{index}", spec)
    findings_write(cluster)
    a_speaker(cluster, "node-0")
    _absent(cluster, refused=3, lost=0)
    _said, rows = _home(viewer.get("/").text)
    assert "and 4 more)" in rows[0].partition("10.10.10.11")[2]


def test_words_that_metallb_shares_with_the_rules_are_said_once(viewer: Client, refusing: Cluster) -> None:
    rule = next(one for one in refusals(refusing) if not one.reported).finding.message
    a_report(
        refusing, "ConfigurationState", "speaker-node-0", node="node-0", result="Invalid", message=f"config: {rule}"
    )
    a_session(Speaker.objects.get(node="node-1"))
    told = viewer.get("/").text.partition("keeps its old configuration</a>")[2].partition("</p>")[0]
    assert "MetalLB says: config: " in told
    assert "The rules say" not in told


def test_a_neighbor_that_frr_lacks_names_what_is_to_be_mended(viewer: Client, refusing: Cluster) -> None:
    row = a_session(Speaker.objects.get(node="node-0"), "10.0.0.9", peer="tor-b", state="Absent")
    page = viewer.get(row.get_absolute_url()).text.partition('id="why-head"')[2].partition("</section>")[0]
    assert "The speakers refuse their configuration: " in page
    assert '<a href="/peers/lab/metallb-system/tor-b/">BGPPeer tor-b</a>' in page
    other = a_session(Speaker.objects.get(node="node-1"), "10.0.0.9", peer="tor-b", state="Absent")
    assert "refuse their configuration" not in viewer.get(other.get_absolute_url()).text
