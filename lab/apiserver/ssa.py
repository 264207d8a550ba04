"""Server-side apply and the tracking of who wrote which field (`metadata.managedFields`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.apiserver import fields, last_applied
from lab.apiserver.errors import ApiError
from lab.apiserver.fields import ABSENT, Path, Paths
from lab.apiserver.resources import Manifest, Schema

_SYSTEM: frozenset[Path] = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in ("name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields",
                     "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds")
    }
)  # fmt: skip
_BEFORE_FIRST_APPLY = "before-first-apply"

Identity = tuple[str, str, str, str]
"""(manager, operation, subresource, apiVersion of an Update): appliers keep their identity over versions."""
_Clashes = list[tuple[Identity, Path]]


@dataclass(slots=True)
class Owned:
    """The fields of one manager."""

    paths: Paths
    api_version: str
    time: str


@dataclass(slots=True)
class Managers:
    """Who owns what in one object."""

    owned: dict[Identity, Owned] = field(default_factory=dict)

    @classmethod
    def read(cls, entries: Sequence[Any] | None) -> Managers:
        """From `metadata.managedFields`. Raises ValueError if it is not such a list."""
        managers = cls()
        for entry in entries or ():
            if not isinstance(entry, dict) or entry.get("operation") not in ("Apply", "Update"):
                raise ValueError("managedFields holds an entry without operation")
            identity = _identity(
                entry["operation"], entry.get("manager", ""), entry.get("subresource", ""), entry["apiVersion"]
            )
            paths = fields.decode(entry.get("fieldsV1") or {})
            managers.owned[identity] = Owned(paths, entry["apiVersion"], entry.get("time", ""))
        return managers

    def entries(self) -> list[Manifest]:
        """As `metadata.managedFields`, oldest first, appliers before others."""
        order = sorted(self.owned.items(), key=lambda item: (item[0][1], item[1].time, item[0][0]))
        return [_entry(identity, owned) for identity, owned in order if owned.paths]

    def conflicts(self, me: Identity, written: Paths) -> _Clashes:
        """Paths in `written` that others own."""
        return [(who, path) for who, owned in self.owned.items() if who != me for path in sorted(owned.paths & written)]

    def take(self, paths: Paths, me: Identity) -> None:
        """Nobody but `me` owns these any more."""
        for who, owned in self.owned.items():
            if who != me:
                owned.paths -= paths

    def others(self, me: Identity) -> Paths:
        return set().union(*(owned.paths for who, owned in self.owned.items() if who != me))

    def give(self, me: Identity, paths: Paths, api_version: str, now: str) -> None:
        """`me` owns exactly `paths`; the time moves only when they change."""
        before = self.owned.get(me)
        if not paths:
            self.owned.pop(me, None)
        elif before is None or before.paths != paths or before.api_version != api_version:
            self.owned[me] = Owned(paths, api_version, now)


def _identity(operation: str, manager: str, subresource: str, api_version: str) -> Identity:
    return manager, operation, subresource, api_version if operation == "Update" else ""


def _entry(identity: Identity, owned: Owned) -> Manifest:
    manager, operation, subresource, _api_version = identity
    entry = {
        "manager": manager,
        "operation": operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields.encode(owned.paths),
    }
    return entry | ({"subresource": subresource} if subresource else {})


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, through which subresource, in which version, and when (RFC 3339)."""

    manager: str
    api_version: str
    now: str
    subresource: str = ""

    def identity(self, operation: str) -> Identity:
        return _identity(operation, self.manager, self.subresource, self.api_version)


def track_update(old: Manifest | None, new: Manifest, schema: Schema, author: Author) -> None:
    """Set `managedFields` of `new` in place after a write that was no apply.

    An empty first entry clears them, a readable list replaces them, anything else keeps the old ones. Writes through a
    subresource cannot change them by hand.
    """
    managers = _managers_for_update(old, new, author)
    base = old if old is not None else {"metadata": {}}
    difference = fields.compare(_unmanaged(base), _unmanaged(new), schema)
    written, me = difference.written - _SYSTEM, author.identity("Update")
    managers.take(written, me)
    for owned in managers.owned.values():
        owned.paths -= difference.removed
    mine = managers.owned[me].paths if me in managers.owned else set()
    managers.give(me, mine | written, author.api_version, author.now)
    _set_entries(new, managers)


