"""What a node announces to whom, as MetalLB's speaker decides it (speaker/main.go, speaker/bgp_controller.go)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.announcements import Announcements, Reason, ServiceRef, Verdict, announced_on
from intent.announcements.cluster import EXCLUDED
from intent.snapshot import Mode, Node, Service, Snapshot
from tests.intent.manifests import (
    ALL,
    NODES,
    RACK_A,
    advertisement,
    cluster,
    manifest,
    peer,
    pool,
    selecting,
    service,
)

ONE, TWO, THREE = ALL
WEB = ServiceRef("shop", "web")
FOUR, SIX = "203.0.113.9", "2001:db8::9"
DUAL = pool("pool", ["203.0.113.0/24", "2001:db8::/64"])
BOTH = (peer("tor"), peer("six", peerAddress="2001:db8:1::1"))


def told(snapshot: Snapshot, node: str = ONE) -> dict[str, list[str]]:
    """What a node's sessions announce, prefixes only."""
    return {name: [each.prefix for each in found] for name, found in announced_on(snapshot, node).items()}


# The rule, what is different from one pool, one advertisement of all and a peer with IPv4, and what goes out.
PREFIXES: list[tuple[str, list[dict[str, Any]], tuple[str, ...]]] = [
    ("every address is a prefix of its own", [advertisement()], ("203.0.113.9/32",)),
    ("aggregated", [advertisement(aggregationLength=26)], ("203.0.113.0/26",)),
    ("IPv6 has a length of its own", [advertisement(aggregationLengthV6=64)], ("203.0.113.9/32",)),
    ("two", [advertisement("a"), advertisement("b", aggregationLength=24)], ("203.0.113.0/24", "203.0.113.9/32")),
    ("a pool by name", [advertisement(ipAddressPools=["pool"])], ("203.0.113.9/32",)),
    ("another pool by name", [advertisement(ipAddressPools=["other"])], ()),
    ("a pool by label", [advertisement(ipAddressPoolSelectors=selecting(tier="gold"))], ("203.0.113.9/32",)),
    ("another label", [advertisement(ipAddressPoolSelectors=selecting(tier="tin"))], ()),
    (
        "names and labels add up",
        [advertisement(ipAddressPools=["other"], ipAddressPoolSelectors=selecting(tier="gold"))],
        ("203.0.113.9/32",),
    ),
    ("a peer by name", [advertisement(peers=["tor"])], ("203.0.113.9/32",)),
    ("another peer", [advertisement(peers=["nobody"])], ()),
    ("nodes that are selected", [advertisement(**RACK_A)], ("203.0.113.9/32",)),
    ("nodes that are not", [advertisement(nodeSelectors=selecting(rack="b"))], ()),
    ("services by label", [advertisement(serviceSelectors=selecting(app="web"))], ("203.0.113.9/32",)),
    ("other services", [advertisement(serviceSelectors=selecting(app="db"))], ()),
    ("no advertisement", [], ()),
    ("one elsewhere", [manifest("BGPAdvertisement", "adv", {}, version="v1beta1", namespace="elsewhere")], ()),
]  # fmt: skip


@pytest.mark.parametrize(("advertised", "expected"), [case[1:] for case in PREFIXES], ids=[c[0] for c in PREFIXES])
def test_an_advertisement_says_which_prefixes_go_to_whom(
    advertised: list[dict[str, Any]], expected: tuple[str, ...]
) -> None:
    pools = pool("pool", labels={"tier": "gold"}), pool("other", ["198.51.100.0/24"])
    web = service("web", FOUR, labels={"app": "web"})
    assert told(cluster(peer("tor"), *pools, *advertised, services=(web,))) == {"tor": list(expected)}


def test_a_session_gets_the_families_that_it_has() -> None:
    both = peer("both", peerAddress="10.0.0.5", dualStackAddressFamily=True)
    snapshot = cluster(*BOTH, both, DUAL, advertisement(), services=(service("web", FOUR, SIX),))
    assert told(snapshot) == {
        "both": ["203.0.113.9/32", "2001:db8::9/128"], "six": ["2001:db8::9/128"], "tor": ["203.0.113.9/32"],
    }  # fmt: skip
    assert told(replace(snapshot, mode=Mode.NATIVE))["six"] == ["203.0.113.9/32"]  # its sessions carry IPv4 alone


