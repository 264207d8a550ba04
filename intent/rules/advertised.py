"""Advertisements over all pools, peers and nodes of a snapshot, as bit masks: read once, compared often."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from itertools import chain, islice

from intent.findings import ObjectRef, listed
from intent.labels import numbers
from intent.placement import Placement
from intent.pool_choice import pool_choice_of
from intent.pools import AddressRange, ranges
from intent.snapshot import Resource, Snapshot, texts

WIDTH = {4: 32, 6: 128}  # bits of an address by IP version
_NAMED = 5  # objects that a finding carries
LENGTHS = {4: "aggregationLength", 6: "aggregationLengthV6"}


@dataclass(frozen=True, slots=True, eq=False)
class Advertisement:
    """pools, nodes: masks. peers: the names given, None = all. local_pref: 0 = not set. by_service: has selectors."""

    resource: Resource
    pools: int
    nodes: int
    peers: frozenset[str] | None
    lengths: Mapping[int, int]
    local_pref: int
    by_service: bool

    def reaches_peers_of(self, other: Advertisement) -> bool:
        """Whether a peer may get both, as MetalLB compares them: by name."""
        return self.peers is None or other.peers is None or not self.peers.isdisjoint(other.peers)


@dataclass(frozen=True, slots=True)
class Some:
    """Five of a set of objects, those that are asked for before others, and how many they are."""

    first: tuple[Resource, ...]
    count: int

    def __str__(self) -> str:
        return listed((resource.name for resource in self.first), self.count)

    @property
    def refs(self) -> tuple[ObjectRef, ...]:
        """References to the five."""
        return tuple(resource.ref for resource in self.first)


def some(resources: Sequence[Resource], mask: int, asked: int) -> Some:
    """The objects of a mask, which stands for places in the sequence, as does `asked`."""
    places = islice(chain(numbers(mask & asked), numbers(mask & ~asked)), _NAMED)
    return Some(tuple(resources[number] for number in places), mask.bit_count())


def places(resources: Sequence[Resource], refs: Collection[ObjectRef]) -> int:
    """The places of these objects in the sequence, as a mask."""
    return sum(1 << number for number, resource in enumerate(resources) if resource.ref in refs) if refs else 0


class Pools:
    """The IPAddressPools that MetalLB reads, sorted by name; bit i of a mask stands for the i-th.

    asked: those that somebody asks about, which findings name before others.
    """

    def __init__(self, snapshot: Snapshot, asked: Collection[ObjectRef] = ()) -> None:
        choice = pool_choice_of(snapshot)
        self.resources, self.number = choice.pools, choice.number
        self.selected = choice.mask  # what an advertisement is for
        self._asked = places(self.resources, asked)
        self.ranges = tuple(ranges(pool) for pool in self.resources)

    def some(self, mask: int) -> Some:
        """The pools of a mask, as far as a finding names them."""
        return some(self.resources, mask, self._asked)

    @cached_property
    def holding(self) -> dict[int, int]:
        """The pools with addresses, by IP version."""
        masks = {4: 0, 6: 0}
        for index, held in enumerate(self.ranges):
            for one in held:
                masks[one.version] |= 1 << index
        return masks

    def narrower(self, version: int, length: int) -> int:
        """The pools with an entry that holds no whole prefix of this length: it may not be advertised so wide."""
        return sum(mask for shortest, mask in self._shortest[version].items() if shortest > length)

    @cached_property
    def _shortest(self) -> dict[int, dict[int, int]]:
        """The pools by their longest "shortest prefix of an entry", by IP version."""
        found: dict[int, dict[int, int]] = {4: {}, 6: {}}
        for index, held in enumerate(self.ranges):
            for version in (4, 6):
                lengths = [shortest_prefix(one) for one in held if one.version == version]
                if lengths:
                    longest = max(lengths)
                    found[version][longest] = found[version].get(longest, 0) | 1 << index
        return found


def shortest_prefix(held: AddressRange) -> int:
    """The length of the largest CIDR inside the range: what a range is split into has no shorter one."""
    bits = WIDTH[6 if held.mapped else held.version]  # MetalLB reads the length off the mask as written
    for size in range(held.size.bit_length() - 1, -1, -1):
        start = -(-held.first >> size) << size
        if start + (1 << size) - 1 <= held.last:
            return bits - size
    return bits


def bgp_advertisements(snapshot: Snapshot, placement: Placement, pools: Pools) -> tuple[Advertisement, ...]:
    """All BGPAdvertisements that MetalLB reads, sorted by name."""
    return tuple(
        Advertisement(
            resource=resource,
            pools=pools.selected(resource.spec),
            nodes=placement.mask(resource.spec),
            peers=frozenset(texts(resource.spec.get("peers"))) or None,
            lengths={version: _length(resource.spec.get(name), version) for version, name in LENGTHS.items()},
            local_pref=whole(resource.spec.get("localPref")) or 0,
            by_service=bool(resource.spec.get("serviceSelectors")),
        )
        for resource in snapshot.in_force("BGPAdvertisement")
    )


def _length(value: object, version: int) -> int:
    length = whole(value)
    return WIDTH[version] if length is None else length


def whole(value: object) -> int | None:
    """A JSON number that is whole, None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def address_text(version: int, number: int) -> str:
    """An address as text."""
    return str(IPv4Address(number) if version == 4 else IPv6Address(number))
