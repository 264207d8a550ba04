"""What a change does to the text of frr.conf, by the nodes where it is the same."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from intent.affected import Sides, announced, concerned
from intent.announcements import Announcements
from intent.announcements.groups import Feed, Layers, Table
from intent.line_differences import unified
from intent.modes import Mode
from intent.render import frr_config
from intent.sessions import placed
from intent.snapshot import Node, Service, Snapshot

_LINES = 400  # of one difference


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """nodes: where frr.conf changes like this, sorted. diff: unified, of the first of them; passwords are left out.

    more: lines of the difference that are left out.
    """

    nodes: tuple[str, ...]
    diff: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class ConfigurationChanges:
    """kinds: the first of them, those of most nodes first. more: how many other kinds there are."""

    kinds: tuple[ConfigurationChange, ...] = ()
    more: int = 0


UNCHANGED = ConfigurationChanges()


def configuration_changes(
    before: Snapshot, after: Snapshot, sides: Sides | None = None, *, most: int = 5
) -> ConfigurationChanges:
    """At most `most` differences. Nodes where the same sessions and announcements come, go or change are one kind."""
    if after.mode is Mode.NATIVE:
        return UNCHANGED
    numbers: dict[object, int] = {}
    told = sides or announced(before, after)
    profiles = before.in_force("BFDProfile") != after.in_force("BFDProfile")
    nodes = (
        sorted({node.name for node in (*before.nodes, *after.nodes)}) if profiles else concerned(before, after, told)
    )
    old, new = (_Side(one, some, numbers) for one, some in zip((before, after), told, strict=True))
    kinds: dict[object, list[str]] = {}
    alike: dict[object, tuple[frozenset[object], frozenset[object]]] = {}
    for node in nodes:
        kind = told[0].kind(node), told[1].kind(node)
        if kind not in alike:
            alike[kind] = _lines(old, new, node)
        gone, come = alike[kind]
        if profiles or gone or come:
            kinds.setdefault((gone, come), []).append(node)
    ordered = sorted(kinds.values(), key=lambda nodes: (-len(nodes), nodes))
    first = {nodes[0] for nodes in ordered[:most]}
    announced_by = _announcements_of(before, after, first) if first else ()
    found = (_difference(before, after, nodes, announced_by) for nodes in ordered[:most])
    return ConfigurationChanges(tuple(each for each in found if each.diff), len(ordered[most:]))


def _announcements_of(before: Snapshot, after: Snapshot, nodes: Container[str]) -> tuple[Announcements, Announcements]:
    """All that these nodes announce, and not only what changes: it decides about numbers in the text, too."""

    def there(snapshot: Snapshot) -> list[Service]:
        return [each for each in snapshot.services if not each.local or any(n in nodes for n in each.endpoint_nodes)]

    def here(snapshot: Snapshot) -> tuple[Node, ...]:
        return tuple(node for node in snapshot.nodes if node.name in nodes)

    old = replace(before, nodes=here(before), services=there(before))
    new = replace(after, nodes=old.nodes if after.nodes is before.nodes else here(after))
    services = old.services if after.services is before.services else there(after)
    return Announcements(old), Announcements(replace(new, services=services))


class _Side:
    """One of both clusters. numbers: of sessions and tables that are equal, in both."""

    def __init__(self, snapshot: Snapshot, announcements: Announcements, numbers: dict[object, int]) -> None:
        self._announcements = announcements
        self._numbers = numbers
        self._tables: dict[int, tuple[Table, int]] = {}
        self._sessions = {peer: self._number(session) for peer, (session, _) in placed(snapshot).items()}

    def told(self, node: str) -> Mapping[Feed, Layers]:
        """What each session of the node announces."""
        return self._announcements.feeds_on(node)

    def session(self, peer: str) -> int | None:
        """The number of a BGPPeer's session, None if it has none."""
        return self._sessions.get(peer)

    def lines(self, feed: Feed, layers: Layers) -> tuple[object, object]:
        """What frr.conf has of a session: itself, and what it announces."""
        return self._sessions[feed.peer], (feed, self._shared(layers.shared), _routes(layers.own))

    def _shared(self, table: Table) -> int:
        if id(table) not in self._tables:
            self._tables[id(table)] = table, self._number(_routes(table))
        return self._tables[id(table)][1]

    def _number(self, value: object) -> int:
        return self._numbers.setdefault(value, len(self._numbers))


def _lines(old: _Side, new: _Side, node: str) -> tuple[frozenset[object], frozenset[object]]:
    """What goes of a node's frr.conf and what comes, but for its name; sessions that stay are not looked into."""
    here, there = old.told(node), new.told(node)

    def stays(feed: Feed) -> bool:
        one, other = here.get(feed), there.get(feed)
        same = one is not None and other is not None and one.shared is other.shared and one.own is other.own
        return same and old.session(feed.peer) == new.session(feed.peer)

    feeds = [feed for feed in {**here, **there} if not stays(feed)]
    gone = {line for feed in feeds if feed in here for line in old.lines(feed, here[feed])}
    come = {line for feed in feeds if feed in there for line in new.lines(feed, there[feed])}
    return frozenset(gone - come), frozenset(come - gone)


def _routes(table: Table) -> frozenset[object]:
    return frozenset((key, found.local_prefs, found.communities) for key, found in table.items())


def _difference(
    before: Snapshot, after: Snapshot, nodes: list[str], announced_by: Sequence[Announcements]
) -> ConfigurationChange:
    node = nodes[0]
    told = zip((before, after), announced_by, strict=True)
    old, new = (frr_config(snapshot, node, announced=each.on(node)).splitlines() for snapshot, each in told)
    name = f"frr.conf of {node}"
    lines = list(unified(old, new, f"{name}, now", f"{name}, then"))
    return ConfigurationChange(tuple(nodes), "\n".join(lines[:_LINES]), max(0, len(lines) - _LINES))
