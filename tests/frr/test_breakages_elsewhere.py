"""What breaks elsewhere than on a node: at routers and links, and in the cluster's objects.

Each difference is named with its cause on real FRR, and after mending there is none. All of a kind break at once, each
on a session or with a service of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from lab.routers import Listening
from tests.frr.breaking import (
    EVERYWHERE,
    FAST,
    INTERNAL,
    OBJECTS,
    PASSWORDS,
    STORAGE,
    WEB,
    WHOLE,
    named,
    service,
    snapshot,
    whole_again,
)  # fmt: skip
from tests.frr.cluster import COMPUTE_1, COMPUTE_2, RealCluster, peer
from tests.frr.comparing import differences
from tests.waiting import eventually

pytestmark = pytest.mark.frr


def test_a_node_that_refuses_its_configuration_says_so_with_every_difference(broken: RealCluster) -> None:
    """A BGPPeer that names no BFDProfile: MetalLB keeps the whole old configuration, so nothing new is announced."""
    stuck = peer("stuck", "10.1.0.8", peerASN=64609, bfdProfile="nowhere", **FAST)
    broken.take(snapshot(*OBJECTS, stuck, services=(WEB, service("late", "203.0.113.30"))), PASSWORDS)

    def said() -> bool:
        found = differences(broken)
        late = [line for line in found if "missing 203.0.113.30/32: " in line]
        absent = [f"{node} default 10.1.0.8: absent" for node in EVERYWHERE]
        assert [line for line in found if line not in late] == absent, found
        assert len(late) == 3 * len(EVERYWHERE), found
        assert all("The node keeps its old configuration: " in line and "nowhere" in line for line in late), late
        return True

    try:
        eventually(said, timeout=120, interval=0.3)
    finally:
        broken.take(WHOLE, PASSWORDS)
    whole_again(broken)


class AtRouter(NamedTuple):
    """What happens at a router of its own, and how the session of the first node shows it."""

    change: dict[str, Any]
    mended: dict[str, Any]
    words: str
    spec: dict[str, Any] = {}  # never written to


AT_ROUTER: dict[str, AtRouter] = {
    "expects another AS number": AtRouter({"expects": 65000}, {"expects": 0}, "expects another AS number of this node"),
    "shut down": AtRouter({"shutdown": "maintenance"}, {"shutdown": None}, "“maintenance”"),
    "a password on its side": AtRouter({"password": "other"}, {"password": ""}, "connection is not answered"),
    "BGP does not run": AtRouter(
        {"listening": Listening.REFUSED}, {"listening": Listening.OPEN}, "closed the connection"
    ),
    "firewall": AtRouter({"listening": Listening.DROPPED}, {"listening": Listening.OPEN}, "for the hold time"),
    "BFD not answered": AtRouter({"mute_bfd": True}, {"mute_bfd": False}, "BFD says", {"bfdProfile": "fast"}),
    "family not offered": AtRouter({"families": ("ipv6",)}, {"families": ("ipv4", "ipv6")}, "address famil"),
    "another AS number": AtRouter({"asns": (64777,)}, {"asns": (64627,)}, "is not the one that this peer expects"),
}
TRIED = {name: f"10.1.0.{20 + number}" for number, name in enumerate(AT_ROUTER)}
FIRST = {"nodeSelectors": [{"matchLabels": {"kubernetes.io/hostname": COMPUTE_1}}]}
SECRET = {"passwordSecret": {"name": "store-distant"}, "ebgpMultiHop": True}
AT_ROUTERS = snapshot(
    *OBJECTS,
    *(
        peer(f"tried-{number}", TRIED[name], peerASN=64620 + number, **FAST, **FIRST, **way.spec)
        for number, (name, way) in enumerate(AT_ROUTER.items())
    ),
    peer("store-distant", "10.2.0.1", **INTERNAL | {"peerASN": 64612}, **FIRST, **SECRET),
    services=(WEB,),
)


def test_what_routers_and_links_do_is_named_and_gone_when_it_is_mended(broken: RealCluster) -> None:
    broken.take(AT_ROUTERS, PASSWORDS)
    whole_again(broken)
    broken.wait(broken.fleet.topology.carrier(COMPUTE_2, "storage", up=False))
    broken.change("10.2.0.1", "storage", password="other")
    for name, way in AT_ROUTER.items():
        broken.change(TRIED[name], **way.change)
    try:
        named(
            broken,
            {
                f"{COMPUTE_2} {STORAGE}": "no usable route",
                f"{COMPUTE_1} storage 10.2.0.1": "or the passwords differ",
                **{f"{COMPUTE_1} default {TRIED[name]}": way.words for name, way in AT_ROUTER.items()},
            },
        )
    finally:
        broken.wait(broken.fleet.topology.carrier(COMPUTE_2, "storage", up=True))
        broken.change("10.2.0.1", "storage", password=PASSWORDS["store-distant"])
        for name, way in AT_ROUTER.items():
            broken.change(TRIED[name], **way.mended)
    whole_again(broken)
