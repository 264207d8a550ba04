"""Review and REST say who may answer ARP and NDP after a change, and what becomes of the node that answers now."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, Resource
from tests.kinds import saved
from tests.pages.services import a_service
from tests.pages.test_frozen_reviews import edited
from tests.pages.test_reported import a_report
from tests.pages.test_sessions_of_a_review import meant

HEAD = "What it means for ARP and NDP"


@pytest.fixture
def arp(cluster: Cluster) -> Resource:
    """One service, answered for by node-1; an address of another pool that no L2Advertisement is for."""
    saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    saved(cluster, "IPAddressPool", "green", {"addresses": ["198.51.100.0/24"]})
    a_service(cluster, "web", "203.0.113.9", pool="blue")
    a_service(cluster, "other", "198.51.100.9", pool="green")
    about: dict[str, Any] = {"service_namespace": "shop", "service_name": "web", "node": "node-1"}
    a_report(cluster, "ServiceL2Status", "l2-web", **about)
    return saved(cluster, "L2Advertisement", "arp", {"ipAddressPools": ["blue"]})


def test_an_edit_that_takes_the_answering_node_away_says_that_it_moves(editor: Client, arp: Resource) -> None:
    text = meant(edited(editor, arp, nodeSelectors="rack=0"), "layer2")
    assert text.startswith(
        f"{HEAD} 1 service will be answered for by another node Service May answer now And then Who answers "
        "shop/web 203.0.113.9 3 nodes node-0, node-1, node-2 1 node node-0 moves away from node-1, to node-0"
    )


def test_a_deletion_names_the_services_that_nobody_answers_for_in_rest_too(editor: Client, arp: Resource) -> None:
    text = meant(editor.get(f"{arp.get_absolute_url()}delete/").text, "layer2")
    assert text.startswith(f"{HEAD} 1 service will be answered for by nobody")
    entry = {"delete": {"kind": "L2Advertisement", "name": "arp"}}
    told = editor.post("/api/v1/preview/", [entry], content_type="application/json").json()["layer2"]
    assert (told["lost"], told["gained"], told["moved"]) == (1, 0, 0)
    (one,) = told["services"]
    assert (one["name"], one["answers"], one["before"]["nodes"], one["after"]["count"]) == (
        "web", "node-1", ["node-0", "node-1", "node-2"], 0
    )  # fmt: skip


def test_another_pool_gains_it_and_which_node_takes_it_is_not_claimed(editor: Client, arp: Resource) -> None:
    text = meant(edited(editor, arp, ipAddressPools=["blue", "green"]), "layer2")
    assert "1 service will be answered for Service" in text
    assert "shop/other 198.51.100.9 nobody 3 nodes node-0, node-1, node-2 one of them" in text
    assert "Which one is not known before" in text


def test_what_does_not_decide_about_it_says_nothing_of_it(editor: Client, arp: Resource) -> None:
    advertisement = saved(arp.cluster, "BGPAdvertisement", "all", {"ipAddressPools": ["blue"]})
    page = editor.get(f"{advertisement.get_absolute_url()}delete/").text
    assert 'id="layer2-head"' not in page
