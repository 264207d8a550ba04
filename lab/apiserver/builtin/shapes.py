"""Pieces that schemas of built-in types are made of."""

from __future__ import annotations

from typing import Any

from lab.apiserver.resources import OPEN, Schema

TEXT: dict[str, Any] = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
TEXT_MAP: Schema = {"type": "object", "additionalProperties": TEXT}
_OWNER: dict[str, Any] = {**OPEN, "x-kubernetes-map-type": "atomic"}


def partly(**properties: Any) -> dict[str, Any]:
    """An object of which only these fields are described; others are kept as they are."""
    return {**OPEN, "properties": properties}


def closed(**properties: Any) -> dict[str, Any]:
    """An object that has these fields and no others."""
    return {"type": "object", "properties": properties}


def keyed(*keys: str, item: Schema | None = None) -> dict[str, Any]:
    """A list whose items are merged by these keys; strategic merge patches use the first one."""
    return {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": list(keys),
        "items": item or dict(OPEN),
    }


def text_set() -> dict[str, Any]:
    """A list of texts in which each occurs once."""
    return {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT}


def atomic_map(**rest: Any) -> dict[str, Any]:
    """A map that has one owner."""
    return {**OPEN, "x-kubernetes-map-type": "atomic", **rest}


METADATA: Schema = {
    **OPEN,
    "description": "Standard object metadata.",
    "properties": {
        "annotations": TEXT_MAP,
        "labels": TEXT_MAP,
        "finalizers": text_set(),
        "ownerReferences": keyed("uid", item=_OWNER),
        **dict.fromkeys(("name", "namespace", "generateName", "uid", "resourceVersion"), TEXT),
        **dict.fromkeys(("creationTimestamp", "deletionTimestamp"), TEXT),
        "generation": {"type": "integer"},
        "managedFields": {"type": "array", "items": _OWNER},
    },
}
CONDITIONS = partly(conditions=keyed("type"))
