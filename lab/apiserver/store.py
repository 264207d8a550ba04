"""The lab's own way to the objects: no HTTP, no rights, the same rules (schema, defaults, metadata) as over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.apiserver import deletes, patch, schema
from lab.apiserver.deletes import DeleteOptions
from lab.apiserver.options import WriteOptions
from lab.apiserver.resources import Key, Manifest, Registry, Resource
from lab.apiserver.selectors import compile_selectors
from lab.apiserver.storage import Event, Storage
from lab.apiserver.writes import Writer


class Store:
    """Objects by resource name: "pods", "bgppeers" or, where that is not unique, "bgppeers.metallb.io".

    Manifests that come out are shared with the server: read them, never change them. Manifests that go in are copied.
    Everything must be called on the event loop that the server runs on. Errors are ApiError; an unknown resource is a
    KeyError.
    Without `manager` a write leaves managedFields alone, which is quicker; with it the fields are owned as by kubectl.
    """

    def __init__(self, storage: Storage, writer: Writer) -> None:
        self._storage, self._writer = storage, writer

    @property
    def registry(self) -> Registry:
        return self._storage.registry

    @property
    def version(self) -> int:
        """The newest resourceVersion."""
        return self._storage.version

    def get(self, resource: str, namespace: str, name: str) -> Manifest | None:
        """One object, None if there is none; namespace "" for cluster-wide types."""
        entry = self._storage.entry(self.registry.find(resource), (namespace, name))
        return entry.manifest if entry else None

    def list(self, resource: str, namespace: str | None = None, labels: str = "", fields: str = "") -> list[Manifest]:
        """Objects in name order; selectors as in the API."""
        found = self.registry.find(resource)
        match = compile_selectors(found, labels, fields)
        table = self._storage.table(found)
        manifests = [table.entries[key].manifest for key in table.range(namespace)]
        return [manifest for manifest in manifests if match is None or match(manifest)]

    def create(self, resource: str, manifest: Manifest, manager: str = "") -> Manifest:
        """A new object; namespace from its metadata."""
        return self._create(self.registry.find(resource), manifest, manager)

    def add(self, manifest: Manifest, manager: str = "") -> Manifest:
        """A new object of whatever type its apiVersion and kind name. Raises KeyError if none is served."""
        found = self.registry.find_kind(manifest["apiVersion"], manifest["kind"])
        if found is None:
            raise KeyError(f"{manifest['apiVersion']} {manifest['kind']} is not served")
        return self._create(found, manifest, manager)

    def update(self, resource: str, manifest: Manifest, manager: str = "") -> Manifest:
        """Replace an object, its status excepted; a resourceVersion in it is a precondition."""
        found, body = self.registry.find(resource), schema.copy(manifest)
        current = self._storage.entry(found, _key(body))
        if current is not None:
            body["metadata"].setdefault("resourceVersion", str(current.version))
        return self._writer.update(found, _key(body), body, _options(manager)).manifest

    def patch(self, resource: str, namespace: str, name: str, change: Manifest, manager: str = "") -> Manifest:
        """Merge patch (RFC 7386), the status excepted."""
        return self._patch(resource, (namespace, name), change, _options(manager))

    def apply(self, manifest: Manifest, manager: str, *, force: bool = True) -> Manifest:
        """Server-side apply, as `kubectl apply --server-side` does; force: take over the fields of others."""
        found = self.registry.find_kind(manifest["apiVersion"], manifest["kind"])
        if found is None:
            raise KeyError(f"{manifest['apiVersion']} {manifest['kind']} is not served")
        body, options = schema.copy(manifest), WriteOptions(manager=manager, force=force)
        return self._writer.patch(found, _key(body), patch.APPLY, body, options)[0].manifest

    def patch_status(self, resource: str, namespace: str, name: str, status: Manifest, manager: str = "") -> Manifest:
        """Merge patch of the status alone."""
        options = WriteOptions(manager=manager or "lab", tracks=bool(manager), subresource="status")
        return self._patch(resource, (namespace, name), {"status": status}, options)

    def delete(self, resource: str, namespace: str, name: str) -> bool:
        """Delete as `kubectl delete` does, dependents included; False if there was nothing to delete."""
        found = self.registry.find(resource)
        if self._storage.entry(found, (namespace, name)) is None:
            return False
        deletes.delete(self._storage, found, (namespace, name), DeleteOptions())
        return True

    def watch(self, callback: Callable[[Event], None], resource: str = "") -> Callable[[], None]:
        """Call back on every change, at once and on the loop; of one resource type or of all. Returns what stops it.

        Event: type, resource, key, new.manifest, old.manifest (or None). The callback must be quick and not raise.
        """
        listeners = self._storage.table(self.registry.find(resource)).listeners if resource else self._storage.listeners
        token = object()
        listeners[token] = callback

        def cancel() -> None:
            listeners.pop(token, None)

        return cancel

    async def caught_up(self) -> None:
        """Wait until every watch has called back; here they do at once."""

    def _create(self, resource: Resource, manifest: Manifest, manager: str) -> Manifest:
        body = schema.copy(manifest)
        namespace = (body.get("metadata") or {}).get("namespace", "")
        status = body.get("status") if resource.resets_status else None
        entry = self._writer.create(resource, namespace, body, _options(manager))
        if status is None:
            return entry.manifest
        key = (entry.manifest["metadata"].get("namespace", ""), entry.manifest["metadata"]["name"])
        return self.patch_status(resource.group_resource, *key, status, manager)

    def _patch(self, resource: str, key: Key, change: Manifest, options: WriteOptions) -> Manifest:
        found = self.registry.find(resource)
        entry, _is_new = self._writer.patch(found, key, patch.MERGE, change, options)
        return entry.manifest


def _options(manager: str) -> WriteOptions:
    return WriteOptions(manager=manager or "lab", tracks=bool(manager))


def _key(manifest: Manifest) -> Key:
    metadata: dict[str, Any] = manifest["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
