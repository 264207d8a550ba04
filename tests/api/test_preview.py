"""What would this do? Intent before and after, by REST: for single edits, for sets, and for any set of manifests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from clusters.models import Change, Cluster, Resource
from tests.kinds import example, saved
from tests.pages.rows import a_session, a_speaker
from tests.pages.services import a_service, two_services_announced

PREVIEW = "/api/v1/preview/"
PEER = {"myASN": 64500, "peerASN": 64501, "routerID": "10.10.10.10"}


@pytest.fixture
def announced(cluster: Cluster) -> dict[str, Resource]:
    """Two services in a pool that is announced to two routers from two nodes."""
    return two_services_announced(cluster, **PEER)


def preview(api: APIClient, *entries: Any) -> dict[str, Any]:
    response = api.post(PREVIEW, list(entries), format="json")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def to(neighbor: str, prefix: str, **counts: int) -> dict[str, Any]:
    peer = {"192.0.2.1": "tor-a", "192.0.2.2": "tor-b"}[neighbor]
    place = {"peer": peer, "vrf": "default", "neighbor": neighbor, "prefix": prefix}
    return {**place, "announced": 0, "withdrawn": 0, "changed": 0, **counts}


NOT_UP = [
    {"node": node, "peer": peer, "vrf": "default", "neighbor": to, "words": "not observed yet", "href": ""}
    for node, peer, to in (
        ("node-0", "tor-b", "192.0.2.2"),
        ("node-1", "tor-a", "192.0.2.1"),
        ("node-1", "tor-b", "192.0.2.2"),
    )
]
WEB, DB = "203.0.113.9/32", "203.0.113.10/32"


@pytest.mark.usefixtures("announced")
def test_a_deletion_withdraws_and_names_the_services_that_nobody_announces(api: APIClient) -> None:
    a_session(a_speaker(Cluster.objects.get(), "node-0"), "192.0.2.1")
    found = preview(api, {"delete": {"kind": "BGPAdvertisement", "name": "all"}})
    told = found["announcements"]
    assert (told["lost"], told["alone"], found["refused"], found["sessions"]) == (2, 0, False, [])
    assert told["routes"] == [
        to(neighbor, prefix, withdrawn=2) for neighbor in ("192.0.2.1", "192.0.2.2") for prefix in (WEB, DB)
    ]
    assert [(one["name"], one["before"], one["after"]) for one in told["services"]] == [
        (
            name,
            {"nodes": 2, "peers": 2, "sessions": 4, "up": 1, "notUp": NOT_UP},
            {"nodes": 0, "peers": 0, "sessions": 0, "up": 0, "notUp": []},
        )
        for name in ("db", "web")
    ]
    (difference,) = found["configuration"]["differences"]
    assert (difference["count"], difference["nodes"]) == (2, ["node-0", "node-1"])
    assert f"\n-  network {WEB}" in difference["diff"]
    assert "\n+  network" not in difference["diff"]


@pytest.mark.usefixtures("announced")
def test_a_router_less_is_a_loss_of_redundancy_and_closes_sessions(api: APIClient) -> None:
    found = preview(api, {"delete": {"kind": "BGPPeer", "name": "tor-b"}})
    assert (found["announcements"]["lost"], found["announcements"]["alone"]) == (0, 2)
    assert [(one["peer"], one["closed"]) for one in found["sessions"]] == [("tor-b", 2)]
    assert "\n- neighbor 192.0.2.2 remote-as 64501" in found["configuration"]["differences"][0]["diff"]


@pytest.mark.usefixtures("announced")
def test_manifests_as_yaml_are_read_as_for_import(api: APIClient) -> None:
    advertisement = {**example("BGPAdvertisement", "all"), "spec": {"ipAddressPools": ["blue"], "localPref": 300}}
    body = yaml.safe_dump_all([advertisement])
    response = api.generic("POST", PREVIEW, body, content_type="application/yaml")
    assert response.status_code == 200, response.content
    routes = response.json()["announcements"]["routes"]
    assert routes[0] == to("192.0.2.1", WEB, changed=2)
    assert [one["changed"] for one in routes] == [2] * 4
    broken = api.generic("POST", PREVIEW, "kind: [", content_type="application/yaml")
    assert (broken.status_code, len(broken.json()["findings"])) == (422, 1)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pw"}}
    raw = yaml.safe_dump_all([advertisement, secret])
    told = api.generic("POST", PREVIEW, raw, content_type="application/yaml").json()
    assert [(one["name"], one["status"]) for one in told["documents"]] == [("all", "changed"), ("pw", "skipped")]
    assert "passwords are not taken from files" in told["documents"][1]["note"]
    beside = api.generic("POST", PREVIEW, f"{raw}---\nkind: [", content_type="application/yaml").json()
    assert [one["status"] for one in beside["documents"]] == ["changed", "skipped", "invalid"]
    assert "document 3 (line" in beside["detail"]


@pytest.mark.usefixtures("announced")
def test_what_the_rules_refuse_is_looked_at_all_the_same(api: APIClient) -> None:
    peer = {**example("BGPPeer", "tor-a"), "spec": {**PEER, "peerAddress": "192.0.2.1", "holdTime": "1s"}}
    found = preview(api, {"manifest": peer})
    assert found["refused"] is True
    assert "holdTime" in {finding["field"].split(".")[-1] for finding in found["objects"][0]["findings"]}


@pytest.mark.usefixtures("announced")
def test_whoever_may_look_may_ask_and_nothing_is_saved(as_role: Callable[[str], APIClient]) -> None:
    before = Change.objects.count()
    found = preview(as_role("viewer"), {"delete": {"kind": "IPAddressPool", "name": "blue"}})
    assert found["announcements"]["lost"] == 2
    assert Change.objects.count() == before
    assert APIClient().post(PREVIEW, [], format="json").status_code == 401


def test_a_single_edit_says_it_too_at_the_same_number_of_queries(
    api: APIClient, cluster: Cluster, announced: dict[str, Resource]
) -> None:
    url = f"/api/v1/ipaddresspools/{cluster.name}/{announced['blue'].namespace}/blue/?dry_run=true"
    asked = []
    api.delete(url)  # what is read once for all
    for more in (0, 40):
        for number in range(more):
            a_service(cluster, f"s{number}", f"203.0.113.{100 + number}", pool="blue")
        with CaptureQueriesContext(connection) as queries:
            told = api.delete(url).json()
        asked.append(len(queries))
    assert told["announcements"]["lost"] == 42
    assert asked[0] == asked[1]
    profile = saved(cluster, "BFDProfile", "fast")
    told = api.delete(f"/api/v1/bfdprofiles/{cluster.name}/{profile.namespace}/fast/?dry_run=true").json()
    assert told["announcements"] is None


_HOSTILE = (
    "[" * 200_000,
    '[{"delete": {"kind": "BGPPeer", "name": "\\ud800"}}]',
    '[{"manifest": {"a": "\\u0000"}}]',
    "{",
)


@pytest.mark.parametrize("body", _HOSTILE, ids=("deep", "surrogate", "nul", "cut"))
def test_a_hostile_body_is_a_problem(api: APIClient, body: str) -> None:
    response = api.generic("POST", PREVIEW, body, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.usefixtures("announced")
def test_an_import_that_is_tried_says_what_all_of_it_would_do(api: APIClient, live_cluster: Cluster) -> None:
    """As the preview of the same manifests does, beside what the cluster answers."""
    more = {"ipAddressPools": ["blue"], "communities": ["65000:1"]}
    advertisement = {**example("BGPAdvertisement", "more"), "spec": more}
    tried = api.post("/api/v1/import/?dry_run=true", [advertisement], format="json").json()["review"]
    asked = preview(api, {"manifest": advertisement})
    for what in ("sessions", "announcements", "configuration", "confirm", "introduced", "solved"):
        assert tried[what] == asked[what], what
    assert [one["changed"] for one in tried["announcements"]["routes"]] == [2] * 4


def test_a_single_edit_says_which_findings_come_and_go(api: APIClient, announced: dict[str, Resource]) -> None:
    url = f"/api/v1/bgpadvertisements/lab/{announced['all'].namespace}/all/?dry_run=true"
    broken = api.patch(url, {"spec": {"peers": ["nobody"]}}, format="json").json()
    assert [finding["code"] for finding in broken["introduced"]] == ["peer-missing"]
    assert broken["solved"] == []
    saved(announced["all"].cluster, "BGPAdvertisement", "all-too", {"ipAddressPools": ["blue"], "peers": ["nobody"]})
    mended = api.patch(url.replace("/all/", "/all-too/"), {"spec": {"peers": ["tor-a"]}}, format="json").json()
    assert [finding["code"] for finding in mended["solved"]] == ["peer-missing"]
