"""What MetalLB and frr-k8s report, on pages and over REST: lists of each kind, one object, nothing to change."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from clusters import clock
from clusters.models import Cluster, StatusObject
from intent.kinds import READ_KINDS, STATUS_KINDS
from tests.pages.conftest import Browser


def a_report(
    cluster: Cluster, kind: str, name: str, body: dict[str, Any] | None = None, **columns: Any
) -> StatusObject:
    """An object as the look at the cluster keeps it."""
    place = "" if STATUS_KINDS[kind].scope == "Cluster" else cluster.namespace
    told = {"kind": kind, "metadata": {"name": name}, **(body or {})}
    return StatusObject.objects.create(
        cluster=cluster, kind=kind, namespace=place, name=name, body=told, seen_at=clock.now(), **columns
    )


@pytest.fixture
def reports(cluster: Cluster) -> Cluster:
    """Some of each kind."""
    about: dict[str, Any] = {"service_namespace": "shop", "service_name": "web"}
    a_report(cluster, "ServiceBGPStatus", "bgp-a", {"status": {"peers": ["tor-a", "tor-b"]}}, node="node-0", **about)
    a_report(cluster, "ServiceL2Status", "l2-a", {"status": {"interfaces": [{"name": "eth0"}]}}, node="node-1", **about)
    a_report(cluster, "ConfigurationState", "controller", result="Valid")
    words = "configuration error: <b>peer</b> tor-a"
    body = {"status": {"result": "Invalid", "errorSummary": words}}
    a_report(cluster, "ConfigurationState", "speaker-node-0", body, node="node-0", result="Invalid", message=words)
    a_report(cluster, "FRRConfiguration", "metallb-node-0", {"spec": {"bgp": {"routers": []}}}, node="node-0")
    body = {"status": {"runningConfig": "frr version 10\nrouter bgp 1\n", "lastReloadResult": "success"}}
    a_report(cluster, "FRRNodeState", "node-0", body, node="node-0", result="success")
    for number, state in enumerate(("Established", "Active")):
        place: dict[str, Any] = {"node": f"node-{number}", "peer": "10.0.0.1", "vrf": "red" if number else "default"}
        a_report(cluster, "BGPSessionState", f"node-{number}-x", result=state, **place)
    return cluster


def names(page: str) -> list[str]:
    """The first column."""
    return re.findall(r'data-row id="status-\d+"[^>]*>([^<]+)<', page)


def test_the_overview_counts_every_kind(viewer: Client, reports: Cluster) -> None:
    page = viewer.get("/status/").text
    assert re.findall(r'id="kind-(\w+)"', page) == [kind.plural for kind in READ_KINDS.values()]
    assert page.count("1 bad") == 2  # a refused configuration, and a session that is Active


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("servicebgpstatuses/", ["bgp-a"]),
        ("servicebgpstatuses/?q=shop+node-0", ["bgp-a"]),
        ("servicebgpstatuses/?q=nothing", []),
        ("configurationstates/?sort=result", ["speaker-node-0", "controller"]),
        ("configurationstates/?result=Invalid", ["speaker-node-0"]),
        ("bgpsessionstates/?sort=-node", ["node-1-x", "node-0-x"]),
        ("bgpsessionstates/?vrf=red", ["node-1-x"]),
        ("bgpsessionstates/?node=node-0", ["node-0-x"]),
        ("bgpsessionstates/?q=10.0.0.1", ["node-0-x", "node-1-x"]),
        ("frrnodestates/?cluster=elsewhere", []),
        ("frrk8sconfigurations/", []),
    ],
)
def test_lists_are_filtered_and_ordered_by_the_url(
    viewer: Client, reports: Cluster, query: str, found: list[str]
) -> None:
    assert names(viewer.get(f"/status/{query}").text) == found


def test_lists_say_what_matters_of_each_kind(viewer: Client, reports: Cluster) -> None:
    assert "to tor-a, tor-b" in viewer.get("/status/servicebgpstatuses/").text
    assert "/services/lab/shop/web/" in viewer.get("/status/servicebgpstatuses/").text
    assert "on eth0" in viewer.get("/status/servicel2statuses/").text
    assert "configuration error: &lt;b&gt;peer&lt;/b&gt; tor-a" in viewer.get("/status/configurationstates/").text


def test_an_object_shows_its_fields_its_texts_and_the_command(viewer: Client, reports: Cluster) -> None:
    page = viewer.get("/status/frrnodestates/lab/-/node-0/").text
    assert "router bgp 1" in page
    assert "Last reload" in page
    assert "oc get frrnodestates.frrk8s.metallb.io node-0 -o yaml" in page
    page = viewer.get("/status/configurationstates/lab/metallb-system/speaker-node-0/").text
    assert "MetalLB says" in page
    assert "<dd>tor-a, tor-b</dd>" in viewer.get("/status/servicebgpstatuses/lab/metallb-system/bgp-a/").text
    assert "- name: eth0" in viewer.get("/status/servicel2statuses/lab/metallb-system/l2-a/").text
    assert "configuration error: &lt;b&gt;peer&lt;/b&gt; tor-a" in page
    assert "oc get configurationstates.metallb.io -n metallb-system speaker-node-0 -o yaml" in page


@pytest.mark.parametrize(
    "path", ["nothing/", "frrnodestates/lab/-/node-9/", "frrnodestates/lab/metallb-system/node-0/"]
)
def test_what_is_not_there_is_not_found(viewer: Client, reports: Cluster, path: str) -> None:
    assert viewer.get(f"/status/{path}").status_code == 404


def test_an_object_that_was_cut_says_so(viewer: Client, reports: Cluster) -> None:
    StatusObject.objects.update(shortened=True)
    assert "larger than what is kept" in viewer.get("/status/frrnodestates/lab/-/node-0/").text


@pytest.mark.parametrize("kind", STATUS_KINDS.values(), ids=lambda kind: kind.plural)
def test_every_kind_has_its_endpoint(browser: Browser, reports: Cluster, kind: Any) -> None:
    api = APIClient()
    api.cookies = browser("viewer").cookies
    path = f"/api/v1/{kind.plural}/"
    found = api.get(path).json()["results"]
    assert [one["name"] for one in found] == sorted(
        StatusObject.objects.filter(kind=kind.kind).values_list("name", flat=True)
    )
    for one in found:
        place = f"{one['cluster']}/{one['namespace']}/" if one["namespace"] else f"{one['cluster']}/"
        alone = api.get(f"{path}{place}{one['name']}/").json()
        assert alone == one | {name: alone[name] for name in alone.keys() & {"findings"}}
    assert api.get(f"{path}lab/metallb-system/gone/").status_code == 404
    assert api.post(path, {}).status_code in (403, 405)
    assert api.get(f"{path}?result_=x").status_code == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("servicebgpstatuses/?service_name=web&service_namespace=shop&node=node-0", ["bgp-a"]),
        ("bgpsessionstates/?peer=10.0.0.1&vrf=red", ["node-1-x"]),
        ("bgpsessionstates/?result=Established", ["node-0-x"]),
        ("bgpsessionstates/?ordering=-node", ["node-1-x", "node-0-x"]),
        ("configurationstates/?cluster=lab&result=Invalid", ["speaker-node-0"]),
    ],
)
def test_endpoints_filter(browser: Browser, reports: Cluster, query: str, found: list[str]) -> None:
    assert [one["name"] for one in browser("viewer").get(f"/api/v1/{query}").json()["results"]] == found


@pytest.mark.parametrize("path", ["/status/", "/status/bgpsessionstates/", "/api/v1/bgpsessionstates/"])
def test_thousands_need_no_more_queries_than_ten(viewer: Client, cluster: Cluster, path: str) -> None:
    counts = []
    for number in (10, 5000):
        StatusObject.objects.all().delete()
        StatusObject.objects.bulk_create(
            StatusObject(cluster=cluster, kind="BGPSessionState", name=f"s-{n}", node=f"n-{n}", seen_at=clock.now())
            for n in range(number)
        )
        viewer.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert viewer.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], counts


def test_an_frr_configuration_of_people_shows_what_does_not_fit(browser: Browser, cluster: Cluster) -> None:
    viewer, api = browser("viewer"), APIClient()
    api.cookies = viewer.cookies
    cluster.mode = "frr-k8s"
    cluster.save()
    body = {"spec": {"bgp": {"routers": [{"asn": 1, "neighbors": [{"address": "10.0.0.1"}]}]}}}
    row = a_report(cluster, "FRRConfiguration", "mine", body)
    page = viewer.get(row.get_absolute_url())
    assert "A neighbor needs either asn or dynamicASN" in page.text
    told = api.get(f"/api/v1/frrconfigurations/{cluster.name}/{cluster.namespace}/mine/").json()
    assert [finding["code"] for finding in told["findings"]] == ["frr-neighbor-asn"]
    row.shortened = True
    row.save()
    assert "A neighbor needs" not in viewer.get(row.get_absolute_url()).text, "what is cut off is not judged"


def test_conditions_are_sentences_and_no_json(viewer: Client, cluster: Cluster) -> None:
    condition = {"type": "poolReconcilerValid", "status": "False", "reason": "Failed", "message": "<b>overlap</b>"}
    a_report(cluster, "ConfigurationState", "controller", {"status": {"conditions": [condition]}})
    page = viewer.get("/status/configurationstates/lab/metallb-system/controller/").text
    assert "poolReconcilerValid: False, Failed: &lt;b&gt;overlap" in page
    assert "1 ConfigurationState object<" in viewer.get("/status/configurationstates/").text
