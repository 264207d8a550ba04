"""From where, to whom and over which sessions services are announced."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from intent.announcements.announcement import ServiceRef
from intent.announcements.cluster import Announcements
from intent.announcements.groups import Feed, Table

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

    def add(self, node: str, feed: Feed, up: Container[SessionKey] | None) -> None:
        """One session."""
        self.number += 1
        if up is None:
            return
        if (node, feed.vrf, feed.neighbor) in up:
            self.up += 1
        elif len(self.missing) < NAMED:
            self.missing.append((node, feed))


def reaches(
    announcements: Announcements,
    nodes: Iterable[str],
    wanted: set[ServiceRef],
    up: Container[SessionKey] | None = None,
) -> dict[ServiceRef, Reach]:
    """Of each of these services that is announced at all. up: the sessions that are; None = that is not asked."""
    if not wanted:
        return {}
    kinds, on_nodes = Counter[frozenset[int]](), Counter[ServiceRef]()
    tables, peers_of = dict[int, Table](), defaultdict[int, set[str]](set)
    peers, carriers = defaultdict[ServiceRef, set[str]](set), defaultdict[int, _Carriers](_Carriers)
    own_carriers = defaultdict[ServiceRef, _Carriers](_Carriers)
    for node in nodes:
        own, feeds = set[ServiceRef](), announcements.feeds_on(node)
        for feed, layers in feeds.items():
            number = id(layers.shared)
            tables[number] = layers.shared
            peers_of[number].add(feed.peer)
            carriers[number].add(node, feed, up)
            for ref in _services(layers.own) & wanted:
                own.add(ref)
                peers[ref].add(feed.peer)
                own_carriers[ref].add(node, feed, up)
        on_nodes.update(own)
        kinds[frozenset(id(layers.shared) for layers in feeds.values())] += 1
    behind = {number: _services(table) & wanted for number, table in tables.items()}
    for numbers, count in kinds.items():
        for ref in set[ServiceRef]().union(*(behind[number] for number in numbers)):
            on_nodes[ref] += count
    several = {ref: [one] for ref, one in own_carriers.items()}
    for number, refs in behind.items():
        for ref in refs:
            peers[ref].update(peers_of[number])
            several.setdefault(ref, []).append(carriers[number])
    return {ref: _reach(count, len(peers[ref]), several[ref]) for ref, count in on_nodes.items()}


def _reach(nodes: int, peers: int, several: list[_Carriers]) -> Reach:
    missing = sorted(carrier for one in several for carrier in one.missing)[:NAMED]
    return Reach(nodes, peers, sum(one.number for one in several), sum(one.up for one in several), tuple(missing))


def _services(table: Table) -> set[ServiceRef]:
    return {ref for announcement in table.values() for ref in announcement.services}
