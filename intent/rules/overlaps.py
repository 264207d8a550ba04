"""IPAddressPools that share addresses: MetalLB refuses all of them (I4)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from intent.findings import Finding, ObjectRef, Severity, shown
from intent.pools import AddressRange
from intent.rules.pool import span
from intent.rules.subject import CONFIG
from intent.rules.view import View
from intent.snapshot import Resource

_TOLD = 3  # overlaps in one message; the finding carries all pools
_HINT = "Take the shared addresses out of all but one of the pools."


@dataclass(frozen=True, slots=True, order=True)
class _Row:
    """A range and the pool that holds it, by its place."""

    held: AddressRange
    pool: int


Overlap = tuple[_Row, _Row]


@dataclass(slots=True)
class _Group:
    """Pools that share addresses directly or through others."""

    pools: set[int] = field(default_factory=set)
    shared: list[Overlap] = field(default_factory=list)


def comparisons(view: View) -> Iterator[Overlaps]:
    """All ranges of all pools, in the order of addresses."""
    yield Overlaps(view)


class Overlaps:
    """A sweep over sorted ranges: each is held against the one before that reaches furthest."""

    speaker = True

    def __init__(self, view: View) -> None:
        self._pools: tuple[Resource, ...] = view.pools.resources
        self._rows = sorted(_Row(held, index) for index, many in enumerate(view.pools.ranges) for held in many)
        self._reach: list[tuple[int, int]] = []
        for row in self._rows:
            end = row.held.version, row.held.last
            self._reach.append(max(end, self._reach[-1]) if self._reach else end)

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """See Clash."""
        nodes = view.placement.names(view.placement.everywhere)
        if refs is None:
            for group in self._groups():
                yield self._finding(sorted(group.pools), group.shared, nodes)
            return
        for index, pool in enumerate(self._pools):
            if pool.ref in refs:
                others, shared = self._with(index, view.pools.ranges[index])
                if others:
                    yield self._finding([index, *sorted(others)], shared, nodes)

    def _groups(self) -> list[_Group]:
        leader: dict[int, int] = {}  # the pools' groups, joined when they meet (union-find)

        def find(pool: int) -> int:
            while leader.setdefault(pool, pool) != pool:
                leader[pool] = pool = leader[leader[pool]]
            return pool

        shared: list[Overlap] = []
        widest: _Row | None = None
        for row in self._rows:
            if widest and widest.pool != row.pool and row.held.overlaps(widest.held):
                leader[find(row.pool)] = find(widest.pool)
                shared.append((widest, row))
            if widest is None or (row.held.version, row.held.last) > (widest.held.version, widest.held.last):
                widest = row
        groups: dict[int, _Group] = {}
        for pool in leader:
            groups.setdefault(find(pool), _Group()).pools.add(pool)
        for one, other in shared:
            groups[find(other.pool)].shared.append((one, other))
        return list(groups.values())

    def _with(self, pool: int, ranges: tuple[AddressRange, ...]) -> tuple[set[int], list[Overlap]]:
        """The pools that share addresses with this one, and what."""
        found: dict[tuple[int, int], Overlap] = {}
        for held in _joined(ranges):
            at = bisect_right(self._rows, (held.version, held.last), key=lambda row: (row.held.version, row.held.first))
            while at > 0 and self._reach[at - 1] >= (held.version, held.first):
                at -= 1
                row = self._rows[at]
                if row.pool != pool and row.held.overlaps(held):
                    found.setdefault((row.pool, at), (_Row(held, pool), row))
        return {other for other, _ in found}, list(found.values())

    def _told(self, one: _Row, other: _Row) -> str:
        first, last = max(one.held.first, other.held.first), min(one.held.last, other.held.last)
        shared = span(AddressRange(one.held.version, first, last))
        return f"{self._pools[one.pool].name} and {self._pools[other.pool].name} share {shared}"

    def _finding(self, pools: list[int], shared: list[Overlap], nodes: tuple[str, ...]) -> Finding:
        told = "; ".join(self._told(one, other) for one, other in shared[:_TOLD])
        more = f" and {len(shared) - _TOLD} more overlaps" if len(shared) > _TOLD else ""
        message = f"No address may be in two pools: {told}{more}"
        objects = tuple(self._pools[pool].ref for pool in pools)
        value = shown(self._pools[pools[0]].spec.get("addresses"))
        code = "pools-overlap"
        return Finding(code, Severity.ERROR, "spec.addresses", value, message, CONFIG, _HINT, objects, nodes)


def _joined(ranges: tuple[AddressRange, ...]) -> list[AddressRange]:
    """The same addresses in ranges that do not overlap, sorted."""
    joined: list[AddressRange] = []
    for held in sorted(ranges):
        if joined and held.overlaps(joined[-1]):
            last = joined[-1]
            joined[-1] = AddressRange(held.version, last.first, max(held.last, last.last))
        else:
            joined.append(held)
    return joined
