"""Addresses of the API: where the objects of a kind are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote


class Served(Protocol):
    """A kind that the API server serves; `intent.kinds.Kind` is one."""

    @property
    def group(self) -> str:
        """The API group, "" for the core."""

    @property
    def version(self) -> str:
        """The version of the group."""

    @property
    def plural(self) -> str:
        """The resource's name in URLs."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that bgpui reads but has no kind of its own for."""

    group: str
    version: str
    plural: str


PODS = Resource("", "v1", "pods")
NODES = Resource("", "v1", "nodes")
SECRETS = Resource("", "v1", "secrets")
NAMESPACES = Resource("", "v1", "namespaces")
SERVICES = Resource("", "v1", "services")
EVENTS = Resource("", "v1", "events")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices")
ACCESS_REVIEWS = Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews")
SELF_REVIEWS = Resource("authentication.k8s.io", "v1", "selfsubjectreviews")


def path(kind: Served, namespace: str | None = None, name: str | None = None) -> str:
    """The URL path of an object, of a namespace's objects, or of all objects of the cluster."""
    parts = ["api", kind.version] if not kind.group else ["apis", kind.group, kind.version]
    if namespace is not None:
        parts += ["namespaces", namespace]
    parts.append(kind.plural)
    if name is not None:
        parts.append(name)
    return "/" + "/".join(quote(part, safe="") for part in parts)
