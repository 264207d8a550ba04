"""What somebody types on a node: which session shows it in what words, and what mends it.

In the lines, {address} is the node's own address.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.frr.breaking import FOUR, MD5, NINE, OTHER_PORT, PLAIN, ROUTER, STORAGE, VRF_ROUTER


class ByHand(NamedTuple):
    """session: as `VRF neighbor`. also: what another session shows, by its name."""

    session: str
    words: str
    typed: tuple[str, ...]
    mended: tuple[str, ...]
    also: tuple[tuple[str, str], ...] = ()


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
        "update-source is {address}, sourceAddress not set",
        (ROUTER, "neighbor 10.1.0.1 update-source {address}"),
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
    "graceful restart": ByHand(
        PLAIN,
        "the graceful restart mode is Restart, enableGracefulRestart false means Helper",
        (ROUTER, "neighbor 10.1.0.1 graceful-restart"),
        (ROUTER, "no neighbor 10.1.0.1 graceful-restart"),
    ),
    "port of the router": ByHand(
        PLAIN,
        f"the session runs to port {OTHER_PORT}, peerPort 179",
        (ROUTER, f"neighbor 10.1.0.1 port {OTHER_PORT}", "end", "clear bgp 10.1.0.1"),
        (ROUTER, "neighbor 10.1.0.1 port 179", "end", "clear bgp 10.1.0.1"),
    ),
    "wrong VRF": ByHand(
        STORAGE,
        "absent",
        (VRF_ROUTER, *_LOST, "exit", ROUTER, "neighbor 10.4.0.1 remote-as 64510"),
        (ROUTER, "no neighbor 10.4.0.1", "exit", VRF_ROUTER, *_BACK),
        (("default 10.4.0.1", "orphan"),),
    ),
}  # fmt: skip
