"""What a change of pools does to addresses: which services lose theirs, where they may get others, what is left."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from intent.addresses import Address, parse_address
from intent.announcements.announcement import ServiceRef
from intent.assignments.choices import choices_of
from intent.assignments.pools import Pool, pools_of
from intent.assignments.request import Request, annotation
from intent.pools import pool_index_of
from intent.snapshot import Service, Snapshot

_LOOKED_AT = 200  # services that lose their addresses


@dataclass(frozen=True, slots=True)
class Displaced:
    """A service whose addresses no pool holds any more. pools: where it may get others, () = nowhere."""

    service: ServiceRef
    addresses: tuple[str, ...]
    pools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PoolChange:
    """One IP version of a pool that changes: addresses in all, and in use by services that keep them."""

    pool: str
    version: int
    total: int
    used: int
    total_then: int
    used_then: int

    @property
    def left(self) -> int:
        """What it can give now."""
        return max(0, self.total - self.used)

    @property
    def left_then(self) -> int:
        """What it can give then, before any service that loses its address has taken another one."""
        return max(0, self.total_then - self.used_then)


@dataclass(frozen=True, slots=True)
class AddressEffects:
    """services: the first of those that lose their addresses, by name; more: how many others. pools: that change."""

    services: tuple[Displaced, ...] = ()
    more: int = 0
    pools: tuple[PoolChange, ...] = ()

    @property
    def displaced(self) -> int:
        """Services that lose their addresses."""
        return len(self.services) + self.more

    @property
    def without(self) -> int:
        """Those looked at for which no address is left."""
        return sum(not each.pools for each in self.services)


def address_effects(before: Snapshot, after: Snapshot) -> AddressEffects:
    """What would happen to addresses that services have; these are taken by name, while MetalLB has its own order."""
    old, new = pools_of(before), pools_of(after)
    if old == new:
        return AddressEffects()
    was, will = (pool_index_of(snapshot) for snapshot in (before, after))
    taken, losing = set[Address](), []
    for service in sorted(after.services, key=lambda one: (one.namespace, one.name)):
        addresses = _addresses(service)
        if addresses and was.holding_all(addresses) and not will.holding_all(addresses):
            losing.append((service, addresses))
        else:
            taken.update(addresses)
    return AddressEffects(
        tuple(_displaced(new, losing[:_LOOKED_AT], set(taken))),
        max(0, len(losing) - _LOOKED_AT),
        tuple(_pools(old, new, taken, {address for _service, some in losing for address in some})),
    )


def _displaced(
    pools: list[Pool], losing: list[tuple[Service, tuple[Address, ...]]], taken: set[Address]
) -> Iterator[Displaced]:
    shared: dict[tuple[str, tuple[Address, ...]], tuple[str, ...]] = {}  # who shares an address now may do so again
    for service, addresses in losing:
        manifest = {
            "metadata": {
                "namespace": service.namespace,
                "name": service.name,
                "labels": service.labels,
                "annotations": service.annotations,
            }
        }
        request = Request(
            namespace=service.namespace,
            name=service.name,
            labels=dict(service.labels),
            versions=tuple(sorted({address.version for address in addresses})),
            prefers_dual=False,
            pool=annotation(manifest, "address-pool"),
            sharing=annotation(manifest, "allow-shared-ip"),
            backend="",
            ports=frozenset(),
        )
        names = shared.get((request.sharing, addresses)) if request.sharing else None
        if names is None:
            found = choices_of(pools, request, manifest, taken)
            taken.update(address for one in found[:1] for address in map(parse_address, one.addresses) if address)
            names = shared[request.sharing, addresses] = tuple(one.pool for one in found)
        yield Displaced(ServiceRef(service.namespace, service.name), tuple(map(str, addresses)), names)


def _pools(old: list[Pool], new: list[Pool], kept: set[Address], lost: set[Address]) -> Iterator[PoolChange]:
    here, there = {pool.name: pool for pool in old}, {pool.name: pool for pool in new}
    before, after = (_numbers(some) for some in (kept | lost, kept))
    for name in sorted(here.keys() | there.keys()):
        one, other = here.get(name), there.get(name)
        if one == other:
            continue
        for version in (4, 6):
            total, then = (pool.capacity(version) if pool else 0 for pool in (one, other))
            if total or then:
                used, used_then = _used(one, version, before[version]), _used(other, version, after[version])
                yield PoolChange(name, version, total, used, then, used_then)


def _numbers(addresses: set[Address]) -> dict[int, list[int]]:
    """The addresses by IP version, sorted."""
    return {version: sorted(int(one) for one in addresses if one.version == version) for version in (4, 6)}


def _used(pool: Pool | None, version: int, addresses: list[int]) -> int:
    """How many of the addresses are in the pool, whose ranges may overlap."""
    inside, behind = 0, 0
    for held in sorted(pool.ranges if pool is not None else ()):
        if held.version == version:
            first, end = max(behind, bisect_left(addresses, held.first)), bisect_right(addresses, held.last)
            inside, behind = inside + max(0, end - first), max(behind, end)
    return inside


def _addresses(service: Service) -> tuple[Address, ...]:
    return tuple(address for address in map(parse_address, service.addresses) if address is not None)
