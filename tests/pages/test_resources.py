"""The lists and pages of every kind: narrowed and ordered by the URL, queries that stay few, and what they say."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.kindpages import page_of_kind
from clusters.models import Change, Cluster, SyncState
from clusters.registry import resource_models
from tests.kinds import NAMESPACE, SPECS, example, furnished, saved
from tests.pages.rows import a_peer

KIND = pytest.mark.parametrize("kind", SPECS)


def names(page: str) -> list[str]:
    """The first column of a list."""
    return re.findall(r'data-row id="row-\d+"[^>]*>([^<]+)<', page)


def text(page: str) -> str:
    """What a reader sees of the main part."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition('<main id="main"')[2])).split())


def _list(kind: str) -> str:
    return f"/{page_of_kind(kind).many}/"


def _one(kind: str, name: str = "one") -> str:
    return f"{_list(kind)}lab/{NAMESPACE}/{name}/"


@KIND
def test_a_list_is_narrowed_and_ordered_by_the_url(viewer: Client, cluster: Cluster, kind: str) -> None:
    saved(cluster, kind, "a-fine")
    saved(cluster, kind, "b-broken", severity="error", findings=[{"severity": "error", "message": "?"}])
    saved(cluster, kind, "c-stuck", sync_state=SyncState.CONFLICT, sync_message="kubectl-edit was faster")
    path = _list(kind)
    assert names(viewer.get(path).text) == ["a-fine", "b-broken", "c-stuck"]
    assert names(viewer.get(f"{path}?sort=-name").text) == ["c-stuck", "b-broken", "a-fine"]
    assert names(viewer.get(f"{path}?sync=error").text) == ["b-broken"]
    assert names(viewer.get(f"{path}?sync=stuck").text) == ["c-stuck"]
    assert names(viewer.get(f"{path}?q=FINE").text) == ["a-fine"]
    assert names(viewer.get(f"{path}?q=%01%27").text) == []
    assert "kubectl-edit was faster" in viewer.get(path).text
    assert names(viewer.get(f"{path}?cluster=elsewhere").text) == []


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("IPAddressPool", "203.0.113.32"), ("BGPAdvertisement", "tor-b green"), ("BGPAdvertisement", "65535:65282"),
        ("L2Advertisement", "ETH1"), ("Community", "64500:7"), ("Community", "far"),
    ],
)  # fmt: skip
def test_lists_are_searched_by_what_tells_their_objects_apart(
    viewer: Client, cluster: Cluster, kind: str, query: str
) -> None:
    saved(cluster, kind)
    saved(cluster, kind, "other", {})
    assert names(viewer.get(_list(kind), {"q": query}).text) == ["one"]


@KIND
def test_a_list_of_a_thousand_costs_as_many_queries_as_one_of_ten(viewer: Client, cluster: Cluster, kind: str) -> None:
    furnished(cluster)
    model, counts = resource_models()[kind], []
    for number in (10, 1000):
        model._default_manager.filter(name__startswith="row-").delete()
        rows = [model(cluster=cluster, namespace=NAMESPACE, name=f"row-{index:04}") for index in range(number)]
        for row in rows:
            row.spec = SPECS[kind]
        model._default_manager.bulk_create(rows)
        with CaptureQueriesContext(connection) as queries:
            page = viewer.get(f"{_list(kind)}?q=row-").text
        counts.append(len(queries))
        assert len(names(page)) == min(number, 50)
    assert counts[0] == counts[1] <= 13, [query["sql"] for query in queries]
    assert "1 to 50 of 1,000" in page


@KIND
def test_the_page_of_one_says_everything_about_it(viewer: Client, cluster: Cluster, kind: str) -> None:
    furnished(cluster)
    finding = {"severity": "warning", "message": "It is unused", "objects": [], "nodes": [], "code": "unused"}
    row = saved(cluster, kind, findings=[finding], severity="warning", extra={"fieldOfTomorrow": [1]})
    Change.objects.create(
        cluster=cluster, kind=kind, namespace=NAMESPACE, name="one", action="update", source="api", manager="argocd",
        before=example(kind), after={**example(kind), "spec": {}},
    )  # fmt: skip
    page = viewer.get(_one(kind)).text
    said = text(page)
    for field in SPECS[kind]:
        assert field in said
    assert "It is unused" in said
    assert "fieldOfTomorrow" in said
    assert "argocd" in said
    assert f"oc get {row.KIND.plural}.metallb.io -n {NAMESPACE} one -o yaml" in unescape(page)
    assert f"kind: {kind}" in page


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("IPAddressPool", "24 IPv4 addresses left 0 of 24 in use"),
        ("IPAddressPool", "Announced by everything BGPAdvertisement"),
        ("BGPAdvertisement", "Announces all 2 pools: blue , green"),
        ("BGPAdvertisement", "65535:65282 no-advertise"),
        ("BGPAdvertisement", "rack=1 gpu"),
        ("L2Advertisement", "Announces 1 pool: blue"),
        ("Community", "quiet = 65535:65282 no-advertise"),
        ("BFDProfile", "Used by Object Kind In its field fast-peer BGPPeer spec.bfdProfile"),
    ],
)
def test_a_page_joins_what_belongs_together(viewer: Client, cluster: Cluster, kind: str, said: str) -> None:
    furnished(cluster)
    saved(cluster, "BGPAdvertisement", "everything", {})
    saved(cluster, "BGPPeer", "fast-peer", {**SPECS["BGPPeer"], "bfdProfile": "one"})
    saved(cluster, kind)
    assert said in text(viewer.get(_one(kind)).text)


