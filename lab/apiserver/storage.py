"""Objects in memory: one table a resource type, one resourceVersion counter, a bounded event history for watches."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from lab.apiserver.conversion import converted
from lab.apiserver.resources import Key, Manifest, Registry, Resource

HISTORY = 20_000
"""Events kept per resource type; an older resourceVersion is answered with 410."""
EventType = Literal["ADDED", "MODIFIED", "DELETED"]
_encode = msgspec.json.Encoder().encode


class Entry:
    """One version of one object, and its JSON once somebody asked for it."""

    __slots__ = ("_raw", "_views", "manifest", "version")

    def __init__(self, manifest: Manifest, version: int) -> None:
        self.manifest, self.version = manifest, version
        self._raw: bytes | None = None
        self._views: dict[str, Entry] | None = None

    @property
    def raw(self) -> bytes:
        if self._raw is None:
            self._raw = _encode(self.manifest)
        return self._raw

    def view(self, resource: Resource) -> Entry:
        """This object in the version that `resource` serves."""
        if resource.is_stored:
            return self
        if self._views is None:
            self._views = {}
        if resource.version not in self._views:
            self._views[resource.version] = Entry(converted(self.manifest, resource), self.version)
        return self._views[resource.version]


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `old` is the entry before it, None for ADDED; `new` is the last state for DELETED."""

    type: EventType
    resource: Resource
    key: Key
    new: Entry
    old: Entry | None


Listener = Callable[[Event], None]


@dataclass(slots=True)
class Table:
    """The objects of one resource type."""

    entries: dict[Key, Entry] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)
    """Sorted, so that a namespace is a slice and a continue token a position."""
    history: deque[Event] = field(default_factory=deque)
    floor: int = 0
    """The oldest resourceVersion from which a watch can still go on."""
    listeners: dict[object, Listener] = field(default_factory=dict)

    def range(self, namespace: str | None, after: Key | None = None) -> list[Key]:
        """Sorted keys of one namespace (None: all), behind `after`."""
        first, last = 0, len(self.keys)
        if namespace is not None:
            first, last = bisect_left(self.keys, (namespace, "")), bisect_left(self.keys, (namespace + "\0", ""))
        if after is not None:
            first = max(first, bisect_left(self.keys, (after[0], after[1] + "\0")))
        return self.keys[first:last]

    def since(self, version: int) -> list[Event]:
        """Events after a resourceVersion, oldest first."""
        missed = []
        for event in reversed(self.history):
            if event.new.version <= version:
                break
            missed.append(event)
        return missed[::-1]

    def at(self, version: int) -> Table:
        """The table as it was at a resourceVersion that is not below the floor."""
        missed = self.since(version)
        if not missed:
            return self
        entries = dict(self.entries)
        for event in reversed(missed):
            if event.old is None:
                entries.pop(event.key, None)
            else:
                entries[event.key] = event.old
        return Table(entries, sorted(entries))


class Storage:
    """All tables. Every write goes through `put` or `remove`, which number it and tell the listeners."""

    def __init__(self, registry: Registry, version: int = 100) -> None:
        self.registry = registry
        self.version = version
        """The newest resourceVersion."""
        self._tables: dict[tuple[str, str], Table] = {}
        self._floor = version
        self._dependents: dict[str, set[tuple[str, str, Key]]] = {}
        self.listeners: dict[object, Listener] = {}
        """Told of every change of every type."""

    def table(self, resource: Resource) -> Table:
        table = self._tables.get((resource.group, resource.plural))
        if table is None:
            table = self._tables[resource.group, resource.plural] = Table(floor=self._floor)
        return table

    def entry(self, resource: Resource, key: Key) -> Entry | None:
        return self.table(resource).entries.get(key)

    def entries(self) -> Iterator[Entry]:
        """Every object there is, definitions first so that their types are known before their objects."""
        tables = sorted(self._tables.items(), key=lambda item: item[0][1] != "customresourcedefinitions")
        for _identity, table in tables:
            yield from table.entries.values()

    def put(self, resource: Resource, key: Key, manifest: Manifest) -> Entry:
        """Store a new version of an object; the manifest belongs to the storage from now on."""
        table, old = self.table(resource), self.entry(resource, key)
        self.version += 1
        manifest["metadata"]["resourceVersion"] = str(self.version)
        new = Entry(manifest, self.version)
        if old is None:
            insort(table.keys, key)
        self._index(resource, key, old, new)
        table.entries[key] = new
        self._tell(table, Event("MODIFIED" if old else "ADDED", self.registry.stored(resource), key, new, old))
        return new

    def remove(self, resource: Resource, key: Key) -> Entry:
        """Drop an object; the entry is its last state with the resourceVersion of the deletion."""
        table = self.table(resource)
        old = table.entries.pop(key)
        del table.keys[bisect_left(table.keys, key)]
        self.version += 1
        metadata = old.manifest["metadata"] | {"resourceVersion": str(self.version)}
        last = Entry(old.manifest | {"metadata": metadata}, self.version)
        self._index(resource, key, old, None)
        self._tell(table, Event("DELETED", self.registry.stored(resource), key, last, old))
        return last

    def load(self, resource: Resource, key: Key, manifest: Manifest) -> None:
        """Put back an object of an earlier run as it was, without an event."""
        table = self.table(resource)
        entry = Entry(manifest, int(manifest["metadata"]["resourceVersion"]))
        insort(table.keys, key)
        table.entries[key] = entry
        self._index(resource, key, None, entry)

    def restart_at(self, version: int) -> None:
        """Go on counting from here; watches from before are too old."""
        self.version = self._floor = version
        for table in self._tables.values():
            table.floor = version

    def dependents(self, uid: str) -> list[tuple[Resource, Key]]:
        """Objects with an ownerReference to this uid."""
        found = sorted(self._dependents.get(uid, ()))
        return [(self.registry.find(f"{plural}.{group}"), key) for group, plural, key in found]

    def _index(self, resource: Resource, key: Key, old: Entry | None, new: Entry | None) -> None:
        identity = (resource.group, resource.plural, key)
        for entry, is_new in ((old, False), (new, True)):
            for owner in (entry.manifest["metadata"].get("ownerReferences") or ()) if entry else ():
                uid = owner.get("uid", "")
                if is_new:
                    self._dependents.setdefault(uid, set()).add(identity)
                else:
                    self._dependents.get(uid, set()).discard(identity)

    def _tell(self, table: Table, event: Event) -> None:
        table.history.append(event)
        while len(table.history) > HISTORY:
            table.floor = table.history.popleft().new.version
        for listener in [*table.listeners.values(), *self.listeners.values()]:
            listener(event)
