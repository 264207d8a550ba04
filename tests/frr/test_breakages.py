"""Thirty ways to break a cluster on real FRR: each difference is named with its cause, and after mending there is none.

By hand on one node through vtysh, on a router, on a node's link, and in the cluster's objects. Those of the objects are
made at once, each with a service of its own, since FRR takes seconds for a reload.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from intent.snapshot import Mode, Node, SecretFact, Service, Snapshot
from tests.frr.cluster import COMPUTE_1, NAMESPACE, NODES, RealCluster, bfd_profile, peer
from tests.frr.comparing import differences
from tests.intent.manifests import advertisement, pool
from tests.waiting import eventually

pytestmark = pytest.mark.frr

FAST = {"holdTime": "9s", "keepaliveTime": "3s", "connectTime": "1s"}
INTERNAL = {"myASN": 64510, "peerASN": 64510, "vrf": "storage", **FAST}
EVERYWHERE = tuple(node.name for node in NODES)
PEERS = (
    bfd_profile("fast", receiveInterval=300, transmitInterval=300),
    peer("core", "10.4.0.1", **INTERNAL),
    peer("plain", "10.1.0.1", peerASN=64601, **FAST),
    peer("md5", "10.1.0.2", peerASN=64602, passwordSecret={"name": "md5"}, bfdProfile="fast", **FAST),
)
PASSWORDS = {"md5": "let-me-in"}
OBJECTS = (
    *PEERS,
    pool("pool", ["203.0.113.0/24"]),
    advertisement("core", ipAddressPools=["pool"], peers=["core"], localPref=250, communities=["64512:100"]),
    advertisement("others", ipAddressPools=["pool"], peers=["plain", "md5"]),
)
STORAGE, PLAIN, MD5 = "storage 10.4.0.1", "default 10.1.0.1", "default 10.1.0.2"
NINE = "203.0.113.9/32"
ROUTER, VRF_ROUTER = "router bgp 64500", "router bgp 64510 vrf storage"
FOUR = "address-family ipv4 unicast"


def service(name: str, *addresses: str, nodes: tuple[str, ...] = EVERYWHERE, **facts: Any) -> Service:
    return Service(namespace="shop", name=name, addresses=addresses, endpoint_nodes=nodes, **facts)


WEB = service("web", "203.0.113.9")


def snapshot(*manifests: Any, services: tuple[Service, ...], nodes: tuple[Node, ...] = NODES) -> Snapshot:
    facts = [SecretFact(NAMESPACE, name) for name in PASSWORDS]
    made = Snapshot.from_manifests(manifests, mode=Mode.FRR, version="0.16.1", nodes=nodes, secrets=facts)
    return replace(made, services=services)


WHOLE = snapshot(*OBJECTS, services=(WEB,))


def same(cluster: RealCluster) -> bool:
    lines = differences(cluster)
    assert not lines, lines[:5]
    return True


def named(cluster: RealCluster, where: str, words: str) -> list[str]:
    """All differences, once one of this session has these words, and no other session has any."""
    lines = differences(cluster)
    mine = [line for line in lines if line.startswith(f"{where}: ")]
    assert any(words in line for line in mine), lines
    assert mine == lines, lines
    return lines


@pytest.fixture(scope="module")
def broken(cluster: RealCluster) -> RealCluster:
    """A cluster in which nothing differs; every test leaves it so."""
    cluster.wait(cluster.fleet.apply(snapshot(services=()), {}))
    cluster.take(WHOLE, PASSWORDS)
    eventually(lambda: same(cluster), timeout=90, interval=0.3)
    return cluster


class ByHand(NamedTuple):
    """What is typed on the first node, which session shows it in what words, and what mends it."""

    session: str
    words: str
    typed: tuple[str, ...]
    mended: tuple[str, ...]


def _neighbor(router: str, *lines: str) -> tuple[str, ...]:
    return (router, *lines)


_LOST = ("no neighbor 10.4.0.1",)
_BACK = (
    "neighbor 10.4.0.1 remote-as 64510",
    "neighbor 10.4.0.1 port 179",
    "neighbor 10.4.0.1 timers 3 9",
    "neighbor 10.4.0.1 timers connect 1",
    FOUR,
    "neighbor 10.4.0.1 activate",
    "neighbor 10.4.0.1 route-map 10.4.0.1-storage-in in",
    "neighbor 10.4.0.1 route-map 10.4.0.1-storage-out out",
)
_OUT = "route-map 10.4.0.1-storage-out permit 2"  # sets the community
_ALLOWED = "ip prefix-list 10.1.0.1-allowed-ipv4 seq 1"
BY_HAND: dict[str, ByHand] = {
    "peer removed": ByHand(STORAGE, "absent", (VRF_ROUTER, *_LOST), (VRF_ROUTER, *_BACK)),
    "extra neighbor": ByHand(
        "default 10.9.9.9", "orphan", (ROUTER, "neighbor 10.9.9.9 remote-as 65009"), (ROUTER, "no neighbor 10.9.9.9")
    ),
    "shut down": ByHand(
        PLAIN, "shut down", (ROUTER, "neighbor 10.1.0.1 shutdown"), (ROUTER, "no neighbor 10.1.0.1 shutdown")
    ),
    "other remote AS": ByHand(
        PLAIN,
        "remote-as is 64999, peerASN 64601",
        (ROUTER, "neighbor 10.1.0.1 remote-as 64999"),
        (ROUTER, "neighbor 10.1.0.1 remote-as 64601"),
    ),
    "other local AS": ByHand(
        PLAIN,
        "the local AS is 64777, myASN 64500",
        (ROUTER, "neighbor 10.1.0.1 local-as 64777 no-prepend replace-as"),
        (ROUTER, "no neighbor 10.1.0.1 local-as"),
    ),
    "timers": ByHand(
        PLAIN,
        "the hold time is 20s, the BGPPeer's 9s",
        (ROUTER, "neighbor 10.1.0.1 timers 5 20"),
        (ROUTER, "neighbor 10.1.0.1 timers 3 9"),
    ),
    "connect retry": ByHand(
        PLAIN,
        "connect retries come after 50s, connectTime 1s",
        (ROUTER, "neighbor 10.1.0.1 timers connect 50"),
        (ROUTER, "neighbor 10.1.0.1 timers connect 1"),
    ),
    "BFD removed": ByHand(
        MD5,
        "BFD is off, bfdProfile fast",
        (ROUTER, "no neighbor 10.1.0.2 bfd"),
        (ROUTER, "neighbor 10.1.0.2 bfd", "neighbor 10.1.0.2 bfd profile fast"),
    ),
    "password removed": ByHand(
        MD5,
        "no password is set, the BGPPeer has one",
        (ROUTER, "no neighbor 10.1.0.2 password"),
        (ROUTER, "neighbor 10.1.0.2 password let-me-in"),
    ),
    "update source": ByHand(
        PLAIN,
        "update-source is 172.18.0.11, sourceAddress not set",
        (ROUTER, "neighbor 10.1.0.1 update-source 172.18.0.11"),
        (ROUTER, "no neighbor 10.1.0.1 update-source"),
    ),
    "multihop": ByHand(
        PLAIN,
        "the router may be 5 hops away, ebgpMultiHop false",
        (ROUTER, "neighbor 10.1.0.1 ebgp-multihop 5"),
        (ROUTER, "no neighbor 10.1.0.1 ebgp-multihop"),
    ),
    "family deactivated": ByHand(
        STORAGE,
        "ipv4Unicast is not activated",
        (VRF_ROUTER, FOUR, "no neighbor 10.4.0.1 activate"),
        (VRF_ROUTER, FOUR, "neighbor 10.4.0.1 activate"),
    ),
    "family added": ByHand(
        STORAGE,
        "ipv6Unicast is activated, which the BGPPeer does not ask for",
        (VRF_ROUTER, "address-family ipv6 unicast", "neighbor 10.4.0.1 activate"),
        (VRF_ROUTER, "address-family ipv6 unicast", "no neighbor 10.4.0.1 activate"),
    ),
    "prefix list on the neighbor": ByHand(
        STORAGE,
        f"missing {NINE}: FRR has it, and does not send it: the prefix list HAND filters what ipv4Unicast sends",
        ("ip prefix-list HAND seq 5 deny any", VRF_ROUTER, FOUR, "neighbor 10.4.0.1 prefix-list HAND out"),
        (VRF_ROUTER, FOUR, "no neighbor 10.4.0.1 prefix-list HAND out", "exit", "exit", "no ip prefix-list HAND"),
    ),
    "route map filters": ByHand(
        STORAGE,
        f"missing {NINE}: FRR has it, and entry 3 of the outbound route map does not let it out",
        ("no route-map 10.4.0.1-storage-out permit 3", "route-map 10.4.0.1-storage-out deny 3",
         "match ip address prefix-list 10.4.0.1-storage-allowed-ipv4"),
        ("no route-map 10.4.0.1-storage-out deny 3", "route-map 10.4.0.1-storage-out permit 3",
         "match ip address prefix-list 10.4.0.1-storage-allowed-ipv4"),
    ),
    "prefix list emptied": ByHand(
        PLAIN,
        f"missing {NINE}: FRR has it, and the outbound route map does not let it out",
        (f"no {_ALLOWED} permit {NINE}", f"{_ALLOWED} deny any"),
        (f"no {_ALLOWED} deny any", f"{_ALLOWED} permit {NINE}"),
    ),
    "another route map": ByHand(
        STORAGE,
        "the outbound route map of ipv4Unicast is HAND, not MetalLB's 10.4.0.1-storage-out",
        ("route-map HAND permit 10", "exit", VRF_ROUTER, FOUR, "neighbor 10.4.0.1 route-map HAND out"),
        (VRF_ROUTER, FOUR, "neighbor 10.4.0.1 route-map 10.4.0.1-storage-out out", "exit", "exit", "no route-map HAND"),
    ),
    "network statement removed": ByHand(
        STORAGE,
        f"missing {NINE}: FRR's table of this VRF does not have it: its network statement is missing",
        (VRF_ROUTER, FOUR, f"no network {NINE}"),
        (VRF_ROUTER, FOUR, f"network {NINE}"),
    ),
    "extra network statement": ByHand(
        STORAGE,
        "extra 192.0.2.0/24: no object of MetalLB announces it to this peer from this node",
        (VRF_ROUTER, FOUR, "network 192.0.2.0/24", "exit", "exit",
         "ip prefix-list 10.4.0.1-storage-allowed-ipv4 seq 99 permit 192.0.2.0/24"),
        (VRF_ROUTER, FOUR, "no network 192.0.2.0/24", "exit", "exit",
         "no ip prefix-list 10.4.0.1-storage-allowed-ipv4 seq 99 permit 192.0.2.0/24"),
    ),
    "community changed": ByHand(
        STORAGE,
        f"attributes {NINE}: without community 64512:100; with community 64512:666, which no advertisement asks for",
        (_OUT, "set community 64512:666 additive"),
        (_OUT, "set community 64512:100 additive"),
    ),
    "LOCAL_PREF changed": ByHand(
        STORAGE,
        f"attributes {NINE}: LOCAL_PREF is 77, meant is 250",
        ("route-map 10.4.0.1-storage-out permit 1", "set local-preference 77"),
        ("route-map 10.4.0.1-storage-out permit 1", "set local-preference 250"),
    ),
    "next hop changed": ByHand(
        STORAGE,
        f"attributes {NINE}: the route map sets ip next-hop 10.4.0.77",
        (_OUT, "set ip next-hop 10.4.0.77"),
        (_OUT, "no set ip next-hop"),
    ),
    "maximum-prefix on the node": ByHand(
        PLAIN,
        "maximum-prefix 5 is set for ipv4Unicast",
        (ROUTER, FOUR, "neighbor 10.1.0.1 maximum-prefix 5"),
        (ROUTER, FOUR, "no neighbor 10.1.0.1 maximum-prefix"),
    ),
}  # fmt: skip


def _type(cluster: RealCluster, lines: tuple[str, ...]) -> None:
    cluster.vtysh(COMPUTE_1, "configure terminal", *lines)


@pytest.mark.parametrize("name", BY_HAND)
def test_what_is_changed_by_hand_is_named_and_gone_when_it_is_mended(broken: RealCluster, name: str) -> None:
    way = BY_HAND[name]
    _type(broken, way.typed)
    try:
        eventually(lambda: named(broken, f"{COMPUTE_1} {way.session}", way.words), timeout=60, interval=0.3)
    finally:
        _type(broken, way.mended)
    eventually(lambda: same(broken), timeout=60, interval=0.3)
