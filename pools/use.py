"""How much of each pool is in use, and what is left: by the addresses of Services, and as MetalLB says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from clusters.models import ServiceAddress
from clusters.words import amount
from intent.pools import AddressRange, address_range
from intent.snapshot import mapping
from pools.models import IPAddressPool

_BUGGY = (0, 255)  # last byte of the IPv4 addresses that avoidBuggyIPs leaves out
_ENDLESS = 2**62  # MetalLB's 64 bits end here: it says its largest number for IPv6 ranges that never run out


@dataclass(frozen=True, slots=True)
class FamilyUse:
    """One IP version of a pool. used: different addresses that Services have. assigned, available: as MetalLB says."""

    version: int
    total: int
    used: int
    assigned: int | None = None
    available: int | None = None

    @property
    def left(self) -> int:
        """What the pool can still give."""
        return max(0, self.total - self.used)

    @property
    def width(self) -> int:
        """The used part of a bar of 1,000; anything that is used can be seen."""
        if not self.used:
            return 0
        return min(1000, max(8, self.used * 1000 // self.total)) if self.total else 1000

    @property
    def tone(self) -> str:
        """up, warn from nine tenths on, down if nothing is left."""
        return "down" if not self.left else "warn" if self.used * 10 >= self.total * 9 else "up"

    @property
    def differs(self) -> bool:
        """Whether MetalLB says something else; a moment after a change it does."""
        if self.assigned is None or self.available is None:
            return False
        endless = self.available >= _ENDLESS or self.left >= _ENDLESS
        return self.assigned != self.used or (self.available != self.left and not endless)

    @property
    def total_words(self) -> str:
        """The size."""
        return amount(self.total)

    @property
    def available_words(self) -> str:
        """What MetalLB says is left."""
        return amount(self.available or 0)

    @property
    def left_words(self) -> str:
        """What is left."""
        return amount(self.left)


@dataclass(frozen=True, slots=True)
class PoolUse:
    """families: those that the pool has addresses of, or Services have of it."""

    families: tuple[FamilyUse, ...]
    services: int


def capacities(pool: IPAddressPool) -> dict[int, int]:
    """How many addresses of each IP version the pool can give; entries that overlap count once."""
    entries = pool.addresses if isinstance(pool.addresses, list) else ()
    held = sorted(found for entry in entries if (found := address_range(entry)) is not None)
    totals: dict[int, int] = defaultdict(int)
    reached: dict[int, int] = {}
    for one in held:
        first = max(one.first, reached.get(one.version, -1) + 1)
        if first <= one.last:
            totals[one.version] += _size(AddressRange(one.version, first, one.last), pool)
        reached[one.version] = max(one.last, reached.get(one.version, -1))
    return dict(totals)


def _size(held: AddressRange, pool: IPAddressPool) -> int:
    size = held.last - held.first + 1
    if held.version == 4 and pool.avoid_buggy_ips:
        size -= sum((held.last - end) // 256 - (held.first - 1 - end) // 256 for end in _BUGGY)
    return size


def uses_of(pools: Sequence[IPAddressPool]) -> dict[int, PoolUse]:
    """The use of each pool by its primary key; one query, however many pools and Services."""
    names, clusters = {pool.name for pool in pools}, {pool.cluster_id for pool in pools}
    rows = ServiceAddress.objects.filter(cluster__in=clusters, pool__in=names).order_by()
    counted = rows.values_list("cluster_id", "pool", "family").annotate(
        Count("address", distinct=True), Count("service", distinct=True)
    )
    found: dict[tuple[int, str], dict[int, tuple[int, int]]] = defaultdict(dict)
    for cluster, name, family, addresses, services in counted:
        found[cluster, name][family] = addresses, services
    return {pool.pk: _use(pool, found.get((pool.cluster_id, pool.name), {})) for pool in pools}


def _use(pool: IPAddressPool, counted: Mapping[int, tuple[int, int]]) -> PoolUse:
    if pool.namespace != pool.cluster.namespace:  # MetalLB reads it not, whatever others of its name give
        counted = {}
    totals, status = capacities(pool), mapping(mapping(pool.live).get("status"))
    families = tuple(
        FamilyUse(
            version,
            totals.get(version, 0),
            counted.get(version, (0, 0))[0],
            _number(status.get(f"assignedIPv{version}")),
            _number(status.get(f"availableIPv{version}")),
        )
        for version in sorted({*totals, *counted})
    )
    return PoolUse(families, max((services for _addresses, services in counted.values()), default=0))


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
