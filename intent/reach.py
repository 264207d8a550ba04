"""From where, to whom and over which sessions services are announced."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import NamedTuple

from intent.announcements.announcement import ServiceRef
from intent.announcements.cluster import Announcements
from intent.announcements.groups import Feed, Layers, Table

NAMED = 3  # sessions that are not up, of one service
SessionKey = tuple[str, str, str]  # node, VRF, neighbor
Carrier = tuple[str, Feed]  # a node and its session


class Reach(NamedTuple):
    """How many nodes announce a service, to how many BGPPeers, over how many sessions, and how many of these are up.

    missing: the first of the others, by node and session. up is 0 and nothing is missing where it was not asked.
    """

    nodes: int
    peers: int
    sessions: int = 0
    up: int = 0
    missing: tuple[Carrier, ...] = ()


@dataclass(slots=True)
class _Carriers:
    """Sessions that carry something: how many, how many are up, and the first that are not."""

    number: int = 0
    up: int = 0
    missing: list[Carrier] = field(default_factory=list)

    def add(self, nodes: Sequence[str], feed: Feed, up: Container[SessionKey] | None) -> None:
        """The session with one neighbor, of each of these nodes."""
        self.number += len(nodes)
        if up is None:
            return
        down = [(node, feed) for node in nodes if (node, feed.vrf, feed.neighbor) not in up]
        self.up += len(nodes) - len(down)
        if down:
            self.missing = sorted(self.missing + down)[:NAMED]


def reaches(
    announcements: Announcements,
    nodes: Iterable[str],
    wanted: set[ServiceRef],
    up: Container[SessionKey] | None = None,
) -> dict[ServiceRef, Reach]:
    """Of each of these services that is announced at all. up: the sessions that are; None = that is not asked."""
    if not wanted:
        return {}
    alike, known = defaultdict[object, list[str]](list), set[str]()
    for node in nodes:
        alike[announcements.shares(node)].append(node)
        known.add(node)
    counts = _Counts(wanted, up)
    for some in alike.values():
        counts.share(some, announcements.feeds_on(some[0]))
    for node in announcements.alone(wanted):
        if node in known:
            counts.add(node, announcements.feeds_on(node))
    return counts.reaches()


def only_over(
    announcements: Announcements, nodes: Iterable[str], ending: Collection[SessionKey], telling: Container[SessionKey]
) -> set[ServiceRef]:
    """The services that are announced now, and over none but the sessions of `ending`.

    telling: the sessions that are up and announce something. Nodes that are alike are looked at once, and nothing more
    once no service is left.
    """
    there = {node for node, _, _ in ending}

    def goes(node: str, feed: Feed) -> bool:
        key = node, feed.vrf, feed.neighbor
        return key in ending and key in telling

    def stays(node: str, feed: Feed) -> bool:
        key = node, feed.vrf, feed.neighbor
        return key not in ending and key in telling

    over = ((node, *one) for node in there for one in announcements.feeds_on(node).items())
    going = {id(table): table for node, feed, layers in over if goes(node, feed) for table in layers}
    found = set[ServiceRef]().union(*map(_services, going.values()))
    # First where a service most likely goes out over other sessions, too.
    for table in _shared(announcements, sorted(nodes, key=lambda name: name not in there), stays) if found else ():
        found -= _services(table)
        if not found:
            break
    own = ((node, *one) for node in announcements.alone(found) for one in announcements.feeds_on(node).items())
    for node, feed, layers in own:
        if layers.own and stays(node, feed):
            found -= _services(layers.own)
    return found


def _shared(announcements: Announcements, nodes: Iterable[str], counts: Callable[[str, Feed], bool]) -> Iterator[Table]:
    """What goes out over sessions that count, for services that any node may announce; each table once."""
    alike, known = defaultdict[object, list[str]](list), set[int]()
    for node in nodes:
        alike[announcements.shares(node)].append(node)
    for some in alike.values():
        for feed, layers in announcements.feeds_on(some[0]).items():
            if id(layers.shared) not in known and any(counts(node, feed) for node in some):
                known.add(id(layers.shared))
                yield layers.shared


@dataclass(slots=True)
class _Counts:
    """What carries the wanted services. Tables, which many sessions share, are looked into once."""

    wanted: set[ServiceRef]
    up: Container[SessionKey] | None
    nodes: Counter[ServiceRef] = field(default_factory=Counter)
    peers: defaultdict[ServiceRef, set[str]] = field(default_factory=lambda: defaultdict(set))
    carriers: defaultdict[ServiceRef, list[_Carriers]] = field(default_factory=lambda: defaultdict(list))
    kinds: Counter[frozenset[int]] = field(default_factory=Counter)
    tables: dict[int, tuple[Table, set[ServiceRef], set[str], _Carriers]] = field(default_factory=dict)

    def share(self, nodes: Sequence[str], feeds: Mapping[Feed, Layers]) -> None:
        """What nodes that are alike announce, whatever endpoints they have."""
        for feed, layers in feeds.items():
            _, refs, peers, carriers = self._table(layers.shared)
            if refs:
                peers.add(feed.peer)
                carriers.add(nodes, feed, self.up)
        self.kinds[frozenset(id(layers.shared) for layers in feeds.values())] += len(nodes)

    def add(self, node: str, feeds: Mapping[Feed, Layers]) -> None:
        """What a node announces for its own endpoints."""
        alike = defaultdict[int, list[Feed]](list)  # sessions that share a table
        for feed, layers in feeds.items():
            alike[id(layers.own)].append(feed)
        own = set[ServiceRef]()
        for several in alike.values():
            refs, carriers = _services(feeds[several[0]].own) & self.wanted, _Carriers()
            for feed in several if refs else ():
                carriers.add([node], feed, self.up)
            for ref in refs:
                self.peers[ref].update(feed.peer for feed in several)
                self.carriers[ref].append(carriers)
            own |= refs
        self.nodes.update(own)

    def _table(self, table: Table) -> tuple[Table, set[ServiceRef], set[str], _Carriers]:
        if id(table) not in self.tables:
            self.tables[id(table)] = table, _services(table) & self.wanted, set(), _Carriers()
        return self.tables[id(table)]

    def reaches(self) -> dict[ServiceRef, Reach]:
        """When all nodes are counted."""
        for numbers, nodes in self.kinds.items():
            for ref in set[ServiceRef]().union(*(self.tables[number][1] for number in numbers)):
                self.nodes[ref] += nodes
        for _, refs, peers, carriers in self.tables.values():
            for ref in refs:
                self.peers[ref] |= peers
                self.carriers[ref].append(carriers)
        return {ref: _reach(nodes, len(self.peers[ref]), self.carriers[ref]) for ref, nodes in self.nodes.items()}


def _reach(nodes: int, peers: int, several: list[_Carriers]) -> Reach:
    missing = nsmallest(NAMED, (carrier for one in several for carrier in one.missing))
    return Reach(nodes, peers, sum(one.number for one in several), sum(one.up for one in several), tuple(missing))


def _services(table: Table) -> set[ServiceRef]:
    return {ref for announcement in table.values() for ref in announcement.services}
