"""Pools, advertisements and communities of the demo.

The pools are for the demo's own namespaces only, so that a Service of the documentation gets its address from the
documentation's pool; none of them overlaps one of those.
"""

from __future__ import annotations

from typing import Any

from lab.manifests import Manifest
from lab.seed.writing import metallb

UNANNOUNCED, ON_REQUEST, STORAGE, TENANTS, LAN = "not-announced", "on-request", "storage-vip", "ens4vrf-tenants", "lan"
_ALIASES = {"blue": "64500:100", "keep-inside": "65535:65281", "origin-lab": "large:64500:1:7"}
_TORS = ["tor-a", "tor-b", "tor-c", "tor-old", "core-1"]


def _pool(name: str, *addresses: str, tier: str = "internal", **spec: Any) -> Manifest:
    return metallb("IPAddressPool", name, {"addresses": list(addresses), **spec}, tier=tier)


def _for(*namespaces: str, priority: int = 0) -> dict[str, Any]:
    return {"namespaces": list(namespaces), **({"priority": priority} if priority else {})}


def _advertise(name: str, pool: str, peers: list[str], **spec: Any) -> Manifest:
    return metallb("BGPAdvertisement", name, {"ipAddressPools": [pool], "peers": peers, **spec})


def pool_objects() -> list[Manifest]:
    """What gives addresses, and what announces them."""
    aliases = [{"name": name, "value": value} for name, value in _ALIASES.items()]
    return [
        metallb("Community", "backbone", {"communities": aliases}),
        _pool("public", "203.0.113.0/26", avoidBuggyIPs=True, serviceAllocation=_for("shop"), tier="public"),
        _pool(
            "dual-stack",
            "198.51.100.64/27",
            "2001:db8:a100::100-2001:db8:a100::1ff",
            serviceAllocation=_for("media"),
            tier="public",
        ),
        _pool("nearly-full", "203.0.113.200-203.0.113.202", serviceAllocation=_for("platform", priority=10)),
        _pool(TENANTS, "198.51.100.128/28", autoAssign=False),
        _pool(STORAGE, "10.99.3.16-10.99.3.31", autoAssign=False),
        _pool(ON_REQUEST, "192.0.2.10/32", autoAssign=False),
        _pool(UNANNOUNCED, "192.0.2.64/28", autoAssign=False),
        _pool(LAN, "192.168.200.10-192.168.200.20", autoAssign=False),
        _advertise("public-hosts", "public", _TORS, communities=["blue", "64500:200"]),
        _advertise("public-aggregate", "public", ["edge-far"], aggregationLength=26),
        _advertise("dual-stack-fabric", "dual-stack", ["tor-a", "tor-b"], communities=["blue"]),
        _advertise("dual-stack-core", "dual-stack", ["rr-v6"], localPref=200, communities=["origin-lab"]),
        _advertise("platform", "nearly-full", ["tor-a", "tor-b"]),
        _advertise("requested", ON_REQUEST, ["edge-far"], communities=["keep-inside"]),
        _advertise("tenants", TENANTS, ["edge-red", "edge-blue"]),
        _advertise("storage", STORAGE, ["storage-a", "storage-b"], nodeSelectors=[
            {"matchExpressions": [{"key": "rack", "operator": "In", "values": ["rack-1", "rack-2"]}]},
        ]),
        metallb("L2Advertisement", "lan", {"ipAddressPools": [LAN], "interfaces": ["br-ex"]}),
    ]  # fmt: skip
