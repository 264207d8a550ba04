"""Structural schemas: pruning of unknown fields, defaults, validation (apiextensions-apiserver's words)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from lab.apiserver import cel
from lab.apiserver.errors import DUPLICATE, INVALID, REQUIRED, TOO_LONG, TOO_MANY, UNSUPPORTED, FieldError
from lab.apiserver.resources import Schema

_ROOT_FIELDS = frozenset({"apiVersion", "kind", "metadata"})
_NO_SCHEMA: Schema = {}
_EMPTY: Mapping[str, Any] = {}
_UNCHECKED = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation"
)
_TYPE_FAULT = "FieldValueTypeInvalid"


def copy(value: Any) -> Any:
    """A deep copy of JSON data."""
    return msgspec.json.decode(msgspec.json.encode(value))


def child(schema: Schema, name: str) -> Schema:
    """The schema of a property or map value; empty when nothing is known about it."""
    found = (schema.get("properties") or _EMPTY).get(name)
    if found is None:
        found = schema.get("additionalProperties")
    return found if isinstance(found, dict) else _NO_SCHEMA


def prune(value: Any, schema: Schema, path: str = "", *, root: bool = True) -> list[str]:
    """Drop in place what the schema does not know; the paths of what went."""
    if isinstance(value, list):
        items = schema.get("items", _NO_SCHEMA)
        return [gone for i, item in enumerate(value) for gone in prune(item, items, f"{path}[{i}]", root=False)]
    if not isinstance(value, dict) or schema.get("type", "object") != "object" or not schema:
        return []
    known = schema.get("properties") or _EMPTY
    keeps = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("additionalProperties")
    gone = []
    for name in list(value):
        where = f"{path}.{name}" if path else name
        if root and name in _ROOT_FIELDS:
            continue
        if name in known or keeps:
            gone += prune(value[name], child(schema, name), where, root=False)
        else:
            del value[name]
            gone.append(where)
    return gone


def default(value: Any, schema: Schema) -> None:
    """Fill in, in place, what the schema defaults. A null counts as absent where the schema does not allow it."""
    if isinstance(value, dict):
        for name in [name for name, inner in value.items() if inner is None and _forbids_null(child(schema, name))]:
            del value[name]
        for name, known in (schema.get("properties") or _EMPTY).items():
            if "default" in known and name not in value:
                value[name] = copy(known["default"])
        for name, inner in value.items():
            if isinstance(inner, (dict, list)):
                default(inner, child(schema, name))
    elif isinstance(value, list):
        for item in value:
            default(item, schema.get("items", _NO_SCHEMA))


def _forbids_null(schema: Schema) -> bool:
    return bool(schema) and not schema.get("nullable")


def validate(value: Any, schema: Schema, old: Any = cel.ABSENT, *, has_rules: bool = True) -> list[FieldError]:
    """Every broken rule of an object. `old` is the object before an update: what did not change is not judged again.

    has_rules: the schema carries CEL rules.
    """
    errors = list(_faults(value, schema, "", old))
    if not has_rules:
        return errors
    if any(error.blocking for error in errors):
        return [*errors, FieldError(INVALID, "<nil>", _UNCHECKED, None)]
    return errors + list(_rule_faults(value, schema, "", old))


def _faults(value: Any, schema: Schema, path: str, old: Any) -> Iterator[FieldError]:
    if not schema or (old is not cel.ABSENT and value == old):
        return
    wrong = _type_fault(value, schema, path)
    if wrong:
        yield wrong
        return
    if schema.get("enum") is not None and value not in schema["enum"]:
        supported = ", ".join(f'"{choice}"' for choice in schema["enum"])
        yield FieldError(UNSUPPORTED, path, f"supported values: {supported}", value, blocking=True)
    if isinstance(value, str):
        yield from _string_faults(value, schema, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number_faults(value, schema, path)
    elif isinstance(value, list):
        yield from _list_faults(value, schema, path)
    elif isinstance(value, dict):
        yield from _object_faults(value, schema, path, old)


def _type_fault(value: Any, schema: Schema, path: str) -> FieldError | None:
    actual = _type_of(value)
    if value is None and schema.get("nullable"):
        return None
    if schema.get("x-kubernetes-int-or-string"):
        wanted, fits = "integer or string", actual in ("integer", "string")
    else:
        wanted = schema.get("type", "")
        fits = not wanted or actual == wanted or (wanted == "number" and actual == "integer")
    if fits:
        return None
    words = f'{path} in body must be of type {wanted}: "{actual}"'
    return FieldError(INVALID, path, words, actual, reason=_TYPE_FAULT, blocking=True)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _string_faults(value: str, schema: Schema, path: str) -> Iterator[FieldError]:
    if len(value) < schema.get("minLength", 0):
        yield FieldError(INVALID, path, f"{path} in body should be at least {schema['minLength']} chars long", value)
    if len(value) > schema.get("maxLength", len(value)):
        yield FieldError(TOO_LONG, path, f"may not be more than {schema['maxLength']} bytes", value, blocking=True)
    pattern = schema.get("pattern")
    if pattern and not _compiled(pattern).search(value):
        yield FieldError(INVALID, path, f"{path} in body should match '{pattern}'", value)


def _number_faults(value: float, schema: Schema, path: str) -> Iterator[FieldError]:
    if value < schema.get("minimum", value):
        yield FieldError(INVALID, path, f"{path} in body should be greater than or equal to {schema['minimum']}", value)
    if value > schema.get("maximum", value):
        yield FieldError(INVALID, path, f"{path} in body should be less than or equal to {schema['maximum']}", value)
    if schema.get("multipleOf") and value % schema["multipleOf"]:
        yield FieldError(INVALID, path, f"{path} in body should be a multiple of {schema['multipleOf']}", value)


def _list_faults(value: list[Any], schema: Schema, path: str) -> Iterator[FieldError]:
    if len(value) < schema.get("minItems", 0):
        yield FieldError(INVALID, path, f"{path} in body should have at least {schema['minItems']} items", len(value))
    if len(value) > schema.get("maxItems", len(value)):
        yield FieldError(TOO_MANY, path, f"must have at most {schema['maxItems']} items", len(value), blocking=True)
    seen = set()
    for i, item in enumerate(value):
        yield from _faults(item, schema.get("items", _NO_SCHEMA), f"{path}[{i}]", cel.ABSENT)
        identity = _identity(item, schema)
        if identity and identity in seen:
            yield FieldError(DUPLICATE, f"{path}[{i}]", value=msgspec.json.decode(identity))
        seen.add(identity)


def _identity(item: Any, schema: Schema) -> bytes:
    """What makes an item unique in a list of type set or map; empty for other lists."""
    kind = schema.get("x-kubernetes-list-type")
    if kind == "map" and isinstance(item, dict):
        return msgspec.json.encode({key: item.get(key) for key in schema["x-kubernetes-list-map-keys"]})
    return msgspec.json.encode(item) if kind == "set" else b""


def _object_faults(value: dict[str, Any], schema: Schema, path: str, old: Any) -> Iterator[FieldError]:
    for name in schema.get("required", ()):
        if name not in value:
            yield FieldError(REQUIRED, f"{path}.{name}" if path else name, blocking=True)
    if len(value) > schema.get("maxProperties", len(value)):
        yield FieldError(
            TOO_MANY, path, f"must have at most {schema['maxProperties']} items", len(value), blocking=True
        )
    if len(value) < schema.get("minProperties", 0):
        words = f"{path} in body should have at least {schema['minProperties']} properties"
        yield FieldError(INVALID, path, words, len(value))
    for name, inner in value.items():
        before = old.get(name, cel.ABSENT) if isinstance(old, dict) else cel.ABSENT
        yield from _faults(inner, child(schema, name), f"{path}.{name}" if path else name, before)


def _rule_faults(value: Any, schema: Schema, path: str, old: Any) -> Iterator[FieldError]:
    if old is not cel.ABSENT and value == old:
        return
    for rule in schema.get("x-kubernetes-validations", ()):
        problem = cel.broken(rule, value, old)
        if problem:
            yield FieldError(INVALID, path or "<nil>", problem, value)
    if isinstance(value, dict):
        for name, inner in value.items():
            before = old.get(name, cel.ABSENT) if isinstance(old, dict) else cel.ABSENT
            yield from _rule_faults(inner, child(schema, name), f"{path}.{name}" if path else name, before)
    elif isinstance(value, list):
        # Items of an atomic list have no former self, so transition rules do not apply to them.
        for i, item in enumerate(value):
            yield from _rule_faults(item, schema.get("items", _NO_SCHEMA), f"{path}[{i}]", cel.ABSENT)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
