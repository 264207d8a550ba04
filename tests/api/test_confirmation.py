"""A change that withdraws the last announcement of a service, or ends many sessions, is confirmed with the numbers."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from clusters.models import Change, ChangeSet, Cluster, Resource
from tests.kinds import example
from tests.pages.services import a_service, two_services_announced

PEER = {"myASN": 64500, "peerASN": 64501}
ADVERTISEMENT = "/api/v1/bgpadvertisements/lab/metallb-system/all/"
TOR = "/api/v1/bgppeers/lab/metallb-system/tor-a/"


@pytest.fixture(autouse=True)
def announced(cluster: Cluster, settings: Settings) -> dict[str, Resource]:
    """Two services in a pool that is announced to two routers from two nodes."""
    settings.BGPUI_CONFIRM_SESSIONS = 25.0
    return two_services_announced(cluster, **PEER)


def refused(response: Any, *codes: str) -> dict[str, Any]:
    assert response.status_code == 422, response.content
    told: dict[str, Any] = response.json()
    assert (told["type"].rpartition(":")[2], told["confirm"]) == ("confirmation", list(codes))
    assert told["detail"].endswith("&".join(f"accept={code}" for code in codes))
    return told


def test_a_deletion_that_withdraws_services_says_how_it_is_confirmed_and_is_kept_with_the_numbers(
    api: APIClient,
) -> None:
    told = refused(api.delete(ADVERTISEMENT), "services-withdrawn:2")
    assert told["detail"].startswith("2 services lose their last announcement: shop/db, shop/web.")
    assert told["findings"][0]["hint"] == "Repeat it with accept=services-withdrawn:2"
    refused(api.delete(f"{ADVERTISEMENT}?accept=services-withdrawn:1"), "services-withdrawn:2")
    assert not Change.objects.exists()
    assert api.delete(f"{ADVERTISEMENT}?accept=services-withdrawn:2").status_code == 202
    assert Change.objects.get().accepted == ["services-withdrawn:2"]


def test_what_became_larger_since_the_review_is_asked_for_again(api: APIClient, cluster: Cluster) -> None:
    (code,) = api.delete(f"{ADVERTISEMENT}?dry_run=true").json()["confirm"]
    a_service(cluster, "more", "203.0.113.11", pool="blue")
    refused(api.delete(f"{ADVERTISEMENT}?accept={code}"), "services-withdrawn:3")


def test_an_edit_that_resets_sessions_is_confirmed_from_a_share_on_that_is_set(
    api: APIClient, settings: Settings
) -> None:
    # FRR's bgpd ends a session whose remote AS is another one (`bgp_peer_remote_as` resets the peer).
    patch = {"spec": {"peerASN": 64502}}
    refused(api.patch(TOR, patch, format="json"), "sessions-reset:2-of-4")
    settings.BGPUI_CONFIRM_SESSIONS = 50.0
    assert api.patch(TOR, patch, format="json").status_code == 202


def test_what_destroys_nothing_is_not_asked_about(api: APIClient) -> None:
    peer = {**example("BGPPeer", "tor-c"), "spec": {**PEER, "peerAddress": "192.0.2.3"}}
    assert api.post("/api/v1/bgppeers/", peer, format="json").status_code == 202


def test_a_set_an_import_and_a_way_back_are_confirmed_as_a_whole(api: APIClient) -> None:
    gone = [{"delete": {"kind": "BGPPeer", "name": name}} for name in ("tor-a", "tor-b")]
    both = ["services-withdrawn:2", "sessions-reset:4-of-4"]
    refused(api.post("/api/v1/changesets/", gone, format="json"), *both)
    assert api.post("/api/v1/preview/", gone, format="json").json()["confirm"] == both
    one_node = [{"matchLabels": {"kubernetes.io/hostname": "no-such-node"}}]
    manifest = {**example("BGPAdvertisement", "all"), "spec": {"ipAddressPools": ["blue"], "nodeSelectors": one_node}}
    refused(api.post("/api/v1/import/", [manifest], format="json"), "services-withdrawn:2")
    assert not ChangeSet.objects.exists()
    accept = "&".join(f"accept={code}" for code in both)
    assert api.post(f"/api/v1/changesets/?{accept}", gone, format="json").status_code == 202
    assert {tuple(change.accepted) for change in Change.objects.all()} == {tuple(both)}


def test_a_code_without_numbers_is_a_mistake_in_the_request(api: APIClient) -> None:
    assert api.delete(f"{ADVERTISEMENT}?accept=services-withdrawn").status_code == 400
