"""The pages of nodes: the list, one node, and the way of one to being drained, step by step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters import clock
from clusters.models import Change, Cluster, Exclusion, Node, Service, StatusObject
from dashboard.nodes.progress import progress_of
from intent.announcements.cluster import EXCLUDED
from pools.models import BGPAdvertisement, IPAddressPool
from speakers.models import Session, Speaker
from tests.pages.rows import a_peer, a_session, a_speaker, down
from tests.pages.services import a_service
from tests.pages.test_services import an_object

MAY = [{"verb": "patch", "group": "", "resource": "nodes", "allowed": True}]


@pytest.fixture
def shop(cluster: Cluster) -> Cluster:
    """web is announced from all three nodes; here only from node-0, where its one endpoint is."""
    cluster.permissions = MAY
    cluster.save()
    a_peer(cluster, "tor-a")
    an_object(cluster, IPAddressPool, "gold", addresses=["10.0.0.0/24"])
    an_object(cluster, BGPAdvertisement, "to-all", ipAddressPools=["gold"])
    for index in range(3):
        a_session(a_speaker(cluster, f"node-{index}"), prefixes_sent=2 - bool(index))
    a_service(cluster, "web", "10.0.0.1", pool="gold", endpoint_nodes=["node-0", "node-2"])
    a_service(cluster, "here", "10.0.0.2", pool="gold", traffic_policy="Local", endpoint_nodes=["node-0"])
    return cluster


def the_node(name: str = "node-0") -> Node:
    return Node.objects.select_related("cluster").get(name=name)


def labelled(*, by_us: bool = True, asked_ago: float = 60) -> Node:
    """node-0 with the label, set some seconds ago."""
    node = the_node()
    node.labels = {**node.labels, EXCLUDED: ""}
    node.save()
    if by_us:
        done = clock.now() - timedelta(seconds=asked_ago)
        row = {"uid": node.uid, "wanted": True, "state": "done", "asked_at": done, "done_at": done}
        Exclusion.objects.create(cluster=node.cluster, node=node.name, **row)
    return node


def test_nodes_are_listed_with_what_is_special_about_them(viewer: Client, shop: Cluster) -> None:
    labelled()
    Node.objects.filter(name="node-1").update(unschedulable=True, ready=False)
    page = viewer.get("/nodes/").text
    assert "3 nodes" in page
    for words in ("excluded", "cordoned", "not ready", "2 prefixes", "/nodes/lab/node-0/drain/"):
        assert words in page, words
    for query, left in (("?state=excluded", "node-0"), ("?state=cordoned", "node-1"), ("?q=node-2", "node-2")):
        found = viewer.get("/nodes/" + query).text
        assert "1 node<" in found, query
        assert f'/nodes/lab/{left}/"' in found, query
    assert "nonsense" in viewer.get("/nodes/?state=nonsense").text


def test_a_node_shows_what_it_tells_whom_and_the_services_with_endpoints_there(viewer: Client, shop: Cluster) -> None:
    page = viewer.get("/nodes/lab/node-0/").text
    for words in ("/services/lab/shop/web/", "/services/lab/shop/here/", "only here", "rack=0", "10.0.0.1"):
        assert words in page, words
    assert "/services/lab/shop/here/" not in viewer.get("/nodes/lab/node-2/").text
    assert viewer.get("/nodes/lab/node-9/").status_code == 404


def test_what_a_node_told_when_it_was_heard_last_is_not_said_to_be_told_now(viewer: Client, shop: Cluster) -> None:
    assert "2 prefixes are told now" in viewer.get("/nodes/lab/node-0/").text
    Speaker.objects.filter(node="node-0").update(observed_at=clock.now() - timedelta(minutes=45), misses=9)
    page = viewer.get("/nodes/lab/node-0/").text
    assert "2 prefixes were told when it was heard last" in page
    assert "told now" not in page


@pytest.mark.parametrize("path", ["/nodes/", "/nodes/lab/node-0/", "/nodes/lab/node-0/drain/"])
def test_more_nodes_and_services_need_no_more_queries(viewer: Client, shop: Cluster, path: str) -> None:
    counts = []
    for more in (0, 40):
        Node.objects.bulk_create(Node(cluster=shop, name=f"more-{n:02}", uid=f"m{n}") for n in range(more))
        for n in range(more):
            a_session(a_speaker(shop, f"more-{n:02}"))
            a_service(shop, f"s-{n}", f"10.0.0.{n + 10}", pool="gold")
        viewer.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert viewer.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 36, counts


def test_the_drain_page_says_what_leaves_and_needs_a_confirmation_that_names_the_number(
    editor: Client, shop: Cluster
) -> None:
    page = editor.get("/nodes/lab/node-0/drain/").text
    assert "1 service loses its last announcement: shop/here." in page
    assert 'name="accept" value="services-withdrawn:1"' in page
    assert f"kubectl label node node-0 {EXCLUDED}=" in page
    for sent in ({}, {"accept": "services-withdrawn:0"}):
        answer = editor.post("/nodes/lab/node-0/drain/", {"label": "on", **sent})
        assert (answer.status_code, Exclusion.objects.count()) == (422, 0)
        assert "tick below that this is meant" in answer.text
    answer = editor.post(
        "/nodes/lab/node-0/drain/", {"label": "on", "accept": "services-withdrawn:1", "note": "Disk swap"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/nodes/lab/node-0/drain/")
    row, change = Exclusion.objects.get(), Change.objects.get(kind="Node")
    assert (row.node, row.wanted, row.state, row.uid) == ("node-0", True, "pending", "0")
    assert (change.name, change.message) == ("node-0", f"Label {EXCLUDED} set. Disk swap")
    assert change.accepted == ["services-withdrawn:1"]
    assert "the label is being set" in editor.get("/nodes/lab/node-0/drain/").text
    assert EXCLUDED in editor.get(f"/changes/{change.pk}/").text


def test_the_live_part_asks_for_the_whole_page_once_the_label_has_changed(viewer: Client, shop: Cluster) -> None:
    part = {"HX-Request": "true", "HX-Target": "progress"}
    first = viewer.get("/nodes/lab/node-0/drain/?excluded=no", headers=part)
    assert first.text.lstrip().startswith('<section id="progress"')
    assert "/nodes/lab/node-0/drain/?excluded=no" in first.text
    assert "HX-Refresh" not in first.headers
    labelled()
    assert viewer.get("/nodes/lab/node-0/drain/?excluded=no", headers=part)["HX-Refresh"] == "true"
    assert "HX-Refresh" not in viewer.get("/nodes/lab/node-0/drain/?excluded=yes", headers=part).headers


def test_a_viewer_may_look_and_not_label(viewer: Client, shop: Cluster) -> None:
    page = viewer.get("/nodes/lab/node-1/drain/").text
    assert "Your role may look at this" in page
    assert 'id="label-now"' not in page
    assert viewer.post("/nodes/lab/node-1/drain/", {"label": "on"}).status_code == 403


def _no_right(cluster: Cluster) -> None:
    cluster.permissions = [{**MAY[0], "allowed": False}]


def _ignored(cluster: Cluster) -> None:
    cluster.ignores_exclude = True


@pytest.mark.parametrize(
    ("change", "words"), [(_no_right, "does not allow bgpui to patch nodes"), (_ignored, "--ignore-exclude-lb")]
)
def test_what_cannot_be_done_says_so_with_the_command(
    editor: Client, shop: Cluster, change: Callable[[Cluster], None], words: str
) -> None:
    change(shop)
    shop.save()
    page = editor.get("/nodes/lab/node-1/drain/").text
    assert words in page
    assert 'id="label-now"' not in page
    assert f"kubectl label node node-1 {EXCLUDED}=" in page
    answer = editor.post("/nodes/lab/node-1/drain/", {"label": "on"})
    assert (answer.status_code, Exclusion.objects.count()) == (422, 0)


def phase() -> str:
    return progress_of(the_node(), {("default", "10.0.0.1"): 2}).phase.value


def _told_more(shop: Cluster) -> None:
    Session.objects.filter(node="node-0").update(prefixes_sent=1)


def _not_up(shop: Cluster) -> None:
    Session.objects.filter(node="node-0").update(prefixes_sent=1, **down())


def _not_counted(shop: Cluster) -> None:
    Session.objects.filter(node="node-0").update(prefixes_sent=None)


def _not_up_as_reported(shop: Cluster) -> None:
    Session.objects.filter(node="node-0").update(**down(reason="only-reported"))


def _not_reported(shop: Cluster) -> None:
    Session.objects.filter(node="node-0").update(**down(state="Unknown", reason="not-reported"))


def _only_reported(shop: Cluster) -> None:
    Speaker.objects.filter(node="node-0").update(source=Speaker.Source.STATUS)
    Session.objects.filter(node="node-0").delete()


def _silent(shop: Cluster) -> None:
    Speaker.objects.filter(node="node-0").update(observed_at=clock.now() - timedelta(hours=1))


def _missed(shop: Cluster) -> None:
    Speaker.objects.filter(node="node-0").update(misses=1)


def _no_pod(shop: Cluster) -> None:
    Speaker.objects.filter(node="node-0").update(pod="")


def _no_speaker(shop: Cluster) -> None:
    Speaker.objects.filter(node="node-0").delete()


def _on_link(shop: Cluster) -> None:
    names: dict[str, Any] = {"kind": "ServiceL2Status", "namespace": "metallb-system", "name": "l2-x"}
    StatusObject.objects.create(cluster=shop, node="node-0", seen_at=clock.now(), **names)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda _shop: None, "safe"),
        (_told_more, "leaving"),
        (_not_up, "safe"),
        (_not_counted, "unknown"),
        (_not_up_as_reported, "unknown"),
        (_not_reported, "unknown"),
        (_only_reported, "unknown"),
        (_silent, "unknown"),
        (_missed, "unknown"),
        (_no_pod, "unknown"),
        (_no_speaker, "unknown"),
        (_on_link, "leaving"),
    ],
)
def test_a_node_is_safe_to_drain_only_if_frr_itself_said_so_since(
    shop: Cluster, change: Callable[[Cluster], None], found: str
) -> None:
    labelled()
    Session.objects.filter(node="node-0").update(prefixes_sent=0)
    change(shop)
    assert phase() == found


def test_an_answer_from_before_the_label_says_nothing(shop: Cluster) -> None:
    labelled(asked_ago=0)
    Session.objects.filter(node="node-0").update(prefixes_sent=0)
    assert phase() == "unknown"


def test_a_node_is_back_when_everything_that_is_meant_is_told_again(shop: Cluster) -> None:
    node = labelled()
    Exclusion.objects.update(wanted=False)
    node.labels.pop(EXCLUDED)
    node.save()
    assert phase() == "back"
    _told_more(shop)
    assert phase() == "returning"
    Exclusion.objects.update(state="failed", message="nodes is forbidden", done_at=None)
    assert phase() == "announcing"  # others took it off
    Exclusion.objects.update(wanted=True)
    assert phase() == "failed"


def test_a_label_that_bgpui_has_not_set_can_be_taken_off_and_the_page_says_so(editor: Client, shop: Cluster) -> None:
    labelled(by_us=False)
    page = editor.get("/nodes/lab/node-0/drain/").text
    assert "bgpui has not set the label" in page
    assert f"kubectl label node node-0 {EXCLUDED}-" in page
    assert editor.post("/nodes/lab/node-0/drain/", {"label": "off"}).status_code == 302
    assert Exclusion.objects.get().wanted is False


def test_what_stands_as_asked_writes_nothing(editor: Client, shop: Cluster) -> None:
    editor.post("/nodes/lab/node-1/drain/", {"label": "off"})
    assert (Exclusion.objects.count(), Change.objects.count()) == (0, 0)
    for _ in range(2):
        editor.post("/nodes/lab/node-1/drain/", {"label": "on"})
    assert (Exclusion.objects.get().revision, Change.objects.count()) == (1, 1)
    assert Service.objects.count() == 2
