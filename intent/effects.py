"""What a change does to what is announced: the difference between a cluster before it and after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from intent.affected import Sides, announced, concerned
from intent.announcements.announcement import Announcement, Key, ServiceRef, prefix_text
from intent.announcements.groups import NOTHING, Feed, Layers, Table
from intent.reach import Reach, SessionKey, reaches
from intent.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RouteChange:
    """One prefix on the sessions with one neighbor, by the number of nodes. changed: other attributes."""

    peer: str
    vrf: str
    neighbor: str
    prefix: str
    announced: int
    withdrawn: int
    changed: int


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A service that is announced from more or fewer nodes, or to more or fewer BGPPeers."""

    service: ServiceRef
    before: Reach
    after: Reach

    @property
    def lost(self) -> bool:
        """Nobody announces it any more."""
        return self.before.nodes > 0 and self.after.nodes == 0

    @property
    def dark(self) -> bool:
        """Sessions are left, none of which is up now, though some that go are."""
        return self.before.up > 0 and self.after.sessions > 0 and self.after.up == 0

    @property
    def alone(self) -> bool:
        """One node, or one router, is all that is left of several."""
        left = (self.before.nodes > 1 and self.after.nodes == 1) or (self.before.peers > 1 and self.after.peers == 1)
        return left and not self.lost


@dataclass(frozen=True, slots=True)
class Effects:
    """routes: sorted by peer and address. services: sorted; those whose reach changes. observed: whether it is known

    which sessions are up.
    """

    routes: tuple[RouteChange, ...] = ()
    services: tuple[ServiceChange, ...] = ()
    observed: bool = False

    @property
    def lost(self) -> tuple[ServiceRef, ...]:
        """The services that nobody announces any more."""
        return tuple(change.service for change in self.services if change.lost)

    @property
    def dark(self) -> tuple[ServiceRef, ...]:
        """The services that are left with sessions none of which is up now."""
        return tuple(change.service for change in self.services if change.dark)

    @property
    def alone(self) -> tuple[ServiceRef, ...]:
        """The services that lose their redundancy."""
        return tuple(change.service for change in self.services if change.alone)


KINDS = frozenset({"BGPPeer", "IPAddressPool", "BGPAdvertisement", "Community"})  # the kinds that decide about it
_ANNOUNCED, _WITHDRAWN, _CHANGED = range(3)


def effects(
    before: Snapshot, after: Snapshot, sides: Sides | None = None, up: Container[SessionKey] | None = None
) -> Effects:
    """What MetalLB would announce otherwise. sides: what `announced` says of both, if that is known already.

    up: the sessions that are up now, None = that is not known.

    Nodes that are alike are looked at once; the cost grows with their kinds, and with the services of which a node
    announces only its own endpoints.
    """
    old, new = sides = sides or announced(before, after)
    nodes, changing = sorted({node.name for each in (before, after) for node in each.nodes}), _Difference()
    concerning = concerned(before, after, sides)
    alike = Counter((old.kind(node), new.kind(node)) for node in concerning)
    some = {(old.kind(node), new.kind(node)): node for node in concerning}
    for kinds, number in alike.items():
        here, there = old.feeds_on(some[kinds]), new.feeds_on(some[kinds])
        for feed in {**here, **there}:
            changing.add(feed, here.get(feed, NOTHING), there.get(feed, NOTHING), number)
    touched = changing.finish()
    reach_before, reach_after = reaches(old, nodes, touched, up), reaches(new, nodes, touched, up)
    none = Reach(0, 0)
    changes = (ServiceChange(ref, reach_before.get(ref, none), reach_after.get(ref, none)) for ref in sorted(touched))
    services = tuple(each for each in changes if each.before != each.after)
    return Effects(tuple(changing.routes()), services, observed=up is not None)


@dataclass(slots=True)
class _Difference:
    """Counts nodes by what happens to a prefix of a session; what alike nodes share is compared once, in `finish`."""

    counts: dict[tuple[Feed, Key], list[int]] = field(default_factory=dict)
    touched: set[ServiceRef] = field(default_factory=set)
    pairs: Counter[tuple[Feed, int, int]] = field(default_factory=Counter)
    tables: dict[int, Table] = field(default_factory=dict)

    def add(self, feed: Feed, old: Layers, new: Layers, nodes: int) -> None:
        """The session of a number of nodes that are alike, before and after."""
        if old.shared is new.shared and old.own is new.own:
            return
        for table in (old.shared, new.shared):
            self.tables[id(table)] = table
        self.pairs[feed, id(old.shared), id(new.shared)] += nodes
        for key in old.own.keys() | new.own.keys():
            self._count(feed, key, old.shared.get(key), new.shared.get(key), -nodes)
            self._count(feed, key, old.get(key), new.get(key), nodes)

    def finish(self) -> set[ServiceRef]:
        """Compare the shared tables; gives the services behind every prefix that is not as before."""
        differing = {pair: self._differing(*pair) for pair in {(old, new) for _, old, new in self.pairs}}
        for (feed, old, new), nodes in self.pairs.items():
            for key, here, there in differing[old, new]:
                self._count(feed, key, here, there, nodes)
        return self.touched

    def _differing(self, old: int, new: int) -> list[tuple[Key, Announcement | None, Announcement | None]]:
        """The prefixes that two tables do not have alike; sessions with many neighbors share these tables."""
        here, there = self.tables[old], self.tables[new]
        if here is there:
            return []
        both = ((key, here.get(key), there.get(key)) for key in here.keys() | there.keys())
        return [each for each in both if each[1] != each[2]]

    def _count(self, feed: Feed, key: Key, old: Announcement | None, new: Announcement | None, nodes: int) -> None:
        if old == new:
            return
        for each in (old, new):
            self.touched.update(each.services if each is not None else ())
        if old is None or new is None:
            what = _ANNOUNCED if old is None else _WITHDRAWN
        elif (old.local_prefs, old.communities) != (new.local_prefs, new.communities):
            what = _CHANGED
        else:
            return
        self.counts.setdefault((feed, key), [0, 0, 0])[what] += nodes

    def routes(self) -> Iterator[RouteChange]:
        """In the order of sessions and addresses."""
        for (feed, key), counts in sorted(self.counts.items()):
            if any(counts):
                yield RouteChange(*feed, prefix_text(key), *counts)
