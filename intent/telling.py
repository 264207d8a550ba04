"""By how many nodes services go out now, and to how many BGPPeers: over the sessions that tell them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from intent.announcements.announcement import ServiceRef
from intent.announcements.cluster import Announcements
from intent.announcements.groups import Table
from intent.reach import SessionKey

_ALL_TOLD: Mapping[SessionKey, Collection[str]] = MappingProxyType({})
_Part = tuple[int, frozenset[ServiceRef]]  # a table by its id, and the services that are not told of it


class Telling(NamedTuple):
    """How many nodes tell a service, and to how many BGPPeers."""

    nodes: int = 0
    peers: int = 0


def told(
    announcements: Announcements,
    nodes: Iterable[str],
    tells: Callable[[SessionKey], bool],
    lacking: Mapping[SessionKey, Collection[str]] = _ALL_TOLD,
) -> dict[ServiceRef, Telling]:
    """Of each service that goes out over a session that tells. lacking: prefixes that a session does not tell."""
    counts = _Counts()
    for node in nodes:
        shared, own = list[_Part](), list[_Part]()
        for feed, layers in announcements.feeds_on(node).items():
            key = node, feed.vrf, feed.neighbor
            if tells(key):
                shared += counts.parts(layers.shared, feed.peer, lacking.get(key, ()))
                own += counts.parts(layers.own, feed.peer, lacking.get(key, ()))
        # A service is in one of the two; nodes that tell the same of the first are counted together.
        counts.kinds.update(frozenset(some) for some in (shared, own) if some)
    return counts.result()


@dataclass(slots=True)
class _Counts:
    """kinds: how many nodes tell the same parts. known: of each part its table, which has to stay, services, peers."""

    kinds: Counter[frozenset[_Part]] = field(default_factory=Counter)
    known: dict[_Part, tuple[Table, set[ServiceRef], set[str]]] = field(default_factory=dict)
    _lost: dict[tuple[int, frozenset[str]], frozenset[ServiceRef]] = field(default_factory=dict)

    def parts(self, table: Table, peer: str, lacking: Collection[str]) -> Iterator[_Part]:
        """What a session to a BGPPeer tells of a table, if anything."""
        if not table:
            return
        part = id(table), self._not_told(table, frozenset(lacking)) if lacking else frozenset()
        if part not in self.known:
            every = {ref for each in table.values() for ref in each.services}
            self.known[part] = table, every - part[1], set()
        self.known[part][2].add(peer)
        yield part

    def _not_told(self, table: Table, lacking: frozenset[str]) -> frozenset[ServiceRef]:
        """The services of which all prefixes are lacking."""
        key = id(table), lacking
        if key not in self._lost:
            gone = {ref for each in table.values() if each.prefix in lacking for ref in each.services}
            others = (each.services for each in table.values() if gone and each.prefix not in lacking)
            self._lost[key] = frozenset(gone.difference(*others))
        return self._lost[key]

    def result(self) -> dict[ServiceRef, Telling]:
        """When all nodes are counted."""
        nodes, peers = Counter[ServiceRef](), defaultdict[ServiceRef, set[str]](set)
        for kind, number in self.kinds.items():
            for ref in set[ServiceRef]().union(*(self.known[part][1] for part in kind)):
                nodes[ref] += number
        for _, refs, names in self.known.values():
            for ref in refs:
                peers[ref] |= names
        return {ref: Telling(number, len(peers[ref])) for ref, number in nodes.items()}
