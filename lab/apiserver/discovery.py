"""Discovery: which groups, versions and resources are served, in the plain and in the aggregated form."""

from __future__ import annotations

from typing import Any

from lab.apiserver.errors import no_such_path
from lab.apiserver.resources import VERBS, Manifest, Registry, Resource
from lab.apiserver.routes import REVIEWS

VERSION = "v1.37.1"
"""The Kubernetes version whose behaviour is followed."""
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_CONNECT_KINDS = {"exec": "PodExecOptions", "log": "Pod"}
_SUBRESOURCE_VERBS = {"exec": ["create", "get"], "log": ["get"], "status": ["get", "patch", "update"]}


def version() -> Manifest:
    return {
        "major": "1", "minor": VERSION.split(".")[1], "gitVersion": VERSION, "gitCommit": "lab",
        "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z", "goVersion": "none",
        "compiler": "none", "platform": "lab/any",
    }  # fmt: skip


def versions_of(registry: Registry) -> dict[str, list[str]]:
    """Versions by group, the preferred one first; "" is the legacy group."""
    found: dict[str, list[str]] = {}
    for group, name in registry.group_versions():
        found.setdefault(group, []).append(name)
    for group, _plural in REVIEWS:
        found.setdefault(group, ["v1"])
    return found


def legacy_versions() -> Manifest:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups(registry: Registry) -> Manifest:
    listed = [_group(group, names) for group, names in versions_of(registry).items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def group(registry: Registry, name: str) -> Manifest:
    """One APIGroup. Raises ApiError 404."""
    names = versions_of(registry).get(name)
    if not names:
        raise no_such_path()
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, names)}


def resources(registry: Registry, group: str, version: str) -> Manifest:
    """The APIResourceList of a group version. Raises ApiError 404."""
    listed: list[Manifest] = []
    for resource in registry.of_group_version(group, version):
        listed.append(_resource(resource))
        listed += [_subresource(resource, name) for name in sorted(resource.subresources)]
    listed += [_review(plural, kind) for (of, plural), kind in REVIEWS.items() if of == group and version == "v1"]
    if not listed:
        raise no_such_path()
    joined = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": joined, "resources": listed}


def aggregated(registry: Registry, *, legacy: bool) -> Manifest:
    """APIGroupDiscoveryList: everything below /api (legacy) or /apis in one answer."""
    items = []
    for name, names in versions_of(registry).items():
        if (name == "") == legacy:
            listed = [_aggregated_version(registry, name, version) for version in names]
            items.append(
                {
                    "metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
                    "versions": listed,
                }
            )
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_version(registry: Registry, group: str, version: str) -> Manifest:
    found: dict[str, Manifest] = {}
    for plain in resources(registry, group, version)["resources"]:
        plural, _, subresource = plain["name"].partition("/")
        kind = {
            "responseKind": {
                "group": plain.get("group", ""),
                "version": plain.get("version", ""),
                "kind": plain["kind"],
            }
        }
        if subresource:
            found[plural].setdefault("subresources", []).append(
                {"subresource": subresource, "verbs": plain["verbs"], **kind}
            )
            continue
        scope = "Namespaced" if plain["namespaced"] else "Cluster"
        found[plural] = {
            "resource": plural, "scope": scope, "singularResource": plain["singularName"], "verbs": plain["verbs"],
            **kind, "shortNames": plain.get("shortNames", []), "categories": plain.get("categories", []),
        }  # fmt: skip
    return {"version": version, "freshness": "Current", "resources": list(found.values())}


def _group(name: str, versions: list[str]) -> Manifest:
    listed: list[dict[str, Any]] = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resource(resource: Resource) -> Manifest:
    return {
        "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
        "kind": resource.kind, "verbs": list(VERBS), "shortNames": list(resource.short_names),
        "categories": list(resource.categories),
    }  # fmt: skip


def _subresource(resource: Resource, name: str) -> Manifest:
    kind = _CONNECT_KINDS.get(name, resource.kind)
    verbs = _SUBRESOURCE_VERBS.get(name, ["get"])
    return {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": kind,
        "verbs": verbs,
    }


def _review(plural: str, kind: str) -> Manifest:
    return {"name": plural, "singularName": kind.lower(), "namespaced": False, "kind": kind, "verbs": ["create"]}
