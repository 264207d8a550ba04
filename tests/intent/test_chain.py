"""Which link each reason of MetalLB's speaker breaks, and the objects with which the way out begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from intent.announcements import Announcements, Reason, ServiceRef
from intent.announcements.chain import STEPS, Chain, Step
from intent.announcements.cluster import EXCLUDED
from intent.findings import ObjectRef
from intent.snapshot import Service
from tests.intent.manifests import ALL, NODES, RACK_A, RACK_B, advertisement, cluster, peer, pool, selecting, service

ONE, TWO, THREE = ALL
FOUR = "203.0.113.9"
WEB = service("web", FOUR, labels={"app": "web"}, pool="pool")
LABELED = (replace(NODES[0], labels={**NODES[0].labels, EXCLUDED: ""}), *NODES[1:])
ALONE = replace(NODES[0], network_unavailable=True)
GOLD, TIN = ({"serviceSelectors": selecting(app="web"), "localPref": number} for number in (200, 100))
MANY = [f"65000:{number}" for number in range(64)]

# The reason, what of the cluster is otherwise, and the objects; node compute-1 is asked (speaker/bgp_controller.go).
REASONS: list[tuple[Reason | None, Service, Iterable[dict[str, Any]], list[str], dict[str, Any]]] = [
    (Reason.NO_IP_ALLOCATED, replace(WEB, addresses=()), [advertisement()], ["Service web"], {}),
    (Reason.INVALID_IP, replace(WEB, addresses=("x",)), [advertisement()], ["Service web"], {}),
    (Reason.IP_NOT_ALLOWED, replace(WEB, addresses=("192.0.2.1",)), [], ["IPAddressPool pool", "Service web"], {}),
    (Reason.NOT_OWNER, WEB, [advertisement("b", **RACK_B)], ["BGPAdvertisement b"], {}),
    (Reason.NOT_OWNER, WEB, [], ["IPAddressPool pool"], {}),
    (
        Reason.NO_MATCHING_ADVERTISEMENT,
        WEB,
        [advertisement("db", serviceSelectors=selecting(app="db")), advertisement("b", **RACK_B)],
        ["BGPAdvertisement db", "Service web"],
        {},
    ),
    (
        Reason.CONFLICTING_ADVERTISEMENTS,
        WEB,
        [advertisement("a", **GOLD), advertisement("b", **TIN), advertisement("c", **(GOLD | RACK_B))],
        ["BGPAdvertisement a", "BGPAdvertisement b"],
        {},
    ),
    (Reason.TOO_MANY_COMMUNITIES, WEB, [advertisement("many", communities=MANY)], ["BGPAdvertisement many"], {}),
    (Reason.NODE_NETWORK_UNAVAILABLE, WEB, [advertisement()], [f"Node {ONE}"], {"nodes": (ALONE, *NODES[1:])}),
    (Reason.NODE_LABELED_EXCLUDE_BALANCERS, WEB, [advertisement()], [f"Node {ONE}"], {"nodes": LABELED}),
    (
        Reason.NO_LOCAL_ENDPOINTS,
        replace(WEB, local=True, endpoint_nodes=(TWO,)),
        [advertisement()],
        ["Service web"],
        {},
    ),
    (Reason.NO_ENDPOINTS, replace(WEB, endpoint_nodes=()), [advertisement()], ["Service web"], {}),
    (None, WEB, [advertisement(peers=["other"])], ["BGPAdvertisement adv", "BGPPeer other"], {}),
]


@pytest.mark.parametrize(("reason", "web", "advertised", "expected", "facts"), REASONS)
def test_a_reason_names_the_objects_to_change(
    reason: Reason | None,
    web: Service,
    advertised: Iterable[dict[str, Any]],
    expected: list[str],
    facts: dict[str, Any],
) -> None:
    other = peer("other", peerAddress="10.0.0.2", **RACK_B)
    snapshot = cluster(peer("tor"), other, pool(), *advertised, services=(web,), **facts)
    verdict = Announcements(snapshot).verdict(ServiceRef("shop", "web"), next(iter(web.addresses), ""), ONE)
    assert (verdict.reason, verdict.peers) == (reason, ())
    assert [str(each) for each in Chain(snapshot, web).to_change(reason, [ONE])] == expected


def test_every_reason_breaks_one_link() -> None:
    assert set(STEPS) == set(Reason)
    assert set(STEPS.values()) == set(Step) - {Step.SESSION, Step.PREFIX}  # of which FRR knows


def test_links_that_hold_name_what_holds_them() -> None:
    snapshot = cluster(pool(), advertisement("a", **RACK_A), advertisement("b", **RACK_B), services=(WEB,))
    chain = Chain(snapshot, WEB)
    assert chain.pool == ObjectRef("IPAddressPool", "metallb-system", "pool")
    assert [each.name for each in chain.advertisements([ONE, TWO])] == ["a"]
    assert [each.name for each in chain.advertisements(ALL)] == ["a", "b"]