def test_services_share_a_prefix_and_what_their_advertisements_ask_for_adds_up() -> None:
    alias = manifest("Community", "c", {"communities": [{"name": "vpn", "value": "large:1:2:3"}]}, version="v1beta1")
    advertised = (
        advertisement("a", aggregationLength=24, localPref=200, communities=["vpn", "65000:1"], peers=["tor"]),
        advertisement("b", aggregationLength=24, localPref=200, communities=["65000:2", "nowhere"]),
        advertisement("c", communities=["65000:3"]),
    )
    services = service("web", FOUR), service("api", "203.0.113.10")
    snapshot = cluster(peer("tor"), peer("six", peerAddress="10.0.0.2"), pool(), alias, *advertised, services=services)
    roll_up, *single = announced_on(snapshot, ONE)["tor"]
    assert (roll_up.prefix, roll_up.local_pref, roll_up.family) == ("203.0.113.0/24", 200, "ipv4")
    assert [str(each) for each in roll_up.communities] == ["65000:1", "65000:2", "large:1:2:3"]
    assert [str(each) for each in roll_up.services] == ["shop/api", "shop/web"]
    assert [(each.prefix, each.local_pref, [str(s) for s in each.services]) for each in single] == [
        ("203.0.113.9/32", None, ["shop/web"]),
        ("203.0.113.10/32", None, ["shop/api"]),
    ]
    other = announced_on(snapshot, ONE)["six"][0]
    assert [str(each) for each in other.communities] == ["65000:2"]


def test_local_traffic_goes_out_where_endpoints_are_and_pulls_the_roll_up_along() -> None:
    local = service("web", FOUR, nodes=(TWO,), local=True)
    anywhere = service("api", "203.0.113.70", nodes=("",))  # an endpoint that names no node serves all of them
    advertised = advertisement(aggregationLength=26)
    snapshot = cluster(peer("tor"), pool(), advertised, services=(local, anywhere))
    assert told(snapshot, ONE) == {"tor": ["203.0.113.64/26"]}
    assert told(snapshot, TWO) == {"tor": ["203.0.113.0/26", "203.0.113.64/26"]}
    shared = service("db", "203.0.113.10", nodes=(ONE,))
    both = announced_on(cluster(peer("tor"), pool(), advertised, services=(local, shared)), TWO)["tor"]
    assert [[str(s) for s in each.services] for each in both] == [["shop/db", "shop/web"]]


def test_the_last_list_of_frrs_route_map_decides_about_two_local_preferences() -> None:
    gold, tin = ({"serviceSelectors": selecting(tier=tier)} for tier in ("gold", "tin"))
    shared = (service("web", FOUR, labels={"tier": "gold"}), service("api", FOUR, labels={"tier": "tin"}))
    advertised = advertisement("a", localPref=1000, **gold), advertisement("b", localPref=20, **tin)
    (only,) = announced_on(cluster(peer("tor"), pool(), *advertised, services=shared), ONE)["tor"]
    assert (only.local_prefs, only.local_pref) == ((20, 1000), 20)  # sorted as text, "20" comes after "1000"


FIRST_REASON: list[tuple[Reason, dict[str, Any], dict[str, Any]]] = [
    # each row breaks its own rule and, where it can, everything that comes later
    (Reason.NO_IP_ALLOCATED, {"addresses": ()}, {}),
    (Reason.INVALID_IP, {"addresses": ("here",)}, {}),
    (Reason.IP_NOT_ALLOWED, {"addresses": ("198.51.100.1",)}, {}),
    (Reason.NOT_OWNER, {}, {"nodeSelectors": selecting(rack="z"), "serviceSelectors": selecting(app="x")}),
    (Reason.NO_MATCHING_ADVERTISEMENT, {}, {"serviceSelectors": selecting(app="x")}),
    (Reason.CONFLICTING_ADVERTISEMENTS, {}, {"localPref": 300}),
    (Reason.NODE_NETWORK_UNAVAILABLE, {}, {}),
    (Reason.NODE_LABELED_EXCLUDE_BALANCERS, {}, {}),
    (Reason.NO_LOCAL_ENDPOINTS, {"local": True}, {}),
    (Reason.NO_ENDPOINTS, {}, {}),
]


