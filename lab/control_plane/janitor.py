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

    def start(self) -> None:
        self._cancels = [self._store.watch(self._owner_changed, owner) for owner in _OWNERS]
        self._cancels.append(self._store.watch(self._namespace_changed, "namespaces"))

    def stop(self) -> None:
        for cancel in self._cancels:
            cancel()

    def _owner_changed(self, event: Event) -> None:
        if event.type != "DELETED":
            return
        uid = event.new.manifest["metadata"]["uid"]
        for kind in _DEPENDENTS:
            for found in self._store.list(kind, event.key[0]):
                if any(owner["uid"] == uid for owner in found["metadata"].get("ownerReferences") or ()):
                    self._store.delete(kind, event.key[0], found["metadata"]["name"])

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
