"""What the text that MetalLB would write makes real FRR send: asked of the router that receives it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from intent.snapshot import Service
from tests.frr.cluster import COMPUTE_1, COMPUTE_2, NAMESPACE, RealCluster, peer
from tests.waiting import eventually

pytestmark = pytest.mark.frr

FAST = {"holdTime": "3s", "keepaliveTime": "1s", "connectTime": "1s"}
INTERNAL = {"myASN": 64510, "peerASN": 64510, "vrf": "storage", **FAST}
FOUR, SIX = "10.4.0.1", "fd00:4::1"


def metallb(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


OBJECTS = (
    peer("core", FOUR, **INTERNAL),
    peer("core-v6", SIX, **INTERNAL),
    peer("plain", "10.1.0.1", peerASN=64601, **FAST),
    metallb("IPAddressPool", "pool", addresses=["203.0.113.0/24", "2001:db8:5::/64"]),
    metallb("Community", "names", communities=[{"name": "blue", "value": "large:64512:1:2"}]),
    metallb(
        "BGPAdvertisement",
        "adv",
        aggregationLengthV6=80,
        localPref=250,
        communities=["64512:100", "65535:65282", "blue"],
        peers=["core", "core-v6"],
        ipAddressPools=["pool"],
    ),
    metallb("BGPAdvertisement", "plain", aggregationLength=28, localPref=250, peers=["plain"], ipAddressPools=["pool"]),
    metallb("IPAddressPool", "bare", addresses=["198.51.100.0/24", "2001:db8:6::1:0/112"]),
    metallb("BGPAdvertisement", "bare", ipAddressPools=["bare"]),
)


BARE = Service(namespace="shop", name="api", addresses=("198.51.100.7", "2001:db8:6::1:7"), endpoint_nodes=("",))


def web(*nodes: str) -> Service:
    addresses = ("203.0.113.9", "2001:db8:5::9")
    return Service(namespace="shop", name="web", addresses=addresses, local=True, endpoint_nodes=nodes)


class Path(NamedTuple):
    """One path in a router's table."""

    peer: str
    local_pref: int | None
    community: str = ""
    large: str = ""


def table(cluster: RealCluster, family: str) -> dict[str, list[Path]]:
    """What the router in the VRF has received and holds for valid."""
    return {
        prefix: sorted(_path(path) for path in paths if path.get("valid"))
        for prefix, paths in cluster.received(FOUR, "storage", family).items()
    }


def _path(path: dict[str, Any]) -> Path:
    texts = (path.get(name, {}).get("string", "") for name in ("community", "largeCommunity"))
    return Path(path["peer"]["peerId"], path.get("locPrf"), *texts)


WITH_ALL = (250, "64512:100 no-advertise", "64512:1:2")
BARE_EVERYWHERE = {
    "ipv4": {"198.51.100.7/32": [Path(f"10.4.0.10{n}", 100) for n in range(3)]},
    "ipv6": {"2001:db8:6::1:7/128": [Path(f"fd00:4::100{n}", 100) for n in range(3)]},
}


def test_a_routers_table_has_the_services_prefixes_with_their_attributes_until_the_endpoint_is_gone(
    cluster: RealCluster,
) -> None:
    cluster.apply(*OBJECTS, services=[web(COMPUTE_1), BARE])
    for neighbor, vrf in ((FOUR, "storage"), (SIX, "storage"), ("10.1.0.1", "default")):
        cluster.reaches(neighbor, "Established", vrf=vrf)
    four = {"203.0.113.9/32": [Path("10.4.0.100", *WITH_ALL)], **BARE_EVERYWHERE["ipv4"]}
    six = {"2001:db8:5::/80": [Path("fd00:4::1000", *WITH_ALL)], **BARE_EVERYWHERE["ipv6"]}
    eventually(lambda: (table(cluster, "ipv4"), table(cluster, "ipv6")) == (four, six), timeout=60, interval=0.5)
    (plain,) = eventually(lambda: cluster.received("10.1.0.1", "default", "ipv4").get("203.0.113.0/28"), timeout=30)
    assert (plain.get("locPrf"), plain["aspath"]["string"]) == (None, "64500")  # LOCAL_PREF stays inside an AS
    cluster.apply(*OBJECTS, services=[web(COMPUTE_2), BARE])
    four["203.0.113.9/32"] = [Path("10.4.0.101", *WITH_ALL)]
    eventually(lambda: table(cluster, "ipv4") == four, timeout=60, interval=0.5)
    cluster.apply(*OBJECTS, services=[web(), BARE])
    gone = BARE_EVERYWHERE["ipv4"], BARE_EVERYWHERE["ipv6"]
    eventually(lambda: (table(cluster, "ipv4"), table(cluster, "ipv6")) == gone, timeout=60, interval=0.5)
    cluster.reaches(FOUR, "Established", vrf="storage", connectionsDropped=0)
