"""Rows of MetalLB's decision that others do not have: speaker/bgp_controller.go and internal/k8s/nodes, 0.16."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.announcements import Announcements, Reason, ServiceRef, announced_on
from intent.announcements.cluster import EXCLUDED
from intent.reaching import sessions_of_pools
from intent.snapshot import Node
from tests.intent.manifests import ALL, NODES, RACK_A, RACK_B, advertisement, cluster, peer, pool, service

ONE, TWO, THREE = ALL
WEB, FOUR = ServiceRef("shop", "web"), "203.0.113.9"
ROUTE = {"tor": ["203.0.113.9/32"]}


def told(node: str, *objects: Any, **facts: Any) -> dict[str, list[str]]:
    """What the node's sessions announce of one service."""
    made = cluster(pool(), *objects, services=(service("web", FOUR, **facts),))
    return {name: [each.prefix for each in found] for name, found in announced_on(made, node).items()}


# IsNodeExcludedFromBalancers looks for the label, whatever its value; cordoning was taken out again in 0.15.0.
NODE_FACTS: list[tuple[dict[str, Any], bool, Reason | None]] = [
    ({"labels": {EXCLUDED: ""}}, False, Reason.NODE_LABELED_EXCLUDE_BALANCERS),
    ({"labels": {EXCLUDED: "false"}}, False, Reason.NODE_LABELED_EXCLUDE_BALANCERS),
    ({"labels": {EXCLUDED: ""}}, True, None),  # the speakers run with --ignore-exclude-lb
    ({"labels": {EXCLUDED: ""}, "network_unavailable": True}, True, Reason.NODE_NETWORK_UNAVAILABLE),
    ({"unschedulable": True}, False, None),
    ({"ready": False}, False, None),
]


@pytest.mark.parametrize(("facts", "ignores", "reason"), NODE_FACTS, ids=str)
def test_what_keeps_a_node_from_announcing(facts: dict[str, Any], ignores: bool, reason: Reason | None) -> None:
    made = cluster(peer("tor"), pool(), advertisement(), nodes=(Node(ONE, **facts),), services=(service("web", FOUR),))
    verdict = Announcements(replace(made, ignores_exclude=ignores)).verdict(WEB, FOUR, ONE)
    assert (verdict.reason, verdict.peers) == (reason, () if reason else ("tor",))
    meant = sessions_of_pools(replace(made, ignores_exclude=ignores), pool="pool")
    assert meant == ([] if reason else [("tor", (ONE, "default", "10.0.0.1"))])


# hasHealthyEndpoint: with Cluster any endpoint counts, with Local those of the node, of which some name none.
ENDPOINTS: list[tuple[bool, tuple[str, ...], tuple[Reason | None, Reason | None]]] = [
    (False, (TWO,), (None, None)),
    (False, ("",), (None, None)),
    (False, (), (Reason.NO_ENDPOINTS, Reason.NO_ENDPOINTS)),
    (True, (TWO,), (Reason.NO_LOCAL_ENDPOINTS, None)),
    (True, ("",), (Reason.NO_LOCAL_ENDPOINTS, Reason.NO_LOCAL_ENDPOINTS)),
    (True, (), (Reason.NO_LOCAL_ENDPOINTS, Reason.NO_LOCAL_ENDPOINTS)),
]


@pytest.mark.parametrize(("local", "nodes", "reasons"), ENDPOINTS, ids=str)
def test_the_traffic_policy_decides_which_endpoints_count(
    local: bool, nodes: tuple[str, ...], reasons: tuple[Reason | None, ...]
) -> None:
    web = service("web", FOUR, nodes=nodes, local=local)
    made = Announcements(cluster(peer("tor"), pool(), advertisement(), services=(web,)))
    assert tuple(made.verdict(WEB, FOUR, node).reason for node in (ONE, TWO)) == reasons


def test_peers_of_an_advertisement_are_names_and_not_addresses() -> None:
    assert told(ONE, peer("tor"), advertisement(peers=["10.0.0.1"])) == {"tor": []}
    assert told(ONE, peer("tor"), advertisement(peers=["10.0.0.1", "tor"])) == ROUTE


def test_each_peer_gets_the_prefixes_of_its_own_advertisements() -> None:
    peers = peer("tor"), peer("other", peerAddress="10.0.0.2")
    wide, single = advertisement("wide", aggregationLength=24, peers=["tor"]), advertisement("all", peers=["other"])
    made = Announcements(cluster(*peers, pool(), wide, single, services=(service("web", FOUR),)))
    verdict = made.verdict(WEB, FOUR, ONE)
    assert (verdict.prefixes, verdict.peers) == (("203.0.113.0/24", "203.0.113.9/32"), ("other", "tor"))
    assert (verdict.to("tor"), verdict.to("other")) == (("203.0.113.0/24",), ("203.0.113.9/32",))
    both = Announcements(cluster(*peers, pool(), wide, advertisement("all"), services=(service("web", FOUR),)))
    assert both.verdict(WEB, FOUR, ONE).partly == (("other", ("203.0.113.9/32",)),)


def test_without_peers_it_goes_into_every_vrf_that_has_a_session_on_the_node() -> None:
    peers = peer("tor"), peer("red", vrf="red", **RACK_A), peer("blue", vrf="blue", peerAddress="10.0.0.2", **RACK_B)
    assert told(ONE, *peers, advertisement()) == {"tor": ["203.0.113.9/32"], "red": ["203.0.113.9/32"]}
    assert told(THREE, *peers, advertisement()) == {"blue": ["203.0.113.9/32"], "tor": ["203.0.113.9/32"]}


def test_a_node_of_the_advertisement_without_the_peer_announces_to_nobody() -> None:
    assert told(THREE, peer("tor", **RACK_A), advertisement()) == {}
    assert told(ONE, peer("tor", **RACK_A), advertisement(**RACK_B)) == {"tor": []}


@pytest.mark.parametrize("selectors", [[{}], [{"matchLabels": {"rack": "z"}}, {"matchLabels": {"rack": "a"}}]])
def test_selectors_of_a_list_are_alternatives_and_an_empty_one_takes_all(selectors: list[dict[str, Any]]) -> None:
    assert told(ONE, peer("tor", nodeSelectors=selectors), advertisement(nodeSelectors=selectors)) == ROUTE


def test_labels_of_a_node_decide_at_once() -> None:
    web = (service("web", FOUR),)
    before = cluster(peer("tor", **RACK_A), pool(), advertisement(), services=web)
    after = replace(before, nodes=(replace(NODES[0], labels={"rack": "b"}), *NODES[1:]))
    assert (set(announced_on(before, ONE)), set(announced_on(after, ONE))) == ({"tor"}, set())


def test_a_preference_of_zero_is_none() -> None:
    made = cluster(peer("tor"), pool(), advertisement(localPref=0), services=(service("web", FOUR),))
    (route,) = announced_on(made, ONE)["tor"]
    assert (route.local_prefs, route.local_pref) == ((), None)
