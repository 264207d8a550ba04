"""What a change does to the text of frr.conf, by the nodes where it is the same."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from intent.affected import Sides, announced, concerned
from intent.announcements import Announcements
from intent.announcements.groups import Table
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
    for node in nodes:
        one, other = old.lines(node), new.lines(node)
        if profiles or one != other:
            kinds.setdefault((one - other, other - one), []).append(node)
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
        self._lines: dict[object, frozenset[object]] = {}
        self._sessions = {peer: self._number(session) for peer, (session, _) in placed(snapshot).items()}

    def lines(self, node: str) -> frozenset[object]:
        """What a node's frr.conf is made of but for the node's name: its sessions, and what each announces."""
        kind = self._announcements.kind(node)
        if kind not in self._lines:
            feeds = self._announcements.feeds_on(node)
            own = {id(layers.own): layers.own for layers in feeds.values()}
            told = {number: _routes(table) for number, table in own.items()}
            routes = ((feed, self._shared(layers.shared), told[id(layers.own)]) for feed, layers in feeds.items())
            self._lines[kind] = frozenset((*(self._sessions[feed.peer] for feed in feeds), *routes))
        return self._lines[kind]

    def _shared(self, table: Table) -> int:
        if id(table) not in self._tables:
            self._tables[id(table)] = table, self._number(_routes(table))
        return self._tables[id(table)][1]

    def _number(self, value: object) -> int:
        return self._numbers.setdefault(value, len(self._numbers))


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