@pytest.mark.parametrize(("reason", "facts", "spec"), FIRST_REASON, ids=[case[0] for case in FIRST_REASON])
def test_the_first_reason_counts(reason: Reason, facts: dict[str, Any], spec: dict[str, Any]) -> None:
    at = [case[0] for case in FIRST_REASON].index(reason)
    unavailable, excluded = at <= 6, at <= 7
    node = Node(ONE, {**NODES[0].labels, **({EXCLUDED: ""} if excluded else {})}, network_unavailable=unavailable)
    web = Service(namespace="shop", name="web", **{"addresses": (FOUR,), **facts})
    advertised = [advertisement("a", **spec)]
    if reason is Reason.CONFLICTING_ADVERTISEMENTS:
        advertised.append(advertisement("b", localPref=100, serviceSelectors=[{}]))
    snapshot = cluster(peer("tor"), pool(), *advertised, nodes=(node,), services=(web,))
    assert Announcements(snapshot).verdict(WEB, FOUR, ONE) == Verdict(reason)
    assert told(snapshot) == {"tor": []}


def test_a_service_that_is_gone_and_one_that_goes_out() -> None:
    made = Announcements(cluster(*BOTH, DUAL, advertisement(), services=(service("web", FOUR, SIX),)))
    assert made.verdict(ServiceRef("shop", "gone"), FOUR, ONE) == Verdict(Reason.SERVICE_DELETED)
    assert made.verdict(WEB, FOUR, ONE) == Verdict(None, ("203.0.113.9/32",), ("tor",))
    assert made.verdict(WEB, SIX, ONE) == Verdict(None, ("2001:db8::9/128",), ("six",))


def test_one_bad_address_keeps_the_whole_service() -> None:
    split = service("web", FOUR, "198.51.100.1")
    snapshot = cluster(peer("tor"), pool(), pool("other", ["198.51.100.0/24"]), advertisement(), services=(split,))
    assert Announcements(snapshot).verdict(WEB, FOUR, ONE) == Verdict(Reason.IP_NOT_ALLOWED)


def test_a_service_without_a_session_that_takes_it_is_announced_to_nobody() -> None:
    made = Announcements(cluster(BOTH[1], pool(), advertisement(), services=(service("web", FOUR),)))
    assert made.verdict(WEB, FOUR, ONE) == Verdict(None, ("203.0.113.9/32",), ())


def test_nodes_are_told_apart_by_what_they_do() -> None:
    web = service("web", FOUR, nodes=(TWO,), local=True)
    made = Announcements(cluster(peer("tor"), pool(), advertisement(**RACK_A), services=(web,)))
    assert made.nodes_by_verdict(WEB, FOUR) == {
        Verdict(Reason.NO_LOCAL_ENDPOINTS): (ONE,),
        Verdict(None, ("203.0.113.9/32",), ("tor",)): (TWO,),
        Verdict(Reason.NOT_OWNER): (THREE,),
    }


# internal/config, validateBGPAdvPerPool: what makes two advertisements of one pool compatible in spite of localPref.
CONFLICTS: list[tuple[str, bool, dict[str, Any], dict[str, Any]]] = [
    ("the same peers", True, {}, {}),
    ("other peers", False, {"peers": ["tor"]}, {"peers": ["six"]}),
    ("all peers and one", True, {"peers": ["tor"]}, {}),
    ("one length differs, of two families", True, {"aggregationLength": 24}, {}),
    ("both lengths differ", False, {"aggregationLength": 24, "aggregationLengthV6": 64}, {}),
    ("the same preference", False, {"localPref": 200}, {}),
    ("not on this node", False, {"nodeSelectors": selecting(rack="b")}, {}),
]


@pytest.mark.parametrize(("clash", "one", "other"), [c[1:] for c in CONFLICTS], ids=[c[0] for c in CONFLICTS])
def test_advertisements_conflict_by_local_preference(clash: bool, one: dict[str, Any], other: dict[str, Any]) -> None:
    advertised = advertisement("a", **{"localPref": 100, **one}), advertisement("b", **{"localPref": 200, **other})
    made = Announcements(cluster(*BOTH, DUAL, *advertised, services=(service("web", FOUR),)))
    assert (made.verdict(WEB, FOUR, ONE).reason is Reason.CONFLICTING_ADVERTISEMENTS) is clash


