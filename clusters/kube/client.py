"""The door: every request to the API server goes through here, with a time limit, stripped of secrets on the way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from clusters.kube import redact
from clusters.kube.connection import Access, Connection, load
from clusters.kube.errors import Expired, NotFound, NotServed
from clusters.kube.kinds import ACCESS_REVIEWS, NODES, PODS, SELF_REVIEWS, Served, path
from clusters.kube.secrets import SecretDoor
from clusters.kube.transport import Object, Objects, Transport
from clusters.kube.writing import APPLY, FIELD_MANAGER, MERGE, writing

_PAGE = 1000
_JSON_PATCH = "application/json-patch+json"
T = TypeVar("T")


class Many(list[T]):
    """Objects, or what was kept of them, and the resourceVersion of the list that they come from."""

    version = ""


class Door(SecretDoor):
    """A connection to one API server; may be used from several threads, not across a fork.

    source: a kubeconfig, or what was taken from one; None = the pod's service account. timeout: seconds a request may
    take. digest_key: for the marks that stand for inline passwords. Every method may raise a KubeError.
    """

    def __init__(
        self,
        source: Path | Access | None = None,
        context: str | None = None,
        *,
        timeout: float = 10.0,
        digest_key: bytes = b"",
    ) -> None:
        self.connection = Connection(load(source, context))
        self._transport = Transport(self.connection.configuration, FIELD_MANAGER, timeout)
        super().__init__(self._transport.request)
        self._digest_key = digest_key

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def get(self, kind: Served, namespace: str | None, name: str) -> Object | None:
        """One object, None if there is none."""
        try:
            return self.strip(self._request("GET", path(kind, namespace, name)))
        except NotFound:
            return None

    def list(
        self, kind: Served, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> tuple[Objects, str]:
        """All objects of a namespace, None = of the cluster, and the list's resourceVersion. Selectors as kubectl's."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        found = self._collected(path(kind, namespace), query, lambda obj: obj, None)
        return found, found.version

    def now(self, kind: Served, namespace: str | None = None, *, labels: str = "", fields: str = "") -> str:
        """The resourceVersion of this moment, for a watch whose objects nobody needs to list."""
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": "1"}
        metadata = self._request("GET", path(kind, namespace), query).get("metadata") or {}
        return str(metadata.get("resourceVersion", ""))

    def gather(
        self,
        kind: Served,
        keep: Callable[[Object], T | None],
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        most: int | None = None,
    ) -> Many[T]:
        """What `keep` makes of each object, None = nothing; of large lists only a page is in memory at a time.

        most: read on until this many are kept, for lists that may be longer than anybody wants to know.
        """
        query = {"labelSelector": labels, "fieldSelector": fields}
        return self._collected(path(kind, namespace), query, keep, most)

    def create(self, kind: Served, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Create an object that must not exist yet (AlreadyExists)."""
        where = path(kind, manifest["metadata"].get("namespace"))
        return self.strip(self._request("POST", where, writing(dry_run=dry_run), manifest))

    def apply(
        self, kind: Served, manifest: Mapping[str, Any], *, uid: str, resource_version: str, dry_run: bool = False
    ) -> Object:
        """Server-side apply onto exactly this state of this object (Conflict), without force (ManagerConflict)."""
        metadata = {**manifest["metadata"], "uid": uid, "resourceVersion": resource_version}
        where = path(kind, metadata.get("namespace"), metadata["name"])
        body = {**manifest, "metadata": metadata}
        return self.strip(self._request("PATCH", where, writing(dry_run=dry_run), body, APPLY))

    def merge(
        self, kind: Served, namespace: str | None, name: str, patch: Mapping[str, Any], *, dry_run: bool = False
    ) -> Object:
        """A JSON merge patch (RFC 7386): null takes a field away."""
        return self.strip(self._request("PATCH", path(kind, namespace, name), writing(dry_run=dry_run), patch, MERGE))

    def patch(self, kind: Served, namespace: str, name: str, operations: Objects) -> Object:
        """A JSON patch (RFC 6902)."""
        return self.strip(self._request("PATCH", path(kind, namespace, name), writing(), operations, _JSON_PATCH))

    def delete(
        self, kind: Served, namespace: str | None, name: str, *, uid: str, resource_version: str, dry_run: bool = False
    ) -> Object | None:
        """Delete exactly this state of this object (Conflict); the object that finalizers still hold, else None."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        options["preconditions"] = {"uid": uid, "resourceVersion": resource_version}
        options |= {"dryRun": ["All"]} if dry_run else {}  # the API server reads no query where there is a body
        try:
            answer = self._request("DELETE", path(kind, namespace, name), {}, options)
        except NotFound:
            return None
        held = answer.get("kind") != "Status" and answer.get("metadata", {}).get("deletionTimestamp")
        return self.strip(answer) if held else None

    def nodes(self) -> Objects:
        """All Nodes."""
        return self.list(NODES)[0]

    def pods(self, namespace: str | None = None, *, labels: str = "", fields: str = "") -> Objects:
        """Pods of a namespace, None = of the cluster."""
        return self.list(PODS, namespace, labels=labels, fields=fields)[0]

    def pod_log(self, namespace: str, pod: str, container: str, *, lines: int, limit: int) -> bytes:
        """The last lines of a container's log, at most `limit` bytes of them."""
        query = {"container": container, "tailLines": str(lines), "limitBytes": str(limit)}
        return self._transport.text(f"{path(PODS, namespace, pod)}/log", query)[:limit]

    def pod_metrics(self, namespace: str, pod: str, port: int) -> bytes:
        """What a pod says at /metrics, through the API server, which passes no token of ours on."""
        return self._transport.text(f"{path(PODS, namespace, f'{pod}:{port}')}/proxy/metrics", {})

    def version(self) -> str:
        """The API server's version, "v1.33.1"."""
        return str(self._request("GET", "/version").get("gitVersion", ""))[:40]

    def document(self, where: str) -> Object | None:
        """A discovery document by its path, None if there is none."""
        try:
            return self._request("GET", where)
        except NotServed:
            return None

    def can(self, verb: str, group: str, resource: str, namespace: str = "", subresource: str = "") -> bool:
        """Whether we may (SelfSubjectAccessReview); namespace "" = in all of them."""
        attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
        attributes["namespace"] = namespace
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        body = review | {"spec": {"resourceAttributes": {name: value for name, value in attributes.items() if value}}}
        answer = self._request("POST", path(ACCESS_REVIEWS), {}, body)
        return bool(answer.get("status", {}).get("allowed"))

    def identity(self) -> str:
        """Our user name to the API server; "" if it is too old to say (before 1.28)."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            answer = self._request("POST", path(SELF_REVIEWS), {}, body)
        except NotServed:
            return ""
        return str(answer.get("status", {}).get("userInfo", {}).get("username", ""))[:300]

    def _collected(
        self, where: str, query: dict[str, str], keep: Callable[[Object], T | None], most: int | None
    ) -> Many[T]:
        try:
            return self._pages(where, query | {"limit": str(_PAGE)}, keep, most)
        except Expired:  # objects changed faster than the pages were read: all at once then
            return self._pages(where, query, keep, most)

    def _pages(
        self, where: str, query: dict[str, str], keep: Callable[[Object], T | None], most: int | None
    ) -> Many[T]:
        items: Many[T] = Many()
        while True:
            answer = self._request("GET", where, query)
            items.extend(kept for item in self._items(answer) if (kept := keep(item)) is not None)
            metadata = answer.get("metadata") or {}
            if not metadata.get("continue") or (most is not None and len(items) >= most):
                kept_most = Many(items[:most])
                kept_most.version = str(metadata.get("resourceVersion", ""))
                return kept_most
            query = query | {"continue": str(metadata["continue"])}

    def _items(self, answer: Object) -> Iterator[Object]:
        kind = str(answer.get("kind", "")).removesuffix("List")
        for item in answer.get("items") or ():
            item.setdefault("kind", kind)  # the core's lists leave it out
            item.setdefault("apiVersion", answer.get("apiVersion", ""))
            yield self.strip(item)

    def strip(self, obj: Object) -> Object:
        """An object that comes in, without its secrets, in place."""
        if obj.get("kind") in ("Secret", "SecretList"):
            raise ValueError("Secrets come in as facts only")
        return redact.strip(obj, self._digest_key)
