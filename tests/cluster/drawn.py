"""Objects drawn at random, near the edges of what MetalLB takes; the same seed draws the same objects."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from random import Random
from typing import Any

NAMESPACE = "metallb-system"
PLURALS = {
    "BGPPeer": "bgppeers", "BFDProfile": "bfdprofiles", "IPAddressPool": "ipaddresspools", "Community": "communities",
    "BGPAdvertisement": "bgpadvertisements", "L2Advertisement": "l2advertisements",
}  # fmt: skip
_KINDS = ("BGPPeer", "BGPPeer", "IPAddressPool", "BGPAdvertisement", "BGPAdvertisement", "L2Advertisement", "Community",
          "BFDProfile")  # fmt: skip
_FLAGS = (True, False)
_ANY = str(IPv4Address(0))
_RARELY = 0.06  # how often a value is of any type or none
_ODD: tuple[Any, ...] = (None, "", 0, -1, 2**32, True, "x", [], {}, [None], 1.5, " ")
_LABELS = ({"rack": "a"}, {"rack": "b"}, {"zone": "1"}, {"rack": "none"}, {"bad key!": "x"}, {"rack": "bad value!"})
_REQUIREMENTS = (
    {"key": "rack", "operator": "In", "values": ["a", "b"]},
    {"key": "rack", "operator": "NotIn", "values": ["a"]},
    {"key": "zone", "operator": "Exists"},
    {"key": "rack", "operator": "In"},
    {"key": "rack", "operator": "Near", "values": ["a"]},
    {"key": "zone", "operator": "Exists", "values": ["1"]},
)
_RANGES = ("10.0.0.0/24", "10.0.0.128/25", "10.0.1.0/24", "10.0.1.7-10.0.1.9", "10.0.2.0-10.0.3.255", "10.0.4.1/32",
           "10.0.5.9-10.0.5.1", "10.0.6.5/24", "fd00::/120", "fd00::80/121", "fd01::-fd01::ff", "fd02::1/128",
           "10.0.7.1-fd00::1", "10.0.8.0/33", "10.0.9.1", "nowhere", " 10.0.10.0/28 ", "10.0.11.1 - 10.0.11.9",
           "0.0.0.0/0", "10.0.12.0/30", "::ffff:10.0.0.0/120", "10.0.13.0/24-10.0.14.0/24", "")  # fmt: skip
_COMMUNITIES = ("65535:65282", "64500:1", "large:64500:1:2", "large:64500:1:3", "alias", "other", "64500:70000",
                "1:2:3", "large:1:2", "no-export", "", "0:0", "64500:1 ", "large:4294967296:1:1")  # fmt: skip


class Draw:
    """Draws from one stream of random numbers."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - nothing secret
        self._specs: dict[str, Callable[[], dict[str, Any]]] = {
            "BGPPeer": self._peer, "BFDProfile": self._profile, "IPAddressPool": self._pool,
            "Community": self._community, "BGPAdvertisement": self._advertisement, "L2Advertisement": self._l2,
        }  # fmt: skip

    def kind(self) -> str:
        return self.random.choice(_KINDS)

    def manifest(self, kind: str, name: str) -> dict[str, Any]:
        """An object of this kind."""
        version = "v1beta2" if kind == "BGPPeer" else "v1beta1"
        metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE}
        if self._seldom(0.3):
            metadata["labels"] = self._one({"rack": "a"}, {"rack": "b", "zone": "1"})
        spec = {field: value for field, value in self._specs[kind]().items() if value is not ...}
        for field in spec:
            if self._seldom(_RARELY / 4):
                spec[field] = self._one(*_ODD)
        return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}

    def _peer(self) -> dict[str, Any]:
        own, maybe = self._one, self._maybe
        return {
            "myASN": own(*(64500,) * 6, 64501, 64502, 0, 4294967295, 4294967296, -1),
            "peerASN": maybe(0.85, 64500, 64600, 64601, 0, 4294967295),
            "dynamicASN": maybe(0.15, "internal", "external", "other", ""),
            "peerAddress": maybe(0.9, *(f"10.1.0.{number}" for number in range(1, 12)), "fd10::1", "fd10::2", "fe80::1",
                                 "10.1.0.1/24", "tor", "", _ANY, "::ffff:10.1.0.1", "010.1.0.1"),
            "interface": maybe(0.1, "eth0", "eth1", "", "a-name-that-is-far-too-long"),
            "localASN": maybe(0.08, 64700, 64500, 0, 64600),
            "routerID": maybe(0.25, *("10.9.9.9",) * 4, "10.9.9.8", "fd10::9", "nine", "", _ANY),
            "peerPort": maybe(0.15, 179, 1179, 0, 1, 16384, 65535, 65536),
            "sourceAddress": maybe(0.15, "10.1.0.200", "fd10::200", "here", "", "10.1.0.1"),
            "vrf": maybe(0.3, "red", "red", "blue", "", "a-name-that-is-far-too-long"),
            "ebgpMultiHop": maybe(0.15, *_FLAGS),
            "dualStackAddressFamily": maybe(0.1, *_FLAGS),
            "disableMP": maybe(0.05, *_FLAGS),
            "enableGracefulRestart": maybe(0.1, *_FLAGS),
            "holdTime": maybe(0.35, "90s", "3s", "0s", "2s", "1m30s", "-3s", "soon", "65535s", "65536s", "3.5s", "90"),
            "keepaliveTime": maybe(0.3, "30s", "1s", "0s", "90s", "100s", "-1s", "500ms", "1.5s"),
            "connectTime": maybe(0.2, "10s", "1s", "0s", "65535s", "65536s", "500ms", "-1s", "1.5s"),
            "password": maybe(0.08, "hunter2hunter2", ""),
            "passwordSecret": maybe(0.08, {"name": "there"}, {"name": ""}, {}, {"name": "x", "namespace": "elsewhere"}),
            "bfdProfile": maybe(0.12, "fast", "missing", ""),
            "nodeSelectors": self._selectors(0.35),
        }  # fmt: skip

    def _profile(self) -> dict[str, Any]:
        maybe = self._maybe
        return {
            "receiveInterval": maybe(0.5, 300, 10, 9, 60000, 60001, 0),
            "transmitInterval": maybe(0.5, 300, 10, 9, 60000, 60001),
            "echoInterval": maybe(0.4, 50, 10, 9, 60000, 60001),
            "detectMultiplier": maybe(0.5, 3, 2, 1, 255, 256),
            "minimumTtl": maybe(0.4, 254, 1, 0, 255),
            "echoMode": maybe(0.3, *_FLAGS),
            "passiveMode": maybe(0.3, *_FLAGS),
        }

    def _pool(self) -> dict[str, Any]:
        allocation = {
            "priority": self._maybe(0.6, 1, 0, 50, -1),
            "namespaces": self._maybe(0.5, ["shop"], ["shop", "shop"], [], ["a", "b"], [""]),
            "namespaceSelectors": self._selectors(0.4),
            "serviceSelectors": self._selectors(0.4),
        }
        given = {name: value for name, value in allocation.items() if value is not ...}
        return {
            "addresses": self._some(_RANGES, 1, 3),
            "autoAssign": self._maybe(0.2, *_FLAGS),
            "avoidBuggyIPs": self._maybe(0.2, *_FLAGS),
            "serviceAllocation": self._maybe(0.3, given),
        }

    def _advertisement(self) -> dict[str, Any]:
        return {
            **self._placed(),
            "peers": self._maybe(0.3, ["one"], ["one", "two"], ["one", "one"], [], ["missing"]),
            "aggregationLength": self._maybe(0.35, 32, 24, 25, 26, 30, 1, 0, 33, 8),
            "aggregationLengthV6": self._maybe(0.3, 128, 120, 121, 1, 0, 129, -1, 64),
            "localPref": self._maybe(0.35, 100, 200, 0, 2147483647, 4294967295, -1),
            "communities": self._maybe(0.4, self._some(_COMMUNITIES, 0, 3)),
        }

    def _l2(self) -> dict[str, Any]:
        preferred = {"weight": self._one(1, 100, 0, 101), "preference": self._one({"matchLabels": {"rack": "a"}}, {})}
        return {
            **self._placed(),
            "interfaces": self._maybe(0.3, ["eth0"], ["eth0", "eth0"], [], [""], ["a-name-that-is-far-too-long"]),
            "preferredNodeSelectors": self._maybe(0.1, [preferred], []),
        }

    def _community(self) -> dict[str, Any]:
        aliases = [
            {"name": self._one("alias", "other", "third", "", "64500:1"), "value": self._one(*_COMMUNITIES)}
            for _ in range(self.random.randint(0, 3))
        ]
        return {"communities": self._maybe(0.95, aliases)}

    def _placed(self) -> dict[str, Any]:
        return {
            "ipAddressPools": self._maybe(
                0.4, ["pool-0"], ["pool-1"], ["pool-0", "pool-1"], ["pool-0", "pool-0"], [], ["missing"]
            ),
            "ipAddressPoolSelectors": self._selectors(0.2),
            "nodeSelectors": self._selectors(0.25),
            "serviceSelectors": self._selectors(0.15),
        }

    def _selectors(self, chance: float) -> Any:
        found = [self._selector() for _ in range(self.random.randint(0, 2))]
        return self._maybe(chance, found, [*found, *found[:1]])

    def _selector(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._seldom(0.7):
            found["matchLabels"] = self._one(*_LABELS[:2], *_LABELS)
        if self._seldom(0.35):
            found["matchExpressions"] = [self._one(*_REQUIREMENTS[:3], *_REQUIREMENTS)]
        return found

    def _some(self, choices: tuple[Any, ...], least: int, most: int) -> list[Any]:
        return [self.random.choice(choices) for _ in range(self.random.randint(least, most))]

    def _maybe(self, chance: float, *choices: Any) -> Any:
        return self._one(*choices) if self._seldom(chance) else ...

    def _one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def _seldom(self, chance: float) -> bool:
        return self.random.random() < chance
