"""Which addresses an IPAddressPool holds, and which pool holds an address."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_network

from intent.addresses import Address, parse_address
from intent.snapshot import Resource, Snapshot

_MASKED = re.compile(r"[^/\s]+/[0-9]{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class AddressRange:
    """Addresses of one IP version from `first` to `last`, both included, as numbers.

    mapped: IPv4 that was written as a CIDR of IPv6 (::ffff:203.0.113.0/120).
    """

    version: int
    first: int
    last: int
    mapped: bool = field(default=False, compare=False)

    def __contains__(self, address: Address) -> bool:
        return address.version == self.version and self.first <= int(address) <= self.last

    @property
    def size(self) -> int:
        """The number of addresses; too large for len() with IPv6."""
        return self.last - self.first + 1

    def overlaps(self, other: AddressRange) -> bool:
        """Whether an address is in both."""
        return self.version == other.version and self.first <= other.last and other.first <= self.last


def address_range(entry: object) -> AddressRange | None:
    """An entry of spec.addresses: a CIDR (host bits are dropped) or `start-end`; None for anything else.

    As MetalLB's parser reads it: a bare address is no CIDR, and a range is cut at its first dash.
    """
    return _read(entry) if isinstance(entry, str) else None


@lru_cache(maxsize=1 << 15)
def _read(entry: str) -> AddressRange | None:
    start, dash, end = entry.partition("-")
    if dash:
        first, last = parse_address(start.strip()), parse_address(end.strip())
        if first is None or last is None or first.version != last.version or int(first) > int(last):
            return None
        return AddressRange(first.version, int(first), int(last))
    if not _MASKED.fullmatch(entry):
        return None
    try:
        network = ip_network(entry, strict=False)
    except ValueError:
        return None
    first, last = parse_address(str(network.network_address)), parse_address(str(network.broadcast_address))
    if first is None or last is None or first.version != last.version:
        return AddressRange(network.version, int(network.network_address), int(network.broadcast_address))
    return AddressRange(first.version, int(first), int(last), mapped=network.version != first.version)


def ranges(pool: Resource) -> tuple[AddressRange, ...]:
    """The ranges of a pool in its own order, without entries that are none."""
    if ranges not in pool.memo:
        entries = pool.spec.get("addresses")
        pool.memo[ranges] = tuple(_readable(entries if isinstance(entries, list | tuple) else ()))
    found: tuple[AddressRange, ...] = pool.memo[ranges]
    return found


def _readable(entries: Iterable[object]) -> Iterator[AddressRange]:
    for entry in entries:
        found = address_range(entry)
        if found is not None:
            yield found


class PoolIndex:
    """Pools by their addresses: O(log n) to find an address, as long as pools do not overlap (MetalLB refuses that)."""

    def __init__(self, pools: Iterable[Resource]) -> None:
        self._rows: dict[int, list[tuple[int, int, str]]] = {4: [], 6: []}
        self.families: dict[str, frozenset[int]] = {}  # the IP versions of each pool
        for pool in pools:
            held = ranges(pool)
            self.families[pool.name] = frozenset(each.version for each in held)
            for each in held:
                self._rows[each.version].append((each.first, each.last, pool.name))
        self._reach: dict[int, list[int]] = {}
        for version, rows in self._rows.items():
            rows.sort()
            reach = self._reach.setdefault(version, [])
            for _, last, _ in rows:
                reach.append(max(last, reach[-1]) if reach else last)

    def holding(self, address: Address) -> tuple[str, ...]:
        """The names of the pools that hold the address, sorted; () if none does."""
        rows, reach, number = self._rows[address.version], self._reach[address.version], int(address)
        at = bisect_right(rows, number, key=lambda row: row[0]) - 1
        names = set()
        while at >= 0 and reach[at] >= number:  # further down nothing reaches up to here
            if rows[at][1] >= number:
                names.add(rows[at][2])
            at -= 1
        return tuple(sorted(names))

    def holding_all(self, addresses: Iterable[Address]) -> str:
        """The pool that holds all the addresses of a service, "" if none does: a speaker looks for one pool only."""
        names: set[str] | None = None
        for address in addresses:
            held = set(self.holding(address))
            names = held if names is None else names & held
        return min(names) if names else ""


def pool_index_of(snapshot: Snapshot) -> PoolIndex:
    """Of the pools that MetalLB reads; snapshots that were made of each other and have the same pools share it."""
    pools = snapshot.in_force("IPAddressPool")
    return snapshot.once(lambda: PoolIndex(pools), PoolIndex, pools)
