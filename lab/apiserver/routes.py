"""From a request's method and path to what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.apiserver.auth import Attributes
from lab.apiserver.errors import method_not_allowed, no_such_path
from lab.apiserver.resources import Key, Registry, Resource

REVIEWS = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authorization.k8s.io", "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
    ("authentication.k8s.io", "tokenreviews"): "TokenReview",
    ("authentication.k8s.io", "selfsubjectreviews"): "SelfSubjectReview",
}
"""Types that are only asked about, never stored."""
_ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_MANY = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_STATUS = {"GET": "get", "PUT": "update", "PATCH": "patch"}
_CONNECT = {"GET": "get", "POST": "create"}


@dataclass(frozen=True, slots=True)
class Target:
    """A stored type, perhaps one object of it, and the verb."""

    resource: Resource
    namespace: str | None
    """None: all namespaces, or a cluster-wide type."""
    name: str
    subresource: str
    verb: str

    @property
    def key(self) -> Key:
        return self.namespace or "", self.name

    @property
    def attributes(self) -> Attributes:
        """As RBAC sees it; a Namespace object counts as being in itself."""
        return Attributes(
            self.verb, self.resource.group, self.resource.plural, self.subresource, self.namespace or "", self.name
        )


@dataclass(frozen=True, slots=True)
class Review:
    """A review object is posted."""

    kind: str


def split(path: str) -> tuple[str, str, list[str]]:
    """(group, version, rest) of an API path. Raises ApiError 404."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        return "", parts[1], parts[2:]
    if parts[:1] == ["apis"] and len(parts) > 3:
        return parts[1], parts[2], parts[3:]
    raise no_such_path()


def resolve(registry: Registry, method: str, path: str, query: Mapping[str, str]) -> Target | Review:
    """Raises ApiError 404 for unknown paths and 405 for methods that a path does not know."""
    group, version, rest = split(path)
    if version == "v1" and len(rest) == 1 and (group, rest[0]) in REVIEWS:
        if method != "POST":
            raise method_not_allowed()
        return Review(REVIEWS[group, rest[0]])
    namespace = None
    if len(rest) > 2 and rest[0] == "namespaces" and registry.get(group, version, rest[2]):
        namespace, rest = rest[1], rest[2:]
    if rest[0] == "pods" and rest[2:3] == ["proxy"]:
        rest = rest[:3]  # what follows is the pod's own
    resource = registry.get(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace is not None and not resource.namespaced):
        raise no_such_path()
    name, subresource = [*rest[1:], "", ""][:2]
    if subresource and subresource not in resource.subresources:
        raise no_such_path()
    if name and resource.namespaced and namespace is None:
        raise no_such_path()
    return Target(resource, namespace, name, subresource, _verb(resource, method, namespace, name, subresource, query))


def _verb(
    resource: Resource, method: str, namespace: str | None, name: str, subresource: str, query: Mapping[str, str]
) -> str:
    verbs = _CONNECT if subresource == "exec" else _STATUS if subresource else _ONE if name else _MANY
    verb = verbs.get(method, "")
    if not verb or (verb == "create" and not subresource and resource.namespaced and namespace is None):
        raise method_not_allowed()
    if method == "GET" and not subresource and query.get("watch") in ("1", "true"):
        return "watch"
    return verb
