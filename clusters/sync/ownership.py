"""Who owns which fields of an object (server-side apply), and whose fields an edit may move to us."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clusters.kube.redact import LAST_APPLIED, MASK
from clusters.kube.writing import FIELD_MANAGER
from clusters.paths import keys_of

Fields = dict[str, Any]
# Tools in a person's hand. Managers of writes without apply are named after the client's user agent.
_PERSONS = re.compile(
    r"kubectl.*|oc|mozilla|bridge|lens|openlens|freelens|k9s|headlamp.*|dashboard|kubernetes-dashboard|"
    r"python-requests|python|openapi-generator|curl|postmanruntime|before-first-apply|" + FIELD_MANAGER,
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Manager:
    """An entry of managedFields: who, by Apply or Update, since when, and the version that it was written in."""

    name: str
    operation: str
    time: str
    fields: Fields
    api_version: str = ""


def managers(obj: Mapping[str, Any]) -> list[Manager]:
    """All entries that are not about a subresource."""
    return [
        Manager(
            str(entry.get("manager", "")),
            str(entry.get("operation", "")),
            str(entry.get("time", "")),
            entry.get("fieldsV1") or {},
            str(entry.get("apiVersion", "")),
        )
        for entry in _entries(obj)
        if not entry.get("subresource")
    ]


def foreign_writers(obj: Mapping[str, Any], *, besides: Collection[str] = ()) -> tuple[str, ...]:
    """The managers of the spec, or of something in it, that are neither people's tools nor bgpui.

    besides: fields of the spec, as "f:password", that do not count.
    """
    writing = (one for one in managers(obj) if "f:spec" in one.fields and not is_persons(one.name))
    left = {".", *besides}
    found = (one.name for one in writing if not besides or set(one.fields["f:spec"]) - left)
    return tuple(dict.fromkeys(found))


def older_writers(obj: Mapping[str, Any], api_version: str) -> tuple[tuple[str, str], ...]:
    """Who wrote something of the spec in another version than this one, with the version; the server converts it."""
    found = (
        (one.name, one.api_version)
        for one in managers(obj)
        if "f:spec" in one.fields and one.api_version not in {"", api_version}
    )
    return tuple(dict.fromkeys(found))


def taken_over_from(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """The tools whose fields move to us with the first edit; Review shows them."""
    names = (
        manager.name
        for manager in managers(obj)
        if is_persons(manager.name) and any(_split(manager.fields, _shown(obj), keep=()))
    )
    return tuple(dict.fromkeys(name for name in names if name != FIELD_MANAGER))


def holders(obj: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The others that own a field, given by its path."""
    others = (manager for manager in managers(obj) if manager.name != FIELD_MANAGER)
    return tuple(dict.fromkeys(manager.name for manager in others if holds(manager, path)))


def holds(manager: Manager, path: str) -> bool:
    """Whether a manager owns a field of spec, labels or annotations, or something in it."""
    keys = keys_of(path)
    fields = manager.fields
    for key in keys[: 3 if keys[:1] == ["metadata"] else 2]:
        if not isinstance(fields, dict) or f"f:{key}" not in fields:
            return False
        fields = fields[f"f:{key}"]
    return True


def is_persons(name: str) -> bool:
    """Whether a manager is a tool in a person's hand, or we ourselves."""
    return _PERSONS.fullmatch(name) is not None


def writer_of(before: Mapping[str, Any] | None, after: Mapping[str, Any], paths: Iterable[str]) -> str:
    """Who of the others made these fields be as they are, "" = that is not certain.

    Nobody holds a field that was removed: it was the only one that has written since, if he has left a time.
    """
    others = [manager for manager in managers(after) if manager.name != FIELD_MANAGER]
    paths = tuple(paths)
    if named := [manager for manager in others if any(holds(manager, path) for path in paths)]:
        return max(named, key=lambda manager: manager.time).name
    known = {(one.name, one.operation): one.time for one in managers(before or {})}
    since = {one.name for one in others if one.time > known.get((one.name, one.operation), "")}
    return since.pop() if len(since) == 1 else ""


