"""Who has which address: one segment per VRF, where every node is a neighbour of that VRF's routers and its gateway."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from intent.snapshot import Node
from lab.routers import DEFAULT_VRF

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PREFIX = {4: 24, 6: 64}
_FIRST_NODE = {4: 100, 6: 0x1000}  # host part of the first node in a network that is not its own
_GATEWAY = {4: 254, 6: 0xFFFF}


def network_of(address: str) -> Network:
    """The /24 or /64 around an address: every link of the lab has this size."""
    return ip_network((address, _PREFIX[ip_address(address).version]), strict=False)


@dataclass(slots=True)
class Segment:
    """One VRF's link. near: networks on the link; far: networks behind the gateway."""

    vrf: str
    near: list[Network] = field(default_factory=list)
    far: list[Network] = field(default_factory=list)

    def own(self, node: Node, position: int) -> list[str]:
        """The addresses with prefix length of the cluster's `position`-th node, one per near network."""
        return [f"{self._in(network, node, position)}/{network.prefixlen}" for network in self.near]

    def source(self, router: str, node: Node, position: int) -> str:
        """The address from which the node talks to a router."""
        network = network_of(router)
        return str(self._in(self.transit(network.version) if network in self.far else network, node, position))

    def gateway(self, version: int) -> Address:
        """The nodes' way to what is far; only where something is."""
        return self.far_gateway(self.transit(version))

    def far_gateway(self, network: Network) -> Address:
        """The gateway as a far router sees it."""
        return network[_GATEWAY[network.version]]

    def transit(self, version: int) -> Network:
        """The network on which gateway and nodes meet."""
        return next(network for network in self.near if network.version == version)

    def far_versions(self) -> list[int]:
        """The IP versions that need a gateway."""
        return sorted({network.version for network in self.far})

    def _in(self, network: Network, node: Node, position: int) -> Address:
        own = (ip_address(address) for address in node.addresses) if self.vrf == DEFAULT_VRF else ()
        derived = network[_FIRST_NODE[network.version] + position]
        return next((address for address in own if address in network), derived)


def segments(nodes: Sequence[Node], vrfs: Iterable[str], places: Iterable[tuple[str, str, bool]]) -> dict[str, Segment]:
    """The segment of each VRF. places: VRF, router address, and whether the router is on the nodes' link."""
    plan = {vrf: Segment(vrf) for vrf in vrfs}
    for node in nodes:
        _add(plan[DEFAULT_VRF].near, (network_of(address) for address in node.addresses))
    for vrf, address, is_near in places:
        _add(plan[vrf].near if is_near else plan[vrf].far, [network_of(address)])
    for number, segment in enumerate(plan.values()):
        segment.far = [network for network in segment.far if network not in segment.near]
        for version in segment.far_versions():
            if not any(network.version == version for network in segment.near):
                made_up = f"100.64.{number}.0" if version == 4 else f"fd00:64:{number}::"
                segment.near.append(network_of(made_up))
    return plan


def _add(networks: list[Network], more: Iterable[Network]) -> None:
    networks.extend(network for network in dict.fromkeys(more) if network not in networks)
