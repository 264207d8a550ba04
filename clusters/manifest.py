"""Objects as people write them, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.kube.redact import INLINE_PASSWORD, LAST_APPLIED, MASK, same_password
from clusters.paths import keys_of, under
from intent.kinds import Kind
from intent.kinds.field import same as same_value

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field that differs. path: as `clusters.paths` writes it; None = not set.

    An inline password is the path "spec.password" with the texts `set` and `another one` for values.
    """

    path: str
    before: Any
    after: Any


def plain(obj: Mapping[str, Any] | None) -> Object | None:
    """The object without what the server sets, status and what is masked: as one would write it into a file."""
    if obj is None:
        return None
    metadata = obj.get("metadata") or {}
    kept = {name: metadata[name] for name in ("name", "namespace") if metadata.get(name)}
    for name in ("labels", "annotations"):
        given = (metadata.get(name) or {}).items()
        values = {key: value for key, value in given if key != LAST_APPLIED and value != MASK}
        kept |= {name: values} if values else {}
    return {
        "apiVersion": obj.get("apiVersion", ""),
        "kind": obj.get("kind", ""),
        "metadata": kept,
        "spec": dict(obj.get("spec") or {}),
    }


def differences(kind: Kind, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[FieldDiff, ...]:
    """The fields of spec, labels and annotations that Kubernetes would call different, in the order of the kind."""
    old, new = plain(before) or {}, plain(after) or {}
    one, other = kind.canonical(old.get("spec", {})), kind.canonical(new.get("spec", {}))
    order = {field.name: index for index, field in enumerate(kind.fields)}
    found = sorted(_walk("spec", one, other), key=lambda diff: order.get(keys_of(diff.path)[1], len(order)))
    for name in ("labels", "annotations"):
        lists = old.get("metadata", {}).get(name, {}), new.get("metadata", {}).get(name, {})
        found.extend(_walk(f"metadata.{name}", *lists, deep=False))
    marks = _mark(before), _mark(after)
    if not same_password(*marks):
        found.append(FieldDiff("spec.password", "set" if marks[0] else None, _after(*marks)))
    return tuple(found)


def own_differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[FieldDiff, ...]:
    """The fields of spec that differ, of what has no kind: entries about bgpui itself."""
    return tuple(_walk("spec", (before or {}).get("spec") or {}, (after or {}).get("spec") or {}, deep=False))


def same(kind: Kind, one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Whether both exist and say the same, or neither exists."""
    if one is None or other is None:
        return one is other
    return not differences(kind, one, other)


def has_inline_password(obj: Mapping[str, Any] | None) -> bool:
    """Whether an object, stripped at the door, carries an inline password."""
    return bool(_mark(obj))


def _walk(path: str, one: Mapping[str, Any], other: Mapping[str, Any], *, deep: bool = True) -> Iterator[FieldDiff]:
    for name in dict.fromkeys((*one, *other)):
        before, after = one.get(name), other.get(name)
        if deep and isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _walk(under(path, name), before, after)
        elif not (same_value(before, after) and (name in one) == (name in other)):
            yield FieldDiff(under(path, name), before, after)


def _mark(obj: Mapping[str, Any] | None) -> str:
    return str((obj or {}).get(INLINE_PASSWORD) or "")


def _after(before: str, after: str) -> str | None:
    if not after:
        return None
    return "another one" if before else "set"


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> Object:
    """The JSON merge patch (RFC 7386) from one object's spec, labels and annotations to another's."""
    old, new = plain(before) or {}, plain(after) or {}
    rooms = {
        name: _patch(old["metadata"].get(name, {}), new["metadata"].get(name, {})) for name in ("labels", "annotations")
    }
    metadata = {name: patch for name, patch in rooms.items() if patch}
    spec = _patch(old["spec"], new["spec"])
    return ({"metadata": metadata} if metadata else {}) | ({"spec": spec} if spec else {})


def _patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> Object:
    patch: Object = {name: None for name in old if name not in new}
    for name, value in new.items():
        inner = old.get(name)
        if isinstance(value, Mapping) and isinstance(inner, Mapping):
            patch |= {name: nested} if (nested := _patch(inner, value)) else {}
        elif not (name in old and same_value(inner, value)):
            patch[name] = value
    return patch
