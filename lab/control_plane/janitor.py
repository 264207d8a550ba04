"""What a cluster does about deletions: dependents follow their owners, a namespace takes its objects along."""

from __future__ import annotations

from collections.abc import Callable

from lab.apiserver.errors import ApiError
from lab.apiserver.storage import Event
from lab.control_plane.client import Client
from lab.control_plane.store import RemoteStore

_OWNERS = ("deployments", "replicasets", "daemonsets", "services")
_DEPENDENTS = ("replicasets", "pods", "endpointslices")


class Janitor:
    """Acts on the store's watches from `start` to `stop`."""

    def __init__(self, store: RemoteStore, client: Client) -> None:
        self._store, self._client = store, client
        self._cancels: list[Callable[[], None]] = []
        self._dependents: dict[str, set[tuple[str, str, str]]] = {}
        """Type, namespace and name by the uid of an owner."""

    def start(self) -> None:
        watch = self._store.watch
        self._cancels = [watch(self._dependent_changed, kind) for kind in _DEPENDENTS]
        self._cancels += [watch(self._owner_changed, kind) for kind in _OWNERS]
        self._cancels.append(watch(self._namespace_changed, "namespaces"))

    def stop(self) -> None:
        for cancel in self._cancels:
            cancel()

    def _dependent_changed(self, event: Event) -> None:
        for owner in event.new.manifest["metadata"].get("ownerReferences") or ():
            names = self._dependents.setdefault(owner["uid"], set())
            change = names.discard if event.type == "DELETED" else names.add
            change((event.resource.group_resource, *event.key))

    def _owner_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            for dependent in self._dependents.pop(event.new.manifest["metadata"]["uid"], ()):
                self._store.delete(*dependent)

    def _namespace_changed(self, event: Event) -> None:
        if event.type == "DELETED" or not event.new.manifest["metadata"].get("deletionTimestamp"):
            return
        name = event.key[1]
        for resource in list(self._store.registry.all()):
            if resource.namespaced and resource.is_stored:
                for found in self._store.list(resource.group_resource, name):
                    self._store.delete(resource.group_resource, name, found["metadata"]["name"])
        done = {**event.new.manifest, "spec": {"finalizers": []}}
        try:
            self._client.request("PUT", f"/api/v1/namespaces/{name}/finalize", done)
        except ApiError as refusal:
            if refusal.code not in (404, 409):  # gone already, or its next event is on the way
                raise
