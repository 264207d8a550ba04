"""Deletion: preconditions, finalizers, dependents (garbage collection), namespaces, definitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.apiserver import strategy
from lab.apiserver.errors import FORBIDDEN, FieldError, bad_request, conflict, forbidden, not_found
from lab.apiserver.metadata import now
from lab.apiserver.resources import Key, Manifest, Resource
from lab.apiserver.storage import Entry, Storage

_PROPAGATION = ("Background", "Foreground", "Orphan")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """`meta/v1 DeleteOptions`: of the body, or where there is none of the query (apiserver, handlers/delete.go)."""

    uid: str = ""
    resource_version: str = ""
    propagation: str = "Background"
    dry_run: bool = False

    @classmethod
    def read(cls, body: Any, query: dict[str, str]) -> DeleteOptions:
        """Raises ApiError 400 for values that do not exist."""
        given = body if isinstance(body, dict) else {**query, "dryRun": [query.get("dryRun", "")]}
        preconditions = given.get("preconditions") or {}
        propagation = given.get("propagationPolicy") or "Background"
        if propagation not in _PROPAGATION:
            raise bad_request(f'unknown propagationPolicy "{propagation}"')
        if not isinstance(preconditions, dict):
            raise bad_request("preconditions is no object")
        dry_run = "All" in (given.get("dryRun") or ())
        uid, version = preconditions.get("uid") or "", preconditions.get("resourceVersion") or ""
        return cls(str(uid), str(version), propagation, dry_run)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of the object: gone, or waiting for its finalizers."""

    entry: Entry
    is_gone: bool


def delete(storage: Storage, resource: Resource, key: Key, options: DeleteOptions) -> Deleted:
    """Delete one object. Raises ApiError 404, 409 or 403."""
    entry = storage.entry(resource, key)
    if entry is None:
        raise not_found(resource, key[1])
    _check_preconditions(resource, key, entry, options)
    if strategy.is_protected(resource, key[1]):
        raise forbidden(resource, key[1], "this namespace may not be deleted")
    waits = bool(entry.manifest["metadata"].get("finalizers"))
    if options.dry_run:
        return Deleted(entry, not waits)
    if options.propagation == "Orphan":
        _orphan(storage, entry)
    _delete_contents(storage, resource, key)
    entry = storage.entry(resource, key) or entry
    if storage.entry(resource, key) is None:  # its last object took the namespace or definition with it
        return Deleted(entry, is_gone=True)
    if waits or _has_contents(storage, resource, key):
        return Deleted(_mark(storage, resource, key, entry), is_gone=False)
    return Deleted(remove(storage, resource, key), is_gone=True)


def remove(storage: Storage, resource: Resource, key: Key) -> Entry:
    """Take the object away, then what depended on it, and the namespace or definition that only waited for it."""
    last = storage.remove(resource, key)
    uid = last.manifest["metadata"].get("uid", "")
    for dependent, where in storage.dependents(uid):
        owned = storage.entry(dependent, where)
        if owned is None:
            continue
        if len(owned.manifest["metadata"]["ownerReferences"]) > 1:
            storage.put(dependent, where, _without_owner(owned.manifest, uid))
        else:
            delete(storage, dependent, where, DeleteOptions())
    _finish_container(storage, resource, key)
    return last


def new_finalizers(new: Manifest, old: Manifest) -> Iterator[FieldError]:
    """Finalizers that were added to an object that is being deleted."""
    if "deletionTimestamp" not in old["metadata"]:
        return
    added = sorted(set(new["metadata"].get("finalizers") or ()) - set(old["metadata"].get("finalizers") or ()))
    if added:
        shown = "[]string{" + ", ".join(f'"{name}"' for name in added) + "}"
        words = f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
        yield FieldError(FORBIDDEN, "metadata.finalizers", words)


def _check_preconditions(resource: Resource, key: Key, entry: Entry, options: DeleteOptions) -> None:
    uid = entry.manifest["metadata"].get("uid", "")
    if options.uid and options.uid != uid:
        words = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {uid}"
        raise conflict(resource, key[1], words)
    if options.resource_version and options.resource_version != str(entry.version):
        words = (
            f"Precondition failed: ResourceVersion in precondition: {options.resource_version}, "
            f"ResourceVersion in object meta: {entry.version}"
        )
        raise conflict(resource, key[1], words)


def _orphan(storage: Storage, entry: Entry) -> None:
    uid = entry.manifest["metadata"]["uid"]
    for dependent, where in storage.dependents(uid):
        owned = storage.entry(dependent, where)
        if owned is not None:
            storage.put(dependent, where, _without_owner(owned.manifest, uid))


def _without_owner(manifest: Manifest, uid: str) -> Manifest:
    owners = [owner for owner in manifest["metadata"]["ownerReferences"] if owner.get("uid") != uid]
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "ownerReferences"}
    return manifest | {"metadata": metadata | ({"ownerReferences": owners} if owners else {})}


def _mark(storage: Storage, resource: Resource, key: Key, entry: Entry) -> Entry:
    """Set deletionTimestamp, once."""
    metadata = entry.manifest["metadata"]
    if "deletionTimestamp" in metadata:
        return entry
    marks: Manifest = {"deletionTimestamp": now(), "deletionGracePeriodSeconds": 0}
    if resource.counts_generation:
        marks["generation"] = metadata.get("generation", 0) + 1
    terminating = {"status": {"phase": "Terminating"}} if resource.kind == "Namespace" else {}
    return storage.put(resource, key, entry.manifest | {"metadata": metadata | marks} | terminating)


def _contents(storage: Storage, resource: Resource, key: Key) -> Iterator[tuple[Resource, Key]]:
    """Objects that live in this namespace or are of this definition's type."""
    if resource.kind == "Namespace" and not resource.group:
        for inner in {storage.registry.stored(res) for res in storage.registry.all() if res.namespaced}:
            yield from ((inner, where) for where in storage.table(inner).range(key[1]))
    elif resource.kind == "CustomResourceDefinition":
        defined = storage.registry.find(key[1])
        yield from ((defined, where) for where in storage.table(defined).range(None))


def _has_contents(storage: Storage, resource: Resource, key: Key) -> bool:
    return next(_contents(storage, resource, key), None) is not None


def _delete_contents(storage: Storage, resource: Resource, key: Key) -> None:
    contents = list(_contents(storage, resource, key))
    entry = storage.entry(resource, key)
    if contents and entry is not None:
        _mark(storage, resource, key, entry)
    for inner, where in contents:
        if storage.entry(inner, where) is not None:
            delete(storage, inner, where, DeleteOptions())


def _finish_container(storage: Storage, resource: Resource, key: Key) -> None:
    """Take away a namespace or definition that is being deleted and has become empty."""
    holders = [(storage.registry.find("namespaces"), ("", key[0]))] if resource.namespaced else []
    if resource.custom:
        holders.append((storage.registry.find("customresourcedefinitions"), ("", resource.group_resource)))
    for holder, where in holders:
        entry = storage.entry(holder, where)
        if entry is None or "deletionTimestamp" not in entry.manifest["metadata"]:
            continue
        if not entry.manifest["metadata"].get("finalizers") and not _has_contents(storage, holder, where):
            remove(storage, holder, where)
