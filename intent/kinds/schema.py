"""CustomResourceDefinitions from our description of the kinds (apiextensions.k8s.io/v1, structural schemas)."""

from __future__ import annotations

from typing import Any

from intent.kinds.cel import Cel
from intent.kinds.field import Column, Field, Kind, Version

_ENVELOPE = {
    "apiVersion": {"type": "string", "description": "Group and version of the API that this object is written in."},
    "kind": {"type": "string", "description": "The kind of this object."},
    "metadata": {"type": "object"},
}
_PLAIN = ("description", "minimum", "maximum", "format", "pattern", "default")
_LIMITS = {"minItems": "min_items", "maxItems": "max_items", "minLength": "min_length", "maxLength": "max_length"}


def field_schema(field: Field) -> dict[str, Any]:
    """The OpenAPI v3 schema of one field."""
    schema: dict[str, Any] = {"type": "string" if field.type == "duration" else field.type}
    schema |= {name: value for name in _PLAIN if (value := getattr(field, name)) not in (None, "")}
    if field.enum:
        schema["enum"] = list(field.enum)
    schema |= {name: value for name, key in _LIMITS.items() if (value := getattr(field, key)) is not None}
    if field.items is not None:
        schema["items"] = field_schema(field.items)
    if field.properties:
        schema |= _properties(field.properties)
    if field.additional is not None:
        schema["additionalProperties"] = field_schema(field.additional)
    if field.list_type:
        schema["x-kubernetes-list-type"] = field.list_type
    if field.list_keys:
        schema["x-kubernetes-list-map-keys"] = list(field.list_keys)
    if field.map_type:
        schema["x-kubernetes-map-type"] = field.map_type
    return schema | _validations(field.cel)


def object_schema(kind: Kind, version: Version) -> dict[str, Any]:
    """The openAPIV3Schema of one version of a kind."""
    spec = {"type": "object", "description": f"What MetalLB is asked to do with this {kind.kind}."}
    status = {"type": "object", "description": f"What MetalLB reports about this {kind.kind}."}
    parts = {"spec": spec | _properties(version.fields) | _validations(version.cel)} if version.has_spec else {}
    parts["status"] = status | _properties(version.status)
    schema: dict[str, Any] = {
        "type": "object",
        "description": kind.description,
        "properties": {**_ENVELOPE, **parts},
    }
    if version.spec_required:
        schema["required"] = ["spec"]
    return schema


def definition(kind: Kind) -> dict[str, Any]:
    """The whole CustomResourceDefinition of a kind."""
    names = {"kind": kind.kind, "listKind": f"{kind.kind}List", "plural": kind.plural, "singular": kind.kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": kind.scope,
            "versions": [_version(kind, version) for version in kind.versions],
        },
    }


def _version(kind: Kind, version: Version) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": version.name,
        "schema": {"openAPIV3Schema": object_schema(kind, version)},
        "served": True,
        "storage": version.storage,
        "subresources": {"status": {}},
    }
    if version.columns:
        described["additionalPrinterColumns"] = [_column(column) for column in version.columns]
    if version.deprecation:
        described |= {"deprecated": True, "deprecationWarning": version.deprecation}
    return described


def _column(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "jsonPath": column.json_path, "type": column.type}
    return described | ({"priority": column.priority} if column.priority else {})


def _properties(fields: tuple[Field, ...]) -> dict[str, Any]:
    if not fields:
        return {}
    required = sorted(field.name for field in fields if field.required)
    properties = {field.name: field_schema(field) for field in fields}
    return {"properties": properties, **({"required": required} if required else {})}


def _validations(rules: tuple[Cel, ...]) -> dict[str, Any]:
    listed = [{"rule": rule.rule, "message": rule.message} for rule in rules]
    return {"x-kubernetes-validations": listed} if listed else {}
