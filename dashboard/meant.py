"""What the sessions of a cluster are meant to tell: a digest of each, and all of it of those that are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b

from clusters.models import Cluster
from clusters.selectors import snapshot_of
from clusters.stale import Refusal, by_node, refusals
from intent.announcements import Announcement, Announcements
from intent.announcements.groups import Feed, Layers, Table
from intent.sessions import IntendedSession
from intent.snapshot import Snapshot
from speakers.comparison.inquiry import Key
from speakers.comparison.others import people_prefixes
from speakers.comparison.prefixes import Meant
from speakers.models import Session


class Intentions:
    """One cluster's. What many sessions tell alike is digested once; tables are made of sessions that are asked for."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._digests: dict[int, tuple[Table, bytes]] = {}
        self._tables: dict[int, tuple[tuple[Announcement, ...], dict[str, Announcement]]] = {}

    def digests_on(self, node: str) -> dict[Key, str]:
        """Of what each session of a node is meant to tell, by VRF and neighbor; differs for something else."""
        feeds = self._announcements.feeds_on(node)
        return {key: self._digest(feeds[_feed(session)]) for key, session in self._sessions(node).items()}

    def meant_on(self, node: str, rows: Iterable[Session]) -> dict[Key, Meant]:
        """What those of the sessions that are intended are meant to tell."""
        announced, sessions = self._announcements.on(node), self._sessions(node)
        stale = self._stale.get((self._cluster.pk, node), ())
        words = stale[0].finding.message if stale else ""
        found = {}
        for row in rows:
            session = sessions.get((row.vrf, row.neighbor))
            if session is not None:
                told = self._table(announced.get(session.peer, ()))
                others = self._others.get((node, row.vrf), ())
                meant = Meant(session, told, others, row.differs, words, frozenset(row.families))
                found[row.vrf, row.neighbor] = meant
        return found

    @cached_property
    def _snapshot(self) -> Snapshot:
        return snapshot_of(self._cluster)

    @cached_property
    def _announcements(self) -> Announcements:
        return Announcements(self._snapshot)

    @cached_property
    def _others(self) -> Mapping[tuple[str, str], set[str]]:
        return people_prefixes(self._snapshot)

    @cached_property
    def _stale(self) -> Mapping[tuple[int, str], Sequence[Refusal]]:
        return by_node(refusals(self._cluster))

    def _sessions(self, node: str) -> dict[Key, IntendedSession]:
        return {(one.vrf, one.neighbor): one for one in self._announcements.sessions_of(node)}

    def _table(self, announced: tuple[Announcement, ...]) -> dict[str, Announcement]:
        """By prefix."""
        if id(announced) not in self._tables:
            self._tables[id(announced)] = announced, {each.prefix: each for each in announced}
        return self._tables[id(announced)][1]

    def _digest(self, layers: Layers) -> str:
        """Of both layers, the first of which many sessions share."""
        both = self._of(layers.shared) + (self._of(layers.own) if layers.own else b"")
        return blake2b(both, digest_size=16).hexdigest()

    def _of(self, table: Table) -> bytes:
        if id(table) not in self._digests:
            lines = (f"{one.prefix} {one.local_prefs} {one.communities}" for _, one in sorted(table.items()))
            self._digests[id(table)] = table, blake2b("\n".join(lines).encode(), digest_size=16).digest()
        return self._digests[id(table)][1]


def _feed(session: IntendedSession) -> Feed:
    return Feed(session.peer, session.vrf, session.neighbor)
