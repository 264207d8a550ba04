"""Services that are treated alike: those of one pool that the same advertisements match."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from intent.addresses import Address
from intent.announcements.advertisements import Advertisement
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
    """families: IP versions of the pool. pool: all advertisements of the pool, as a mask. advertisements: those that
    match the services. members: services that any node may announce.
    """

    families: frozenset[int]
    pool: int
    advertisements: tuple[Advertisement, ...]
    members: list[Placed] = field(default_factory=list)
    _eligible: dict[int, tuple[Reason | None, tuple[Advertisement, ...]]] = field(default_factory=dict)
    _tables: dict[tuple[int, tuple[int, ...]], Table] = field(default_factory=dict)

    def eligible(self, on_node: int) -> tuple[Reason | None, tuple[Advertisement, ...]]:
        """The advertisements that count on a node, or why none does; on_node: those that select it, as a mask."""
        mask = on_node & self.pool
        if mask not in self._eligible:
            self._eligible[mask] = self._judged(mask)
        return self._eligible[mask]

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
        _, counting = self.eligible(on_node)
        if too_many(counting):
            return {}
        fed = tuple(each for each in counting if each.bit & feed)
        key = sum(each.bit for each in fed), versions
        if key not in self._tables:
            self._tables[key] = tabulate(((placed, fed) for placed in self.members), versions)
        return self._tables[key]


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


def merge(into: Table, more: Table) -> None:
    """Add announcements; where both have a prefix, what both ask for holds."""
    both = into.keys() & more.keys()
    before = {key: into[key] for key in both}
    into.update(more)
    for key in both:
        into[key] = before[key].merged(more[key])
