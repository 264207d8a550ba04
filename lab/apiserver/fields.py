"""Sets of field paths as `managedFields` writes them (FieldsV1), and the walks over objects that apply needs.

A path is a tuple of FieldsV1 elements: `f:name` for a field or map key, `k:{...}` for an item of a list keyed by some
of its fields, `v:...` for a member of a set. Atomic values (scalars, lists without a type, maps declared atomic) end a
path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from lab.apiserver.resources import Schema
from lab.apiserver.schema import child

Path = tuple[str, ...]
Paths = set[Path]

ABSENT: Final = object()
_NO_SCHEMA: Schema = {}
_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(paths: Paths) -> dict[str, Any]:
    """The FieldsV1 tree of a set of paths."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _without_leaf_marks(root)


def _without_leaf_marks(node: dict[str, Any]) -> dict[str, Any]:
    if set(node) == {"."}:
        return {}
    return {name: _without_leaf_marks(inner) if name != "." else {} for name, inner in node.items()}


def decode(tree: Mapping[str, Any], path: Path = ()) -> Paths:
    """The set of paths of a FieldsV1 tree. Raises ValueError for what is no such tree."""
    paths: Paths = set()
    for element, inner in tree.items():
        if not isinstance(inner, Mapping):
            raise ValueError(f"{element} is not a field set")  # noqa: TRY004 - the data is wrong, not the call
        if element == ".":
            paths.add(path)
        elif element[:2] not in ("f:", "k:", "v:", "i:"):
            raise ValueError(f"{element} is no path element")
        elif inner:
            paths |= decode(inner, (*path, element))
        else:
            paths.add((*path, element))
    return paths


def text(path: Path) -> str:
    """`.spec.containers[name="frr"].image`: how messages show a path."""
    parts = []
    for element in path:
        mark, rest = element[:2], element[2:]
        if mark == "f:":
            parts.append(f".{rest}")
        elif mark == "k:":
            keys = msgspec.json.decode(rest)
            parts.append("[" + ",".join(f"{name}={_json(value)}" for name, value in sorted(keys.items())) + "]")
        else:
            parts.append(f"[={rest}]" if mark == "v:" else f"[{rest}]")
    return "".join(parts)


def _json(value: Any) -> str:
    return _ENCODER.encode(value).decode()


@dataclass(frozen=True, slots=True)
class Member:
    """One field, map entry or list item of a value that is merged piece by piece."""

    element: str
    value: Any
    schema: Schema
    is_declared: bool
    """A field that the schema names: it is owned through what is inside it, not as such."""


def is_atomic(value: Any, schema: Schema) -> bool:
    """Owned and replaced as a whole."""
    if isinstance(value, dict):
        return schema.get("x-kubernetes-map-type") == "atomic"
    return not (isinstance(value, list) and schema.get("x-kubernetes-list-type") in ("map", "set"))


def members(value: Any, schema: Schema) -> Iterator[Member]:
    """The pieces of a value that is not atomic."""
    if isinstance(value, dict):
        declared = schema.get("properties") or {}
        for name, inner in value.items():
            yield Member(f"f:{name}", inner, child(schema, name), name in declared)
    elif isinstance(value, list):
        items = schema.get("items", _NO_SCHEMA)
        for item in value:
            yield Member(list_element(item, schema), item, items, is_declared=False)


def list_element(item: Any, schema: Schema) -> str:
    """The element that names an item of a list of type map or set."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(item, dict):
        return f"v:{_json(item)}"
    items = schema.get("items", _NO_SCHEMA)
    keys = {key: item.get(key, child(items, key).get("default")) for key in schema["x-kubernetes-list-map-keys"]}
    return f"k:{_json({key: value for key, value in keys.items() if value is not None})}"


def paths_of(value: Any, schema: Schema, path: Path = ()) -> Paths:
    """What somebody who applies `value` owns."""
    if is_atomic(value, schema):
        return {path}
    paths: Paths = set()
    for member in members(value, schema):
        where = (*path, member.element)
        paths |= paths_of(member.value, member.schema, where)
        if member.value in ({}, []) or not member.is_declared:
            paths.add(where)
    return paths


@dataclass(slots=True)
class Difference:
    """Paths that differ between two values."""

    added: Paths = field(default_factory=set)
    changed: Paths = field(default_factory=set)
    removed: Paths = field(default_factory=set)

    @property
    def written(self) -> Paths:
        return self.added | self.changed


def compare(old: Any, new: Any, schema: Schema) -> Difference:
    """What changed from `old` to `new`; ABSENT stands for no value."""
    difference = Difference()
    _compare(old, new, schema, (), difference)
    return difference


def _compare(old: Any, new: Any, schema: Schema, path: Path, difference: Difference) -> None:
    if old is not ABSENT and new is not ABSENT and old == new:
        return
    if path and old is ABSENT:
        difference.added.add(path)
    elif path and new is ABSENT:
        difference.removed.add(path)
    pieces = [value for value in (old, new) if value is not ABSENT]
    same_shape = len({type(value) for value in pieces}) == 1
    if not same_shape or any(is_atomic(value, schema) for value in pieces):
        if len(pieces) == 2:
            difference.changed.add(path)
        return
    before = {m.element: m for m in members(old, schema)} if old is not ABSENT else {}
    after = {m.element: m for m in members(new, schema)} if new is not ABSENT else {}
    for element in before | after:
        left, right = before.get(element), after.get(element)
        known = (right or left).schema  # type: ignore[union-attr]
        values = (left.value if left else ABSENT, right.value if right else ABSENT)
        _compare(*values, known, (*path, element), difference)


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """`applied` laid over `live`; what it does not name stays."""
    if live is ABSENT or type(live) is not type(applied) or is_atomic(applied, schema):
        return applied
    if isinstance(applied, dict):
        merged = {name: merge(live.get(name, ABSENT), value, child(schema, name)) for name, value in applied.items()}
        return live | merged
    items = schema.get("items", _NO_SCHEMA)
    result = {list_element(item, schema): item for item in live}
    for item in applied:
        element = list_element(item, schema)
        result[element] = merge(result.get(element, ABSENT), item, items)
    return list(result.values())


def without(value: Any, schema: Schema, gone: Paths, held: Paths, path: Path = ()) -> Any:
    """`value` less the paths in `gone`. A container that becomes empty goes too, unless its path is `held`.

    ABSENT if nothing is left.
    """
    if path in gone and is_atomic(value, schema):
        return ABSENT
    if is_atomic(value, schema):
        return value
    left = []
    for member in members(value, schema):
        kept = without(member.value, member.schema, gone, held, (*path, member.element))
        if kept is not ABSENT:
            left.append((member.element, kept))
    emptied = not left and (bool(value) or path in gone)
    if path and path not in held and (emptied or (path in gone and _only_keys_left(path, left))):
        return ABSENT
    if isinstance(value, dict):
        return {element[2:]: kept for element, kept in left}
    return [kept for _element, kept in left]


def _only_keys_left(path: Path, left: list[tuple[str, Any]]) -> bool:
    """A keyed list item of which only its key fields remain."""
    return path[-1].startswith("k:") and {element[2:] for element, _kept in left} <= set(
        msgspec.json.decode(path[-1][2:])
    )
