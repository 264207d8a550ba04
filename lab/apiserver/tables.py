"""kubectl's tables (`meta.k8s.io/v1 Table`): columns of built-in types here, of custom ones from their definitions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from lab.apiserver.columns import BUILTIN, Column
from lab.apiserver.jsonpath import find
from lab.apiserver.resources import Manifest, Resource

_AGE = Column("Age", lambda manifest: age(manifest["metadata"].get("creationTimestamp")))


def table(resource: Resource, manifests: Iterable[Manifest], metadata: Manifest, include: str = "Metadata") -> Manifest:
    """A Table of these objects; `include` is the query parameter includeObject."""
    columns = columns_of(resource)
    rows = [{"cells": [column.cell(manifest) for column in columns], **_object(manifest, include)} for manifest in manifests]
    definitions = [
        {"name": c.name, "type": c.type, "format": "name" if c.name == "Name" else "", "description": c.description, "priority": c.priority}
        for c in columns
    ]  # fmt: skip
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows}


def columns_of(resource: Resource) -> list[Column]:
    """Name, then the columns of the type, then its age where no column says otherwise."""
    name = Column("Name", lambda manifest: manifest["metadata"].get("name", ""))
    if resource.custom:
        own = [_printer_column(definition) for definition in resource.columns]
        return [name, *(own or [_AGE])]
    return [name, *BUILTIN.get((resource.group, resource.plural), []), _AGE]


def age(timestamp: str | None, now: datetime | None = None) -> str:
    """Time since an RFC 3339 timestamp as kubectl prints it."""
    if not timestamp:
        return "<unknown>"
    try:
        since = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    except ValueError:
        return "<invalid>"
    return _human(int(((now or datetime.now(UTC)) - since).total_seconds()))


def _human(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    steps = [
        (120, f"{max(seconds, 0)}s"),
        (600, f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"),
        (3 * 3600, f"{minutes}m"),
        (8 * 3600, f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"),
        (48 * 3600, f"{hours}h"),
        (8 * 86400, f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"),
        (2 * 365 * 86400, f"{days}d"),
    ]
    return next((text for limit, text in steps if seconds < limit), f"{days // 365}y")


def _printer_column(definition: Any) -> Column:
    """An additionalPrinterColumns entry: the first value that its JSONPath finds."""
    path, kind = definition["jsonPath"], definition["type"]

    def cell(manifest: Manifest) -> Any:
        found = find(manifest, path)
        value = found[0] if found else None
        if kind == "date":
            return age(value if isinstance(value, str) else None)
        return value if value is None or kind in ("integer", "number", "boolean") else _text(value)

    return Column(definition["name"], cell, definition.get("priority", 0), kind, definition.get("description", ""))


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _object(manifest: Manifest, include: str) -> Manifest:
    if include == "None":
        return {}
    if include == "Object":
        return {"object": manifest}
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": manifest["metadata"]}
    return {"object": partial}
