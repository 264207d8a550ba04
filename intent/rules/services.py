"""The services of a snapshot, by pool and by label; bit i of a mask stands for the i-th."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from intent.addresses import parse_address
from intent.labels import LabelIndex, numbers
from intent.placement import placement_of
from intent.pool_choice import pool_choice_of
from intent.pools import PoolIndex, pool_index_of
from intent.snapshot import Node, Resource, Service, Snapshot

Held = tuple[str, Service, int]
"""A service by "namespace/name", and one of its addresses as a number."""


class Services:
    """Read once for all advertisements. nodes: those of the placement, in its order."""

    def __init__(
        self, services: Sequence[Service], nodes: Sequence[Node], index: PoolIndex, pool: Mapping[str, int]
    ) -> None:
        self.all = tuple(services)
        self._nodes: dict[tuple[str, ...], int] = {}
        self._bits = {node.name: 1 << number for number, node in enumerate(nodes)}
        self._index, self._pool = index, pool
        self._of_pools: dict[int, int] = {}
        self._chosen: dict[str, int] = {}

    @cached_property
    def number(self) -> dict[str, int]:
        """The places of the services, by "namespace/name"."""
        return {f"{one.namespace}/{one.name}": place for place, one in enumerate(self.all)}

    @cached_property
    def labels(self) -> LabelIndex:
        """The services by their labels."""
        return LabelIndex(one.labels for one in self.all)

    def in_pool(self, number: int, version: int) -> Sequence[Held]:
        """The services with addresses of a pool, once for each address."""
        return self._by_pool.get((number, version), ())

    def chosen(self, resource: Resource) -> int:
        """The services that an advertisement is for by its selectors, in whatever pool."""
        selectors = resource.spec.get("serviceSelectors")
        key = repr(selectors)
        if key not in self._chosen:
            self._chosen[key] = self.labels.selected(selectors) if selectors else (1 << len(self.all)) - 1
        return self._chosen[key]

    def shared(self, number: int, version: int) -> dict[int, int]:
        """The addresses of a pool that several services have, as numbers, with these services."""
        found: dict[int, int] = defaultdict(int)
        for name, _service, address in self.in_pool(number, version):
            found[address] |= 1 << self.number[name]
        return {address: mask for address, mask in sorted(found.items()) if mask & (mask - 1)}

    def names(self, mask: int) -> list[str]:
        """The services of a mask, as "namespace/name"."""
        return [f"{self.all[number].namespace}/{self.all[number].name}" for number in numbers(mask)]

    def of_pools(self, pools: int) -> int:
        """The services with addresses of any of these pools."""
        if pools not in self._of_pools:
            mask = 0
            for number in numbers(pools):
                mask |= self._of_pool(number)
            self._of_pools[pools] = mask
        return self._of_pools[pools]

    def _of_pool(self, number: int) -> int:
        bits = bytearray(len(self.all) // 8 + 1)  # one bit after the other in an int costs the square
        for version in (4, 6):
            for name, _service, _address in self.in_pool(number, version):
                place = self.number[name]
                bits[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(bits, "little")

    def nodes(self, service: Service) -> int:
        """The nodes that have an endpoint of the service."""
        if service.endpoint_nodes not in self._nodes:
            mask = 0
            for name in service.endpoint_nodes:
                mask |= self._bits.get(name, 0)
            self._nodes[service.endpoint_nodes] = mask
        return self._nodes[service.endpoint_nodes]

    @cached_property
    def _by_pool(self) -> dict[tuple[int, int], list[Held]]:
        found: dict[tuple[int, int], list[Held]] = defaultdict(list)
        for service in self.all:
            name = f"{service.namespace}/{service.name}"
            for address in map(parse_address, service.addresses):
                for pool in self._index.holding(address) if address else ():
                    if address:
                        found[self._pool[pool], address.version].append((name, service, int(address)))
        return found


def services_of(snapshot: Snapshot) -> Services:
    """Of a snapshot; those that were made of each other, and have the same nodes and pools, share it."""
    placement, index, pools = placement_of(snapshot), pool_index_of(snapshot), pool_choice_of(snapshot)
    parts = snapshot.services, placement, index, pools
    return snapshot.once(lambda: Services(snapshot.services, placement.nodes, index, pools.number), Services, *parts)
