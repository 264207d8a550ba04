"""OpenAPI documents: v3 for `kubectl explain`, `kubectl apply` and field validation; v2 as small as clients allow."""

from __future__ import annotations

from typing import Any

from lab.apiserver import discovery
from lab.apiserver.builtin import METADATA
from lab.apiserver.errors import no_such_path
from lab.apiserver.resources import Manifest, Registry, Resource

PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_WRITE_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "boolean" if name == "force" else "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation", "force")
]
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def v2() -> Manifest:
    """A document without definitions; kubectl falls back to it only where v3 is missing."""
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": discovery.VERSION},
        "paths": {},
        "definitions": {},
    }


def index(registry: Registry) -> Manifest:
    """Where the v3 document of each group version is."""
    paths = [f"apis/{group}/{version}" if group else f"api/{version}" for group, version in registry.group_versions()]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={registry.version}"} for path in paths}}


def v3(registry: Registry, group: str, version: str) -> Manifest:
    """The document of one group version. Raises ApiError 404."""
    resources = registry.of_group_version(group, version)
    if not resources:
        raise no_such_path()
    schemas: Manifest = {_META: _plain(METADATA)}
    paths: Manifest = {}
    for resource in resources:
        schemas[_name(resource)] = _schema(resource)
        paths |= _paths(resource)
    info = {"title": "Kubernetes", "version": discovery.VERSION}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _name(resource: Resource) -> str:
    reversed_group = ".".join(reversed(resource.group.split("."))) if resource.group else "io.k8s.api.core"
    return f"{reversed_group}.{resource.version}.{resource.kind}"


def _schema(resource: Resource) -> Manifest:
    known: Manifest = _plain(resource.schema)
    properties = {
        **(known.get("properties") or {}),
        "apiVersion": {"type": "string", "description": "The version of this representation of the object."},
        "kind": {"type": "string", "description": "The type of the object."},
        "metadata": {
            "allOf": [{"$ref": f"#/components/schemas/{_META}"}],
            "default": {},
            "description": "Standard object metadata.",
        },
    }
    return known | {"properties": properties, "x-kubernetes-group-version-kind": [_gvk(resource)]}


def _plain(value: Any) -> Any:
    """A mutable copy of a schema."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _gvk(resource: Resource) -> Manifest:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _paths(resource: Resource) -> Manifest:
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    many = f"{base}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{base}/{resource.plural}"
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{_name(resource)}"}}}
    common = {
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-group-version-kind": _gvk(resource),
    }

    def operation(action: str, *, writes: bool = True) -> Manifest:
        return {**common, "x-kubernetes-action": action, "parameters": _WRITE_PARAMETERS if writes else []}

    return {
        many: {"get": operation("list", writes=False), "post": operation("post")},
        f"{many}/{{name}}": {
            "get": operation("get", writes=False),
            "put": operation("put"),
            "patch": operation("patch"),
            "delete": operation("delete"),
        },
    }