def _managers_for_update(old: Manifest | None, new: Manifest, author: Author) -> Managers:
    given, live = new["metadata"].get("managedFields"), (old or {}).get("metadata", {}).get("managedFields")
    if given == [{}] and not author.subresource:
        return Managers()
    try:
        if given and not author.subresource:
            return Managers.read(given)
    except (ValueError, KeyError, TypeError):
        pass  # a client that does not understand managedFields must not wipe them out
    return Managers.read(live)


def apply(live: Manifest | None, applied: Manifest, schema: Schema, author: Author, *, force: bool) -> Manifest:
    """The object after `applied` went over `live`, managedFields included. Raises ApiError 409 on a conflict."""
    managers = Managers.read((live or {}).get("metadata", {}).get("managedFields"))
    me = author.identity("Apply")
    if live is not None and not managers.owned:
        before = Owned(fields.paths_of(_unmanaged(live), schema) - _SYSTEM, author.api_version, author.now)
        managers.owned[_identity("Update", _BEFORE_FIRST_APPLY, "", author.api_version)] = before
    base = _unmanaged(live) if live is not None else {"metadata": {}}
    wanted = _unmanaged(applied)
    mine = fields.paths_of(wanted, schema) - _SYSTEM
    merged = fields.merge(base, wanted, schema)
    changed = fields.compare(base, merged, schema).written
    clashes = managers.conflicts(me, changed)
    if clashes and not force:
        refused = _refused(clashes, live, schema, author)
        if refused:
            raise _conflict(refused, managers)
    managers.take({path for _who, path in clashes}, me)
    given_up = (managers.owned[me].paths if me in managers.owned else set()) - mine
    result = _less(merged, schema, given_up, mine | managers.others(me))
    removed = fields.compare(merged, result, schema).removed
    for owned in managers.owned.values():
        owned.paths -= removed
    managers.give(me, mine, author.api_version, author.now)
    _set_entries(result, managers)
    if author.manager == last_applied.MANAGER:
        last_applied.renew(live, applied, result)
    return result


def _refused(clashes: _Clashes, live: Manifest | None, schema: Schema, author: Author) -> _Clashes:
    """The conflicts that stand: all of them, unless kubectl goes on from its own client-side apply."""
    if author.manager != last_applied.MANAGER or live is None:
        return clashes
    takeable = last_applied.takeable(_unmanaged(live), schema)
    return [(who, path) for who, path in clashes if path not in takeable]


def _less(merged: Manifest, schema: Schema, given_up: Paths, held: Paths) -> Manifest:
    if not given_up - held:
        return merged
    kept = fields.without(merged, schema, given_up - held, held)
    return {"metadata": {}} | kept if kept is not ABSENT else {"metadata": {}}


def _unmanaged(manifest: Manifest) -> Manifest:
    metadata = {name: value for name, value in manifest.get("metadata", {}).items() if name != "managedFields"}
    return manifest | {"metadata": metadata}


def _set_entries(manifest: Manifest, managers: Managers) -> None:
    entries = managers.entries()
    if entries:
        manifest["metadata"]["managedFields"] = entries
    else:
        manifest["metadata"].pop("managedFields", None)


def _conflict(clashes: _Clashes, managers: Managers) -> ApiError:
    by_manager: dict[str, list[str]] = {}
    causes = []
    for who, path in clashes:
        name, shown = _named(who, managers), fields.text(path)
        by_manager.setdefault(name, []).append(shown)
        causes.append({"reason": "FieldManagerConflict", "message": f"conflict with {name}", "field": shown})
    if len(clashes) == 1:
        words = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        lines = [
            line
            for name in sorted(by_manager)
            for line in (f"conflicts with {name}:", *(f"- {p}" for p in by_manager[name]))
        ]
        words = f"Apply failed with {len(clashes)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", words, {"causes": causes})


def _named(identity: Identity, managers: Managers) -> str:
    manager, operation, subresource, _api_version = identity
    name = f'"{manager}"' + (f' with subresource "{subresource}"' if subresource else "")
    return f"{name} using {managers.owned[identity].api_version}" if operation == "Update" else name
