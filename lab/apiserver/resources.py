"""Resource types that the API server serves: the built-in ones and those that CustomResourceDefinitions add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.apiserver.cel import rules

Manifest = dict[str, Any]
"""A Kubernetes object as JSON. What the store hands out is shared: read it, never change it."""
Schema = Mapping[str, Any]
"""A structural schema (`openAPIV3Schema` of a CRD)."""
Key = tuple[str, str]
"""(namespace or "", name)"""

OPEN: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One served resource type in one version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    schema: Schema = field(default_factory=lambda: OPEN)
    columns: tuple[Mapping[str, Any], ...] = ()
    """additionalPrinterColumns of a CRD version."""
    selectable: tuple[str, ...] = ()
    """Field selectors besides metadata.name and metadata.namespace."""
    storage_version: str = ""
    deprecation: str = ""
    """The Warning that answers of a deprecated version carry."""
    custom: bool = False
    has_rules: bool = False
    """The schema carries CEL rules."""
    counts_generation: bool = False
    returns_deleted: bool = False
    """DELETE answers with the object instead of a Status."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """bgppeers.metallb.io, pods: how messages name the type."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def resets_status(self) -> bool:
        """A new object begins without the status that its body carries."""
        return "status" in self.subresources and (self.custom or self.group_resource == "services")

    @property
    def is_stored(self) -> bool:
        """Objects are kept in this version."""
        return self.storage_version in ("", self.version)


@dataclass(slots=True)
class Registry:
    """All served types. `version` counts changes, so that documents derived from the types can be cached."""

    version: int = 0
    _served: dict[tuple[str, str, str], Resource] = field(default_factory=dict)
    _stored: dict[tuple[str, str], Resource] = field(default_factory=dict)
    _found: dict[str, Resource] = field(default_factory=dict)

    def add(self, resource: Resource) -> None:
        self._served[resource.group, resource.version, resource.plural] = resource
        if resource.is_stored:
            self._stored[resource.group, resource.plural] = resource
        self._found.clear()
        self.version += 1

    def get(self, group: str, version: str, plural: str) -> Resource | None:
        return self._served.get((group, version, plural))

    def stored(self, resource: Resource) -> Resource:
        """The same type in the version that objects are kept in."""
        return self._stored[resource.group, resource.plural]

    def all(self) -> Iterable[Resource]:
        return self._served.values()

    def of_group_version(self, group: str, version: str) -> list[Resource]:
        return [
            resource for resource in self._served.values() if (resource.group, resource.version) == (group, version)
        ]

    def group_versions(self) -> list[tuple[str, str]]:
        """(group, version) pairs, the preferred version of a group first."""
        pairs = {(resource.group, resource.version) for resource in self._served.values()}
        return sorted(pairs, key=lambda pair: (pair[0], *_version_rank(pair[1])))

    def find(self, name: str) -> Resource:
        """The stored type named "pods" or "bgppeers.metallb.io". Raises KeyError."""
        if name not in self._found:
            plural, _, group = name.partition(".")
            found = [res for (g, p), res in self._stored.items() if p == plural and group in ("", g)]
            if not found:
                raise KeyError(f"no resource type {name!r} is served")
            self._found[name] = found[0]
        return self._found[name]

    def find_kind(self, api_version: str, kind: str) -> Resource | None:
        """The type of an object that carries this apiVersion and kind."""
        for resource in self._served.values():
            if resource.kind == kind and resource.api_version == api_version:
                return resource
        return None

    def install(self, crd: Manifest) -> None:
        """Serve what a CustomResourceDefinition describes, in place of what it described before."""
        self.uninstall(crd)
        for resource in _described(crd):
            self.add(resource)

    def uninstall(self, crd: Manifest) -> None:
        identity = (crd["spec"]["group"], crd["spec"]["names"]["plural"])
        for key in [key for key in self._served if (key[0], key[2]) == identity]:
            del self._served[key]
        self._stored.pop(identity, None)
        self._found.clear()
        self.version += 1


def _described(crd: Manifest) -> Iterable[Resource]:
    spec, names = crd["spec"], crd["spec"]["names"]
    storage = next(version["name"] for version in spec["versions"] if version.get("storage"))
    for version in spec["versions"]:
        # The storage version is needed for reading and converting even when it is not served.
        if not version.get("served", True) and version["name"] != storage:
            continue
        api_version = f"{spec['group']}/{version['name']}"
        schema = (version.get("schema") or {}).get("openAPIV3Schema", OPEN)
        default_warning = f"{api_version} {names['kind']} is deprecated"
        yield Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            singular=names.get("singular") or names["kind"].lower(),
            short_names=tuple(names.get("shortNames", ())),
            categories=tuple(names.get("categories", ())),
            subresources=frozenset(version.get("subresources") or ()),
            schema=schema,
            has_rules=any(True for _rule in rules(schema)),
            columns=tuple(version.get("additionalPrinterColumns", ())),
            selectable=tuple(item["jsonPath"].lstrip(".") for item in version.get("selectableFields", ())),
            storage_version=storage,
            deprecation=(version.get("deprecationWarning") or default_warning) if version.get("deprecated") else "",
            custom=True,
            counts_generation=True,
        )


def _version_rank(version: str) -> tuple[int, int, int]:
    """Sort key: v2, v1, v1beta2, v1beta1, v1alpha1 (kube-aware version order)."""
    for rank, mark in enumerate(("beta", "alpha"), start=1):
        major, found, minor = version.removeprefix("v").partition(mark)
        if found and major.isdigit():
            return rank, -int(major), -int(minor or 0)
    major = version.removeprefix("v")
    return (0, -int(major), 0) if major.isdigit() else (3, 0, 0)
