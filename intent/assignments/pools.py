"""IPAddressPools as MetalLB's controller reads them, and which services they serve (internal/config, allocator)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from intent.addresses import Address
from intent.pools import AddressRange, ranges
from intent.selectors import Selection, any_matches
from intent.snapshot import Resource, Snapshot, mapping, text

Labels = Mapping[str, str]
_ENDLESS: Final = 2**63 - 1  # what MetalLB counts for an IPv6 range of 2**62 addresses and more
_BUGGY = (0, 255)


@dataclass(frozen=True, slots=True)
class Pool:
    """namespaces: those of serviceAllocation, by name and by label; empty = any. services: its serviceSelectors.

    is_pinned: it has a serviceAllocation, so that it is never among the pools for everybody.
    """

    name: str
    ranges: tuple[AddressRange, ...]
    auto_assign: bool
    avoids_buggy: bool
    is_pinned: bool
    priority: int
    namespaces: frozenset[str]
    services: Selection

    def holds(self, addresses: Iterable[Address]) -> bool:
        """Whether a service could have all of these from here."""
        return all(self._holds(address) for address in addresses)

    def serves(self, namespace: str, labels: Labels) -> bool:
        """Whether a service may have addresses from here."""
        return (not self.namespaces or namespace in self.namespaces) and self.services.chooses(labels)

    def is_for(self, namespace: str, labels: Labels) -> bool:
        """Whether the pool is chosen for a service before those for everybody: it names namespaces or services."""
        names = namespace in self.namespaces or not self.services.all
        return self.is_pinned and self.auto_assign and names and self.serves(namespace, labels)

    def capacity(self, version: int) -> int:
        """How many addresses of an IP version it has."""
        own = [each for each in self.ranges if each.version == version]
        total = sum(each.last - each.first + 1 - (self._buggy(each) if version == 4 else 0) for each in own)
        return min(total, _ENDLESS)

    def takes(self, version: int, number: int) -> bool:
        """Whether an address of one of its ranges may be given away."""
        return not (self.avoids_buggy and version == 4 and number % 256 in _BUGGY)

    def _holds(self, address: Address) -> bool:
        return self.takes(address.version, int(address)) and any(address in each for each in self.ranges)

    def _buggy(self, held: AddressRange) -> int:
        """How many addresses of a range end in 0 or 255."""
        if not self.avoids_buggy:
            return 0
        return sum((held.last - end) // 256 - (held.first - 1 - end) // 256 for end in _BUGGY)


def pool_of(resource: Resource, namespaces: Mapping[str, Labels]) -> Pool:
    """namespaces: labels of all Namespaces of the cluster."""
    spec = resource.spec
    allocation = mapping(spec.get("serviceAllocation"))
    selectors = allocation.get("namespaceSelectors")
    chosen = {name for name, labels in namespaces.items() if selectors and any_matches(selectors, labels)}
    named = {text(name) for name in allocation.get("namespaces") or ()}
    return Pool(
        name=resource.name,
        ranges=ranges(resource),
        auto_assign=spec.get("autoAssign", True) is not False,
        avoids_buggy=bool(spec.get("avoidBuggyIPs")),
        is_pinned=spec.get("serviceAllocation") is not None,
        priority=int(allocation.get("priority") or 0),
        namespaces=frozenset(named | chosen),
        services=Selection(allocation.get("serviceSelectors")),
    )


def pools_of(snapshot: Snapshot) -> list[Pool]:
    """The pools that MetalLB reads."""
    return [pool_of(each, snapshot.namespaces) for each in snapshot.in_force("IPAddressPool")]


def by_priority(pools: Iterable[Pool]) -> list[Pool]:
    """The lowest number first, those without one last."""
    return sorted(pools, key=lambda pool: (pool.priority or _ENDLESS, pool.name))
