"""kubectl's tables (`meta.k8s.io/v1 Table`): columns of built-in types here, of custom ones from their definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from lab.apiserver.columns import AGE, AGELESS, BUILTIN, Column, age
from lab.apiserver.jsonpath import find
from lab.apiserver.resources import Manifest, Resource


def table(resource: Resource, manifests: Iterable[Manifest], metadata: Manifest, include: str = "Metadata") -> Manifest:
    """A Table of these objects; `include` is the query parameter includeObject."""
    columns = columns_of(resource)
    rows = [
        {"cells": [_cell(column, manifest) for column in columns], **_object(manifest, include)}
        for manifest in manifests
    ]
    definitions = [
        {"name": column.name, "type": column.type, "format": "name" if column.name == "Name" else "",
         "description": column.description, "priority": column.priority}
        for column in columns
    ]  # fmt: skip
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def _cell(column: Column, manifest: Manifest) -> Any:
    try:
        return column.cell(manifest)
    except (AttributeError, TypeError, ValueError, KeyError):
        return "<invalid>"  # built-in types are stored without a full schema


def columns_of(resource: Resource) -> list[Column]:
    """Name, then the columns of the type, then its age where no column says otherwise."""
    name = Column("Name", lambda manifest: manifest["metadata"].get("name", ""))
    if resource.custom:
        own = [_printer_column(definition) for definition in resource.columns]
        return [name, *(own or [AGE])]
    identity = (resource.group, resource.plural)
    own = BUILTIN.get(identity, [])
    if identity in AGELESS or AGE in own:
        return [name, *own]
    return [name, *(c for c in own if not c.priority), AGE, *(c for c in own if c.priority)]


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
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _object(manifest: Manifest, include: str) -> Manifest:
    if include == "None":
        return {}
    if include == "Object":
        return {"object": manifest}
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": manifest["metadata"]}
    return {"object": partial}
