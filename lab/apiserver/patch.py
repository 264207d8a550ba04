"""Patches: JSON Patch (RFC 6902), merge patch (RFC 7386), strategic merge patch over the keyed lists of a schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonpatch
import msgspec

from lab.apiserver.errors import bad_request, unprocessable
from lab.apiserver.resources import Schema
from lab.apiserver.schema import child

JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

_LONGEST_JSON_PATCH = 10_000
_NO_SCHEMA: Schema = {}


def json_patch(target: Any, operations: Any) -> Any:
    """`target` after the operations. Raises ApiError 400 (no patch) or 422 (does not fit)."""
    if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch")
    if len(operations) > _LONGEST_JSON_PATCH:
        raise bad_request(
            f"The allowed maximum operations in a JSON patch is {_LONGEST_JSON_PATCH}, got {len(operations)}"
        )
    try:
        return jsonpatch.apply_patch(target, operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError, ValueError) as error:
        raise unprocessable(str(error)) from error


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: a null removes, an object merges, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def strategic_merge_patch(target: Any, patch: Any, schema: Schema) -> Any:
    """A merge patch that merges keyed lists item by item and sets member by member, with kubectl's directives."""
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {name: value for name, value in patch.items() if name != "$patch"}
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if name.startswith("$"):
            _directive(merged, name, value)
        elif value is None:
            merged.pop(name, None)
        elif isinstance(value, list):
            merged[name] = _merge_list(merged.get(name) or [], value, child(schema, name))
        elif isinstance(value, dict) and value.get("$patch") == "delete":
            merged.pop(name, None)
        else:
            merged[name] = strategic_merge_patch(merged.get(name), value, child(schema, name))
    retained = patch.get("$retainKeys")
    return {name: value for name, value in merged.items() if name in retained} if isinstance(retained, list) else merged


def _directive(merged: dict[str, Any], name: str, value: Any) -> None:
    kind, _, field = name.partition("/")
    if kind == "$deleteFromPrimitiveList" and isinstance(merged.get(field), list):
        merged[field] = [item for item in merged[field] if item not in value]


def _merge_list(target: Sequence[Any], patch: list[Any], schema: Schema) -> list[Any]:
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        return list(dict.fromkeys([*target, *patch]))
    if kind != "map" or {"$patch": "replace"} in patch or not all(isinstance(item, dict) for item in patch):
        return [item for item in patch if item != {"$patch": "replace"}]
    key = schema["x-kubernetes-list-map-keys"][0]
    items = {_text(item, key): item for item in target}
    for item in patch:
        if item.get("$patch") == "delete":
            items.pop(_text(item, key), None)
        else:
            items[_text(item, key)] = strategic_merge_patch(
                items.get(_text(item, key)), item, schema.get("items", _NO_SCHEMA)
            )
    return list(items.values())


def _text(item: Any, key: str) -> str:
    return msgspec.json.encode(item.get(key) if isinstance(item, dict) else item).decode()
