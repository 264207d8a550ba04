"""Guided ways as a browser without scripts walks them: questions, checks, Review, one change set of all objects."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from clusters.models import ChangeSet, Cluster, Node
from intent.kinds import KINDS
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster
from tests.clusters.sets import carry
from tests.documented import ANSWERS, MADE, spec
from tests.kinds import saved
from tests.pages.conftest import Browser
from tests.pages.forms import fields, post
from tests.pages.rows import EXAMPLE, a_peer
from tests.pages.test_resources import text

START = {"from": "guided", "cluster": "lab"}
APPLY = "/changes/sets/new/"


@pytest.fixture
def computers(live_cluster: Cluster) -> Cluster:
    """The same cluster with the nodes that the documentation names, and others."""
    live_cluster.nodes.all().delete()
    for number in range(1, 7):
        name = f"compute-{number}.example.com"
        labels = {"kubernetes.io/hostname": name, "rack": str(number % 2)}
        Node.objects.create(cluster=live_cluster, name=name, uid=name, labels=labels)
    return live_cluster


def walk(client: Client, slug: str, step: str = "review", **more: Any) -> Any:
    """Answer a way as the documentation has it."""
    return post(client, f"/guided/{slug}/", step, {**START, **ANSWERS[slug], **more})


def canonical(kube: RunningCluster, kind: str, name: str) -> dict[str, Any]:
    """An object's spec as it stands in the cluster, without the CRD's defaults."""
    described = KINDS[kind]
    found = kube.call(kube.server.store.get, f"{described.plural}.{described.group}", NAMESPACE, name)
    assert found is not None, f"{kind} {name}"
    return described.canonical(found["spec"])


@pytest.mark.parametrize("slug", MADE)
def test_a_way_ends_with_the_documented_objects_in_the_cluster_as_one_change(
    editor: Client, computers: Cluster, kube: RunningCluster, slug: str
) -> None:
    review = walk(editor, slug)
    assert review.status_code == 200, text(review.text)
    said = text(review.text)
    for kind, name in MADE[slug]:
        assert f"create {kind} {name}" in said
    assert "applied as one" in said or len(MADE[slug]) == 1
    assert editor.post(APPLY, {**fields(review.text), "step": "apply"}).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    for kind, name in MADE[slug]:
        assert canonical(kube, kind, name) == KINDS[kind].canonical(spec(kind, name))


def test_the_entry_page_names_every_way_for_who_may_walk_it(browser: Browser, cluster: Cluster) -> None:
    page = browser("editor").get("/guided/").text
    assert re.findall(r'id="guide-([\w-]+)"', page) == ["vrf", "pools", "dual-stack", "nodes", "bfd"]
    assert browser("viewer").get("/guided/vrf/").status_code == 403
    assert 'href="/guided/"' not in browser("viewer").get("/peers/").text
    assert browser("editor").get("/guided/nothing/").status_code == 404


def test_objects_that_there_are_can_be_taken_and_are_left_alone(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    a_peer(live_cluster, "edge-red", {**EXAMPLE, "vrf": "red"})
    a_peer(live_cluster, "no-vrf", EXAMPLE)
    saved(live_cluster, "IPAddressPool", name="ten")
    page = editor.get("/guided/vrf/").text
    offered = re.search(r'name="peer\.use">(.*?)</select>', page)
    assert offered
    assert re.findall(r"<option[^>]*>([^<]*)", offered[1]) == ["a new one", "edge-red"]
    review = post(editor, "/guided/vrf/", "review", {**START, "peer.use": "edge-red", "pool.use": "ten"})
    assert review.status_code == 200
    assert "1 object in cluster lab" in text(review.text)
    assert "create BGPAdvertisement ten-to-edge-red" in text(review.text)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"peer.vrf": ""}, "This way is for a peer in a VRF."),
        ({"peer.name": "taken"}, "There is a BGPPeer taken already."),
        ({"peer.myASN": "0"}, "MetalLB refuses"),
        ({"pool.addresses": "10.0.0.0/33"}, "addresses[0] is neither a CIDR nor a range"),
    ],
)
def test_what_stands_against_it_is_said_beside_the_question(
    editor: Client, cluster: Cluster, answers: dict[str, str], words: str
) -> None:
    a_peer(cluster, "taken", {**EXAMPLE, "peerAddress": "10.9.9.9", "routerID": None})
    page = walk(editor, "vrf", **answers)
    (name,) = answers
    beside = page.text.partition(f'id="p-f-{name.replace(".", "-")}"')[2].partition('<p id="s-')[0]
    assert page.status_code == 422
    assert words in text(f'<main id="main"{beside}')[:700]
    assert "to solve before Review" in page.text
    assert not ChangeSet.objects.exists()


def test_answers_are_checked_while_they_are_typed(editor: Client, computers: Cluster) -> None:
    answers = {**START, **ANSWERS["nodes"], "step": "check"}
    page = editor.post("/guided/nodes/", answers, headers={"HX-Request": "true"}).text
    assert "<h1>" not in page
    assert "Selects 2 of 6 nodes: compute-1.example.com, compute-2.example.com." in page
    assert 'id="p-f-peer-myASN" class="problems" hx-swap-oob="true"' in page
    by_label = {**answers, "by": "labels", "peer.nodeSelectors": "rack=1", "nodes": []}
    assert "Selects 3 of 6 nodes" in editor.post("/guided/nodes/", by_label, headers={"HX-Request": "true"}).text
    none = {**answers, "nodes": []}
    assert "No node is chosen" in editor.post("/guided/nodes/", none, headers={"HX-Request": "true"}).text


def test_review_leads_back_to_the_answers(editor: Client, live_cluster: Cluster) -> None:
    review = walk(editor, "vrf")
    back = fields(review.text)["back"][0]
    assert back.startswith("/guided/vrf/?")
    page = editor.get(back).text
    assert 'name="peer.vrf" value="ens4vrf"' in page
    assert "192.169.10.0/32" in page
    assert not ChangeSet.objects.exists()


def test_pairs_are_added_and_left_out_without_a_script(editor: Client, cluster: Cluster) -> None:
    more = walk(editor, "pools", "add:row").text
    assert 'name="rows" value="1,2,3"' in more
    assert 'name="pool-1.name" value="pool1"' in more
    less = walk(editor, "pools", "drop:row-1", rows="1,2,3").text
    assert 'name="rows" value="2,3"' in less
    assert "pool1" not in less
    assert 'name="peer-2.name" value="peer2"' in less


def test_two_new_objects_of_one_name_are_refused(editor: Client, cluster: Cluster) -> None:
    page = walk(editor, "pools", **{"peer-2.name": "peer1"})
    assert page.status_code == 422
    assert "Two new objects have this name." in page.text


def test_one_session_for_both_families_where_metallb_knows_that(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    review = walk(editor, "dual-stack", how="one")
    assert "1 object in" in text(review.text)
    assert editor.post(APPLY, {**fields(review.text), "step": "apply"}).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    assert canonical(kube, "BGPPeer", "doc-example-dual-stack-ipv4")["dualStackAddressFamily"] is True
    Cluster.objects.update(metallb_version="v0.14.9")  # dualStackAddressFamily came with 0.15.0
    assert "this cluster&#x27;s MetalLB has only pairs" in editor.get("/guided/dual-stack/").text.replace("'", "&#x27;")
    swapped = walk(editor, "dual-stack", **{"v4.peerAddress": "2001:db8::1", "v4.name": "other"})
    assert "This is the session over IPv4" in swapped.text


def test_bfd_says_how_fast_it_is_and_what_the_router_must_do(editor: Client, cluster: Cluster) -> None:
    page = text(walk(editor, "bfd", "form").text)
    assert "Down after 5000 ms without a packet, if the router has the same timers: 1000 ms × 5." in page  # noqa: RUF001
    assert "the nodes wait for the router to begin" in page
    assert "single-hop BFD (UDP port 3784)" in page
    far = text(walk(editor, "bfd", "form", **{"peer.ebgpMultiHop": "true", "ticks": ["peer.ebgpMultiHop"]}).text)
    assert "multihop BFD (UDP port 4784)" in far
    saved(cluster, "BFDProfile", name="quick")
    assert "160 ms × 4" in text(walk(editor, "bfd", "form", **{"profile.use": "quick"}).text)  # noqa: RUF001


def test_what_all_peers_have_alike_is_filled_in(editor: Client, cluster: Cluster) -> None:
    a_peer(cluster, "one")
    a_peer(cluster, "two", {**EXAMPLE, "peerAddress": "10.0.0.2"})
    page = editor.get("/guided/nodes/").text
    assert 'name="peer.myASN" value="64500"' in page
    assert 'name="peer.routerID" value="10.10.10.10"' in page
    BGPPeer.objects.filter(name="two").update(my_asn=64510)
    assert 'name="peer.myASN" value=""' in editor.get("/guided/nodes/").text
    in_vrf = editor.get("/guided/vrf/").text
    assert 'name="peer.routerID" value="10.10.10.10"' in in_vrf
    assert 'name="peer.myASN" value=""' in in_vrf
    BGPPeer.objects.filter(name="two").update(router_id=None)
    assert 'name="peer.routerID" value=""' in editor.get("/guided/vrf/").text


def test_several_clusters_are_asked_for_first(editor: Client, cluster: Cluster, settings: Any) -> None:
    settings.BGPUI_CLUSTERS = (*settings.BGPUI_CLUSTERS, settings.BGPUI_CLUSTERS[0].__class__("second", "/none", ""))
    Cluster.objects.create(name="second")
    assert 'href="/guided/vrf/?cluster=second"' in editor.get("/guided/vrf/").text
    assert 'name="cluster" value="second"' in editor.get("/guided/vrf/?cluster=second").text


def test_an_empty_list_leads_to_the_ways(browser: Browser, cluster: Cluster) -> None:
    for path in ("/peers/", "/pools/", "/bgp-advertisements/"):
        assert 'href="/guided/">Guided</a></p>' in browser("editor").get(path).text, path
        assert 'href="/guided/">Guided</a></p>' not in browser("viewer").get(path).text, path
