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


@dataclass(slots=True)
class _Group:
    """Pools that share addresses directly or through others."""

    pools: set[int] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    count: int = 0


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
                yield self._finding(sorted(group.pools), group.told, group.count, nodes)
            return
        for index, pool in enumerate(self._pools):
            if pool.ref in refs:
                others, told = self._with(index, view.pools.ranges[index])
                if others:
                    yield self._finding([index, *sorted(others)], told, len(told), nodes)

    def _groups(self) -> list[_Group]:
        leader: dict[int, int] = {}  # the pools' groups, joined when they meet (union-find)

        def find(pool: int) -> int:
            while leader.setdefault(pool, pool) != pool:
                leader[pool] = pool = leader[leader[pool]]
            return pool

        shared: list[tuple[int, str]] = []
        widest: _Row | None = None
        for row in self._rows:
            if widest and widest.pool != row.pool and row.held.overlaps(widest.held):
                leader[find(row.pool)] = find(widest.pool)
                shared.append((row.pool, self._told(widest, row)))
            if widest is None or (row.held.version, row.held.last) > (widest.held.version, widest.held.last):
                widest = row
        groups: dict[int, _Group] = {}
        for pool in leader:
            groups.setdefault(find(pool), _Group()).pools.add(pool)
        for pool, told in shared:
            group = groups[find(pool)]
            group.count += 1
            group.told.append(told)
        return list(groups.values())

    def _with(self, pool: int, ranges: tuple[AddressRange, ...]) -> tuple[set[int], list[str]]:
        """The pools that share addresses with this one, and what."""
        others, told = set(), []
        for held in sorted(ranges):
            at = bisect_right(self._rows, (held.version, held.last), key=lambda row: (row.held.version, row.held.first))
            while at > 0 and self._reach[at - 1] >= (held.version, held.first):
                at -= 1
                row = self._rows[at]
                if row.pool != pool and row.held.overlaps(held):
                    others.add(row.pool)
                    told.append(self._told(_Row(held, pool), row))
        return others, told

    def _told(self, one: _Row, other: _Row) -> str:
        first, last = max(one.held.first, other.held.first), min(one.held.last, other.held.last)
        shared = span(AddressRange(one.held.version, first, last))
        return f"{self._pools[one.pool].name} and {self._pools[other.pool].name} share {shared}"

    def _finding(self, pools: list[int], told: list[str], count: int, nodes: tuple[str, ...]) -> Finding:
        more = f" and {count - _TOLD} more overlaps" if count > _TOLD else ""
        message = f"No address may be in two pools: {'; '.join(told[:_TOLD])}{more}"
        objects = tuple(self._pools[pool].ref for pool in pools)
        value = shown(self._pools[pools[0]].spec.get("addresses"))
        code = "pools-overlap"
        return Finding(code, Severity.ERROR, "spec.addresses", value, message, CONFIG, _HINT, objects, nodes)
