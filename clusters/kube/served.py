"""What the API server serves: the versions of kinds and the fields of their specs, and which cluster it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clusters.kube.client import Door
from clusters.kube.errors import Forbidden, NotFound
from clusters.kube.kinds import NAMESPACES
from intent.kinds import Kind

_GROUPS = ("metallb.io", "frrk8s.metallb.io", "nmstate.io")
_FIELDS = 200  # of one kind


def versions(door: Door) -> dict[str, list[str]]:
    """The served versions of MetalLB's and nmstate's kinds, {"bgppeers.metallb.io": ["v1beta1", "v1beta2"]}."""
    found: dict[str, list[str]] = {}
    for group in _GROUPS:
        versions = (door.document(f"/apis/{group}") or {}).get("versions") or ()
        for version in sorted(str(entry.get("version", "")) for entry in versions):
            for resource in (door.document(f"/apis/{group}/{version}") or {}).get("resources") or ():
                if "/" not in str(resource.get("name", "/")):
                    found.setdefault(f"{resource['name']}.{group}", []).append(version)
    return found


def fields(door: Door, kinds: Iterable[Kind]) -> dict[str, list[str]]:
    """The fields of the specs of these kinds, in the version that is written, as the API server's OpenAPI tells.

    Everybody who is logged in may read these (Kubernetes' ClusterRole system:discovery). A kind is left out if it is
    not described.
    """
    found: dict[str, list[str]] = {}
    schemas: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        if kind.api_version not in schemas:
            schemas[kind.api_version] = _schemas(door, kind.api_version)
        for schema in schemas[kind.api_version].values():
            named = schema.get("x-kubernetes-group-version-kind") or ()
            spec = (schema.get("properties") or {}).get("spec") or {}
            if any(one.get("kind") == kind.kind for one in named) and spec.get("properties"):
                found[kind.kind] = sorted(str(name)[:63] for name in spec["properties"])[:_FIELDS]
    return found


def _schemas(door: Door, api_version: str) -> dict[str, Any]:
    try:
        document = door.document(f"/openapi/v3/apis/{api_version}") or {}
    except (NotFound, Forbidden):
        return {}
    schemas: dict[str, Any] = (document.get("components") or {}).get("schemas") or {}
    return schemas


def uid_of(door: Door) -> str:
    """The uid of the namespace kube-system, which is one cluster's alone; "" if it may not be looked at."""
    try:
        found, _ = door.list(NAMESPACES, fields="metadata.name=kube-system")
    except Forbidden:
        return ""
    return str(next((one["metadata"].get("uid", "") for one in found), ""))[:64]