def test_in_a_pool_of_one_family_the_other_length_plays_no_role() -> None:
    advertised = advertisement("a", localPref=1, aggregationLength=24), advertisement("b", localPref=2)
    made = Announcements(cluster(peer("tor"), pool(), *advertised, services=(service("web", FOUR),)))
    assert made.verdict(WEB, FOUR, ONE).reason is None


def test_more_than_63_communities_are_not_announced() -> None:
    def verdict(count: int) -> Reason | None:
        advertised = advertisement(communities=[f"65000:{number}" for number in range(count)])
        snapshot = cluster(peer("tor"), pool(), advertised, services=(service("web", FOUR),))
        assert bool(told(snapshot)["tor"]) is (count <= 63)
        return Announcements(snapshot).verdict(WEB, FOUR, ONE).reason

    assert (verdict(63), verdict(64)) == (None, Reason.TOO_MANY_COMMUNITIES)


def test_releases_before_service_selectors_know_none() -> None:
    advertised = advertisement(serviceSelectors=selecting(app="x"))
    web = (service("web", FOUR),)
    assert told(cluster(peer("tor"), pool(), advertised, version="0.15.3", services=web)) == {"tor": ["203.0.113.9/32"]}


def test_a_status_lists_the_peers_of_the_prefix_whatever_their_family() -> None:
    advertised = (
        advertisement("a", aggregationLength=24, serviceSelectors=selecting(app="web"), peers=["tor"]),
        advertisement("b", serviceSelectors=selecting(app="api"), peers=["six"]),
        advertisement("c", serviceSelectors=selecting(app="db"), peers=["nobody"]),
    )
    services = [service(name, FOUR, labels={"app": name}) for name in ("web", "api", "db")]
    made = Announcements(cluster(*BOTH, pool(), *advertised, services=tuple(services)))
    api, db = ServiceRef("shop", "api"), ServiceRef("shop", "db")
    assert made.status_on(ONE) == {WEB: ("tor",), api: ("six",), db: ("six",)}  # db has the prefix that api announces
    assert made.status_on("unknown") == {}


def test_all_nodes_together_say_the_same_as_each_by_itself() -> None:
    services = [service("web", FOUR, nodes=(ONE, TWO), local=True), service("api", SIX), service("db", "203.0.113.99")]
    advertised = advertisement("a", aggregationLength=24), advertisement("b", communities=["65000:1"], **RACK_A)
    snapshot = cluster(*BOTH, DUAL, *advertised, services=tuple(services))
    made = Announcements(snapshot)
    assert {node: made.on(node) for node in ALL} == {node: announced_on(snapshot, node) for node in ALL}
    assert (made.on("unknown"), announced_on(snapshot, "unknown")) == ({}, {})


def test_nodes_that_are_alike_share_their_tables() -> None:
    nodes = tuple(Node(f"node-{n}", {"rack": f"r{n % 40}"}) for n in range(400))
    peers = [peer(f"p{n}", peerAddress=f"10.0.1.{n}", vrf=f"v{n % 5}") for n in range(20)]
    pools = [pool(f"pool-{n}", [f"10.{n // 256}.{n % 256}.0/24"], {"tier": str(n % 10)}) for n in range(500)]
    advertised = [
        advertisement(f"a{n}", ipAddressPoolSelectors=selecting(tier=str(n)), peers=[f"p{2 * n}", f"p{2 * n + 1}"])
        for n in range(10)
    ] + [
        advertisement(f"b{n}", aggregationLength=24, communities=["65000:1"], nodeSelectors=selecting(rack=f"r{n}"))
        for n in range(40)
    ]
    services = tuple(
        Service(
            namespace=f"ns{n % 50}", name=f"s{n}", addresses=(f"10.{n % 500 // 256}.{n % 256}.{n // 500 + 1}",),
            local=n % 2 == 0, endpoint_nodes=(f"node-{n % 400}", f"node-{n * 7 % 400}"),
        )
        for n in range(1000)
    )  # fmt: skip
    snapshot = cluster(*peers, *pools, *advertised, nodes=nodes, services=services)
    made = Announcements(snapshot)
    feeds = [layers for node in nodes for layers in made.feeds_on(node.name).values()]
    tables = {id(layers.shared): layers.shared for layers in feeds}
    assert (len(feeds), len(tables)) == (
        400 * 20,
        6,
    )  # racks get the same, and so do peers of tiers whose services are all Local
    assert announced_on(snapshot, "node-14") == made.on("node-14")
