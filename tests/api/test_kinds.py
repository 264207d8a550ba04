"""Every kind by REST: what BGPPeer has, they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from clusters.models import Cluster, Service
from clusters.registry import resource_models
from intent.kinds import KINDS
from tests.api.conftest import Kube
from tests.kinds import NAMESPACE, SPECS, example, furnished, saved

# A change of one field, whose outcome is told by its value.
CHANGES: dict[str, dict[str, Any]] = {
    "BGPPeer": {"peerASN": 64502},
    "BFDProfile": {"detectMultiplier": 5},
    "IPAddressPool": {"addresses": ["198.51.100.0/24"]},
    "BGPAdvertisement": {"ipAddressPools": ["green"]},
    "L2Advertisement": {"interfaces": ["eth7"]},
    "Community": {"communities": [{"name": "loud", "value": "64500:1"}]},
}
KIND = pytest.mark.parametrize("kind", SPECS)


@pytest.fixture
def around(cluster: Cluster) -> None:
    """What the examples refer to."""
    furnished(cluster)


def _list(kind: str) -> str:
    return f"/api/v1/{KINDS[kind].plural}/"


def _url(kind: str, name: str = "one") -> str:
    return f"{_list(kind)}lab/{NAMESPACE}/{name}/"


@KIND
@pytest.mark.usefixtures("worker", "around")
def test_a_life_from_put_to_delete_reaches_the_cluster(
    api: APIClient, live_cluster: Cluster, kube: Kube, kind: str
) -> None:
    made = api.put(f"{_url(kind)}?wait=10s", example(kind))
    assert (made.status_code, made.json()["sync"]["state"]) == (201, "in_sync"), made.content
    described, plural = KINDS[kind], KINDS[kind].plural
    assert described.canonical(kube.get(plural, "one")["spec"]) == described.canonical(SPECS[kind])
    assert api.get(_url(kind)).json()["spec"] == made.json()["spec"]

    tag = made["ETag"]
    patched = api.patch(f"{_url(kind)}?wait=10s", {"spec": CHANGES[kind]}, headers={"If-Match": tag})
    assert patched.status_code == 200, patched.content
    stands = described.canonical(kube.get(plural, "one")["spec"])
    assert stands == described.canonical({**SPECS[kind], **CHANGES[kind]})
    late = api.patch(_url(kind), {"spec": CHANGES[kind]}, headers={"If-Match": tag})
    assert late.status_code == 412

    assert api.delete(f"{_url(kind)}?wait=10s").status_code == 204
    assert kube.get(plural, "one") is None
    assert api.get(_url(kind)).status_code == 404


@KIND
@pytest.mark.usefixtures("around")
def test_several_are_made_at_once_or_none(api: APIClient, cluster: Cluster, kind: str) -> None:
    broken = [example(kind, "a"), example(kind, "Not_A_Name")]
    refused = api.post(_list(kind), broken)
    assert refused.status_code == 422
    assert "[1].metadata.name" in {finding["field"] for finding in refused.json()["findings"]}
    assert not resource_models()[kind]._default_manager.filter(name="a").exists()
    more = {"peerAddress": "192.0.2.2"} if kind == "BGPPeer" else CHANGES[kind]
    answer = api.post(_list(kind), [example(kind, "a"), example(kind, "b", **more)])
    assert answer.status_code == 202, answer.content
    assert [item["resource"]["metadata"]["name"] for item in answer.json()] == ["a", "b"]


@KIND
@pytest.mark.usefixtures("around")
def test_a_trial_saves_nothing(api: APIClient, live_cluster: Cluster, kube: Kube, kind: str) -> None:
    answer = api.post(f"{_list(kind)}?dry_run=true", example(kind))
    assert (answer.status_code, answer.json()["dryRun"]["ok"]) == (200, True), answer.content
    assert {diff["path"].split(".")[1] for diff in answer.json()["diff"]} == set(SPECS[kind])
    assert kube.get(KINDS[kind].plural, "one") is None
    assert not resource_models()[kind]._default_manager.filter(name="one").exists()


@KIND
@pytest.mark.parametrize("role", ["", "viewer"])
def test_who_is_no_editor_writes_nothing(
    as_role: Callable[[str], APIClient], cluster: Cluster, kind: str, role: str
) -> None:
    client = as_role(role)
    assert client.post(_list(kind), example(kind)).status_code == 403
    assert client.put(_url(kind), example(kind)).status_code == 403
    assert client.delete(_url(kind)).status_code == 403
    assert client.get(_list(kind)).status_code == (200 if role else 403)


@pytest.mark.parametrize(
    ("kind", "query", "found"),
    [
        ("IPAddressPool", "addresses=203.0.113.0/28", ["one"]),
        ("IPAddressPool", "addresses=203.0.113.0/2", []),
        ("IPAddressPool", "autoAssign=false", ["one"]),
        ("BGPAdvertisement", "ipAddressPools=blue", ["one"]),
        ("BGPAdvertisement", "ipAddressPools=BLUE", []),
        ("BGPAdvertisement", "ipAddressPools=lue", []),
        ("BGPAdvertisement", "peers=tor-b&communities=65535:65282", ["one"]),
        ("BGPAdvertisement", "localPref=200", ["one"]),
        ("L2Advertisement", "interfaces=eth1", ["one"]),
        ("L2Advertisement", "interfaces=%22", []),
        ("BFDProfile", "echoMode=true", ["one"]),
        ("Community", "name_contains=n", ["one"]),
    ],
)
def test_lists_are_narrowed_by_entries_of_lists_too(
    api: APIClient, cluster: Cluster, kind: str, query: str, found: list[str]
) -> None:
    saved(cluster, kind)
    answer = api.get(f"{_list(kind)}?{query}")
    assert [item["metadata"]["name"] for item in answer.json()["results"]] == found


@KIND
def test_a_thousand_need_no_more_queries_than_ten(
    as_role: Callable[[str], APIClient], cluster: Cluster, kind: str
) -> None:
    api, model = as_role("viewer"), resource_models()[kind]
    api.get(_list(kind))  # remembers that the token is used, once a minute
    counts = []
    for number in (10, 1000):
        model._default_manager.all().delete()
        rows = [model(cluster=cluster, namespace=NAMESPACE, name=f"r{index}") for index in range(number)]
        for row in rows:
            row.spec = SPECS[kind]
        model._default_manager.bulk_create(rows)
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get(f"{_list(kind)}?page_size=1000").json()["results"]) == number
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_the_older_version_of_a_peer_is_read_told_and_saved_as_the_newer_one(api: APIClient, cluster: Cluster) -> None:
    old = {**example("BGPPeer"), "apiVersion": "metallb.io/v1beta1"}
    trial = api.post("/api/v1/bgppeers/?dry_run=true", old)
    assert "api-version-deprecated" in {finding["code"] for finding in trial.json()["findings"]}
    saved = api.put(_url("BGPPeer"), old).json()
    assert (saved["apiVersion"], saved["spec"]) == ("metallb.io/v1beta2", SPECS["BGPPeer"])
    assert "holdTime" not in saved["spec"]  # MetalLB's own conversion would set 0s, and so switch keepalives off
    wrong = api.put(_url("BGPPeer"), {**old, "apiVersion": "metallb.io/v1"})
    assert (wrong.status_code, wrong.json()["findings"][0]["field"]) == (400, "apiVersion")


# MetalLB's webhook of BFDProfile denies it; the other kinds have no such protection.
def test_a_bfd_profile_in_use_is_not_deleted(api: APIClient, cluster: Cluster) -> None:
    saved(cluster, "BFDProfile")
    peer = saved(cluster, "BGPPeer", "tor", {**SPECS["BGPPeer"], "bfdProfile": "one"})
    refused = api.delete(_url("BFDProfile"))
    assert (refused.status_code, [f["code"] for f in refused.json()["findings"]]) == (422, ["profile-in-use"])
    peer.delete()
    assert api.delete(_url("BFDProfile")).status_code in {202, 204}


def test_services_that_lose_their_addresses_are_a_warning_and_forbid_no_deletion(
    api: APIClient, cluster: Cluster
) -> None:
    saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    Service.objects.create(cluster=cluster, namespace="shop", name="web", uid="u", addresses=["203.0.113.9"])
    told = api.delete(f"{_url('IPAddressPool', 'blue')}?dry_run=true")
    assert "pool-in-use" in [finding["code"] for finding in told.json()["findings"]], told.content
    assert api.delete(_url("IPAddressPool", "blue")).status_code in {202, 204}
