"""Services that are treated alike: those of pools with the same advertisements, which the same of these match."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from intent.addresses import Address
from intent.announcements.advertisements import Advertisement, Attributes
from intent.announcements.announcement import (
    MOST_COMMUNITIES,
    Announcement,
    Key,
    ServiceRef,
    prefix_key,
    prefix_text,
)
from intent.announcements.verdicts import Reason
from intent.communities import Community
from intent.snapshot import Service

Table = dict[Key, Announcement]


class Feed(NamedTuple):
    """A session of a node: the BGPPeer, and the neighbor that it makes there."""

    peer: str
    vrf: str
    neighbor: str


class Layers(NamedTuple):
    """What a session announces. shared: for services that any node may announce. own: for those with an endpoint here.

    A prefix in both carries what both ask for.
    """

    shared: Table
    own: Table

    def get(self, key: Key) -> Announcement | None:
        """One prefix."""
        shared, own = self.shared.get(key), self.own.get(key)
        return shared.merged(own) if shared is not None and own is not None else shared or own


NOTHING = Layers({}, {})


@dataclass(frozen=True, slots=True)
class Placed:
    """A service whose addresses are all in one pool."""

    ref: ServiceRef
    addresses: tuple[Address, ...]
    service: Service
    group: Group


@dataclass(slots=True, eq=False)
class Group:
    """families: IP versions of each of its pools. pool: all advertisements of each, as a mask. advertisements: those
    that match the services. members: services that any node may announce.
    """

    families: frozenset[int]
    pool: int
    advertisements: tuple[Advertisement, ...]
    members: list[Placed] = field(default_factory=list)
    _eligible: dict[int, tuple[Reason | None, tuple[Advertisement, ...]]] = field(default_factory=dict)
    _announcing: dict[int, tuple[Advertisement, ...]] = field(default_factory=dict)
    _tables: dict[tuple[frozenset[Attributes], tuple[int, ...]], Table] = field(default_factory=dict)

    def eligible(self, on_node: int) -> tuple[Reason | None, tuple[Advertisement, ...]]:
        """The advertisements that count on a node, or why none does; on_node: those that select it, as a mask."""
        mask = on_node & self.pool
        if mask not in self._eligible:
            self._eligible[mask] = self._judged(mask)
        return self._eligible[mask]

    def announcing(self, on_node: int) -> tuple[Advertisement, ...]:
        """Those of them that MetalLB can announce with: all, or none at all."""
        mask = on_node & self.pool
        if mask not in self._announcing:
            _, counting = self.eligible(mask)
            self._announcing[mask] = () if too_many(counting) else counting
        return self._announcing[mask]

    def _judged(self, mask: int) -> tuple[Reason | None, tuple[Advertisement, ...]]:
        found = tuple(each for each in self.advertisements if each.bit & mask)
        if not mask:
            return Reason.NOT_OWNER, ()
        if not found:
            return Reason.NO_MATCHING_ADVERTISEMENT, ()
        if any(one.conflicts(other, self.families) for at, one in enumerate(found) for other in found[at + 1 :]):
            return Reason.CONFLICTING_ADVERTISEMENTS, ()
        return None, found

    def table(self, on_node: int, feed: int, versions: tuple[int, ...]) -> Table:
        """What all members contribute to a peer that takes the advertisements of the mask `feed`."""
        fed = tuple(each for each in self.announcing(on_node) if each.bit & feed)
        key = frozenset(each.attributes for each in fed), versions
        if key not in self._tables:
            self._tables[key] = tabulate(((placed, fed) for placed in self.members), versions)
        return self._tables[key]


class Groups:
    """All groups of a cluster, made when a service needs them. families: IP versions of each pool, by its name."""

    def __init__(self, families: Mapping[str, frozenset[int]], every: Iterable[Advertisement]) -> None:
        self._families = families
        self._of_pool = defaultdict[str, list[Advertisement]](list)
        self._open, self._choosy = Counter[str](), defaultdict[str, list[Advertisement]](list)
        self._by_pool: dict[tuple[str, int], Group] = {}
        self._groups: dict[tuple[int, int, frozenset[int]], Group] = {}
        for each in every:
            for pool in each.pools:
                self._of_pool[pool].append(each)
                if each.services.all:
                    self._open[pool] += each.bit
                else:
                    self._choosy[pool].append(each)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def of(self, pool: str, labels: Mapping[str, str]) -> Group:
        """The group of the services of a pool with these labels."""
        matching = self._open[pool] + sum(each.bit for each in self._choosy[pool] if each.services.chooses(labels))
        if (pool, matching) not in self._by_pool:
            every, families = self._of_pool[pool], self._families[pool]
            key = sum(each.bit for each in every), matching, families
            if key not in self._groups:
                some = tuple(each for each in every if each.bit & matching)
                self._groups[key] = Group(families, key[0], some)
            self._by_pool[pool, matching] = self._groups[key]
        return self._by_pool[pool, matching]


class Own:
    """What a node announces for services of which it alone looks at its endpoints. on_node: as for `Group.eligible`.

    Feeds that the same of its advertisements are in share a table.
    """

    def __init__(self, services: Iterable[Placed], on_node: int, versions: tuple[int, ...]) -> None:
        several = defaultdict[int, list[tuple[Placed, tuple[Advertisement, ...]]]](list)
        for placed in services:
            for each in placed.group.announcing(on_node):
                several[each.bit].append((placed, (each,)))
        self._tables = {bit: tabulate(some, versions) for bit, some in several.items()}
        self._every = sum(self._tables)
        self._merged: dict[int, Table] = {}

    def table(self, feed: int) -> Table:
        """To a peer that takes the advertisements of this mask."""
        mask = feed & self._every
        if mask not in self._merged:
            fed = [table for bit, table in self._tables.items() if bit & mask and table]
            self._merged[mask] = fed[0] if len(fed) == 1 else merged(fed)
        return self._merged[mask]


def too_many(advertisements: Iterable[Advertisement]) -> bool:
    """Whether MetalLB fails to announce because of one with too many communities."""
    return any(len(each.communities) > MOST_COMMUNITIES for each in advertisements)


def tabulate(
    services: Iterable[tuple[Placed, tuple[Advertisement, ...]]], versions: tuple[int, ...]
) -> dict[Key, Announcement]:
    """The prefixes of services, each with the advertisements that announce it; only these IP versions."""
    found: dict[Key, tuple[set[int], set[Community], set[ServiceRef]]] = {}
    for placed, advertisements in services:
        for address in placed.addresses:
            if address.version not in versions:
                continue
            for each in advertisements:
                key = prefix_key(address.version, int(address), each.length(address.version))
                prefs, communities, refs = found.setdefault(key, (set(), set(), set()))
                prefs.update((each.local_pref,) if each.local_pref else ())
                communities.update(each.communities)
                refs.add(placed.ref)
    return {
        key: Announcement(prefix_text(key), tuple(sorted(prefs)), tuple(sorted(communities)), tuple(sorted(refs)))
        for key, (prefs, communities, refs) in found.items()
    }


def merged(tables: Iterable[Table]) -> Table:
    """All of them in one."""
    found: Table = {}
    for table in tables:
        merge(found, table)
    return found


def merge(into: Table, more: Table) -> None:
    """Add announcements; where both have a prefix, what both ask for holds."""
    both = into.keys() & more.keys()
    before = {key: into[key] for key in both}
    into.update(more)
    for key in both:
        into[key] = before[key].merged(more[key])
