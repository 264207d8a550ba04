"""The running lab on real FRR, as those who break and mend things reach it."""

from __future__ import annotations

import json
from typing import Any

from lab.frr import RealSpeakers
from lab.routers import DEFAULT_VRF
from tests.frr.cluster import NAMESPACE
from tests.speakers.lab import RunningLab

ONE, TWO = NODES = ("compute-1.example.com", "compute-2.example.com")
ASN = 64500  # of the nodes in the default VRF


class Ground:
    """A lab of two nodes in which things are broken on the first one."""

    def __init__(self, running: RunningLab) -> None:
        self.running, self.lab = running, running.lab
        speakers = running.lab.speakers
        assert isinstance(speakers, RealSpeakers)
        self.fleet = speakers

    def settled(self) -> None:
        """Wait until routers, controllers and speakers have taken in everything."""
        self.running.do(self.lab.settled())

    def router(self, address: str, vrf: str = DEFAULT_VRF, **changes: Any) -> None:
        self.running.call(self.lab.routers.change, address, vrf, **changes)

    def peer(self, name: str, **spec: Any) -> None:
        self.running.call(self.lab.store.patch, "bgppeers", NAMESPACE, name, {"spec": spec})

    def vtysh(self, *lines: str, node: str = ONE) -> str:
        return self.running.do(self.fleet.node(node).vtysh(*lines))

    def router_id(self) -> str:
        """That of the first node, which the others do not have."""
        return str(json.loads(self.vtysh("show bgp summary json"))["ipv4Unicast"]["routerId"])

    def sent(self, address: str) -> int:
        """How many IPv4 prefixes the first node sends to a neighbor."""
        told = json.loads(self.vtysh(f"show bgp neighbors {address} json"))[address]
        return int(told["addressFamilyInfo"]["ipv4Unicast"]["sentPrefixCounter"])

    def holds(self, address: str, vrf: str, node: str) -> bool:
        """Whether a router still has its session with a node that may have given it up."""
        router = self.fleet.router(address, vrf)
        told = json.loads(self.running.do(router.daemons.vtysh("show bgp ipv4 unicast summary json")))
        source = self.fleet.topology.source(router.router, address, node)
        return bool(told.get("peers", {}).get(source, {}).get("state") == "Established")

    def type(self, *lines: str) -> None:
        """What somebody types on the first node."""
        self.vtysh("configure terminal", f"router bgp {ASN}", *lines)

    def run(self, script: str, node: str = ONE) -> None:
        self.running.do(self.fleet.node(node).machine.run(script))

    def carrier(self, vrf: str, *, up: bool) -> None:
        self.running.do(self.fleet.topology.carrier(ONE, vrf, up=up))