def handover(
    obj: Mapping[str, Any],
    *,
    with_password: bool,
    everybody: bool = False,
    claimed: Iterable[str] = (),
    now: datetime | None = None,
) -> list[Fields] | None:
    """The JSON patch that makes us the applier of all that people's tools own in spec, labels and annotations.

    everybody: of what any tool owns there, for a take-over. claimed: paths of fields that nobody owns and that shall be
    ours, so that we can let go of them. None if there is nothing to move. Annotations that the door does not show stay
    where they are, and so does `spec.password` but with_password. The patch holds for this resourceVersion only.
    """
    keep, shown = () if with_password else ("f:password",), _shown(obj)
    mine = _claim(claimed)
    rest: list[Fields] = []
    moved = bool(mine)
    for entry in _entries(obj) or [_unmanaged(obj)]:
        manager, fields = str(entry.get("manager", "")), entry.get("fieldsV1") or {}
        ours = manager == FIELD_MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource")
        if ours:
            _merge(mine, fields)
        elif not entry.get("subresource") and (everybody or is_persons(manager)):
            taken, left = _split(fields, shown, keep=keep)
            moved = moved or bool(taken)
            _merge(mine, taken)
            rest += [{**entry, "fieldsV1": left}] if left else []
        else:
            rest.append(dict(entry))
    if not moved:
        return None
    stamp = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = {"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": obj.get("apiVersion"), "time": stamp}
    entries = [entry | {"fieldsType": "FieldsV1", "fieldsV1": mine}, *rest]
    return [*at_version(obj), {"op": "add", "path": "/metadata/managedFields", "value": entries}]


def at_version(obj: Mapping[str, Any]) -> list[Fields]:
    """The part of a JSON patch that refuses it for any other state of the object."""
    return [{"op": "replace", "path": "/metadata/resourceVersion", "value": obj["metadata"]["resourceVersion"]}]


def without_copy(obj: Mapping[str, Any]) -> list[Fields]:
    """The JSON patch that takes away kubectl's copy of what it applied last, if there is one: it repeats the password.

    kubectl writes it anew with the next apply, which removes nothing then that left the manifest meanwhile.
    """
    copy_of = f"f:{LAST_APPLIED}"
    held = (entry.get("fieldsV1", {}).get("f:metadata", {}).get("f:annotations", {}) for entry in _entries(obj))
    if not any(copy_of in named for named in held):
        return []
    path = f"/metadata/annotations/{LAST_APPLIED.replace('/', '~1')}"
    return [{"op": "add", "path": path, "value": ""}, {"op": "remove", "path": path}]  # there or not


def _entries(obj: Mapping[str, Any]) -> list[Fields]:
    entries = (obj.get("metadata") or {}).get("managedFields")
    return [entry for entry in entries or () if isinstance(entry, dict)]


def _shown(obj: Mapping[str, Any]) -> frozenset[str]:
    """The annotations that the door lets through; who took others over without knowing them would delete them."""
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return frozenset(f"f:{name}" for name, value in annotations.items() if value != MASK)


def _split(fields: Fields, shown: Collection[str], *, keep: Iterable[str]) -> tuple[Fields, Fields]:
    """The part of a field set that we write, and the rest: finalizers, owners, what shall stay where it is."""
    taken: Fields = {}
    left = copy.deepcopy(fields)
    spec = left.pop("f:spec", None)
    if spec is not None:
        kept = {name: spec.pop(name) for name in keep if name in spec}
        taken |= {"f:spec": spec} if spec or not kept else {}
        left |= {"f:spec": kept} if kept else {}
    metadata = left.get("f:metadata", {})
    for room in ("f:labels", "f:annotations"):
        named = metadata.pop(room, None)
        if named is None:
            continue
        hidden = set(named) - {*shown, "."} if room == "f:annotations" else ()
        stays = {name: named.pop(name) for name in hidden}
        if set(named) - {"."}:
            taken.setdefault("f:metadata", {})[room] = named
        elif named:
            stays = {**named, **stays}
        metadata |= {room: stays} if stays else {}
    if not metadata:
        left.pop("f:metadata", None)
    return taken, left


def _merge(into: Fields, fields: Fields) -> None:
    for name, inner in fields.items():
        _merge(into.setdefault(name, {}), inner if isinstance(inner, dict) else {})


def _claim(paths: Iterable[str]) -> Fields:
    found: Fields = {}
    for path in paths:
        inner: Fields = {}
        for key in reversed(keys_of(path)):
            inner = {f"f:{key}": inner}
        _merge(found, inner)
    return found


def _unmanaged(obj: Mapping[str, Any]) -> Fields:
    """What the API server would write for an object without managedFields."""
    metadata = obj.get("metadata") or {}
    rooms: Fields = {
        f"f:{name}": {f"f:{key}": {} for key in metadata[name]}
        for name in ("labels", "annotations")
        if metadata.get(name)
    }
    fields = {"f:spec": _tree(obj.get("spec") or {})} | ({"f:metadata": rooms} if rooms else {})
    identity = {"manager": "before-first-apply", "operation": "Update", "apiVersion": obj.get("apiVersion")}
    return identity | {"fieldsType": "FieldsV1", "fieldsV1": fields}


def _tree(value: Mapping[str, Any]) -> Fields:
    return {f"f:{name}": _tree(inner) if isinstance(inner, Mapping) else {} for name, inner in value.items()}