def test_names_that_mean_nothing_are_said_and_others_are_links(viewer: Client, cluster: Cluster) -> None:
    furnished(cluster)
    saved(cluster, "BGPAdvertisement", spec={"ipAddressPools": ["blue", "gone"]})
    page = viewer.get(_one("BGPAdvertisement")).text
    assert f'href="{_one("IPAddressPool", "blue")}"' in page
    assert f'href="{_one("IPAddressPool", "gone")}"' not in page
    assert "gone does not exist" in text(page)
    assert "BGPAdvertisement spec.ipAddressPools[0]" in text(viewer.get(_one("IPAddressPool", "blue")).text)


def test_the_navigation_names_the_pages_of_a_group(viewer: Client, cluster: Cluster) -> None:
    page = viewer.get("/communities/").text
    beneath = re.search(r'<nav class="beneath tabs" aria-label="Advertisements">(.*?)</nav>', page)
    assert beneath
    assert re.findall(r">([^<]+)</a>", beneath[1]) == ["BGP", "L2", "Communities"]
    assert re.findall(r'href="([^"]+)" aria-current="page"', beneath[1]) == ["/communities/"]
    assert "beneath" not in viewer.get("/pools/").text


def test_a_profile_that_is_in_use_names_the_way_out(editor: Client, cluster: Cluster) -> None:
    """MetalLB's webhook protects it, and a peer without it keeps BFD until it is made anew."""
    saved(cluster, "BFDProfile")
    saved(cluster, "BGPPeer", "fast-peer", {**SPECS["BGPPeer"], "bfdProfile": "one"})
    page = editor.get(f"{_one('BFDProfile')}delete/").text
    assert "Take it out of these first" in page
    assert "/peers/lab/metallb-system/fast-peer/recreate/?without=bfdProfile" in page
    assert "Delete one</button>" not in page


def test_a_peer_that_kubectl_applied_in_the_older_version_says_so(
    viewer: Client, editor: Client, cluster: Cluster
) -> None:
    """MetalLB's conversion gives timers that were not set as 0s (api/v1beta1/bgppeer_conversion.go)."""
    row = a_peer(cluster, "old")
    metadata: dict[str, Any] = {"name": "old", "namespace": NAMESPACE}
    row.live = {"metadata": metadata, "spec": row.spec}
    written = {"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "metallb.io/v1beta1"}
    metadata["managedFields"] = [{**written, "fieldsV1": {"f:spec": {"f:peerASN": {}}}}]
    row.save()
    page = viewer.get(row.get_absolute_url()).text
    assert "kubectl-client-side-apply wrote it as <code>metallb.io/v1beta1</code>; the API server converts it." in page
    assert "timers that were not given to 0s, which turns keepalives off" in page
    assert "An edit here writes it as" not in page
    assert "An edit here writes it as <code>metallb.io/v1beta2</code>" in editor.get(row.get_absolute_url()).text
    told = viewer.get("/api/v1/bgppeers/lab/metallb-system/old/").json()["olderWriters"]
    assert told == [{"manager": "kubectl-client-side-apply", "apiVersion": "metallb.io/v1beta1"}]
    metadata["managedFields"][0]["apiVersion"] = "metallb.io/v1beta2"
    row.save()
    assert "older version" not in viewer.get(row.get_absolute_url()).text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("rejected", "Nothing has changed in the cluster. Edit it as the message asks, or give the edit up."),
        ("conflict", "Review it against what stands now, or drop it."),
        ("pending", "It is tried again by itself"),
        ("deleting", "It goes as soon as nothing holds it any more"),
    ],
)
def test_what_is_not_in_force_says_what_to_do_next(viewer: Client, cluster: Cluster, state: str, said: str) -> None:
    a_peer(cluster, sync_state=state, sync_message="no", deleting=state == "deleting", revision=2, applied_revision=1)
    assert said in text(viewer.get("/peers/lab/metallb-system/tor-a/").text)
