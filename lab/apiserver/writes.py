"""Create, update and patch as the API server does them, without HTTP: decode, validate, track owners, store."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lab.apiserver import bodies, cel, deletes, metadata, patch, schema, ssa, strategy
from lab.apiserver.builtin import METADATA
from lab.apiserver.conversion import converted
from lab.apiserver.errors import (
    FORBIDDEN,
    INVALID,
    REQUIRED,
    FieldError,
    already_exists,
    conflict,
    forbidden,
    internal,
    invalid,
    modified,
    not_found,
    unsupported_media_type,
)
from lab.apiserver.options import WriteOptions
from lab.apiserver.resources import Key, Manifest, Resource, Schema
from lab.apiserver.service_addresses import ServiceAddresses
from lab.apiserver.storage import Entry, Storage

_SYSTEM = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
           "resourceVersion", "selfLink")  # fmt: skip
Admission = Callable[[str, str, Manifest], None]
"""Called with the operation (CREATE, UPDATE, DELETE), plural.group and the object; raises ApiError to deny it."""
_PATCH_OPTIONS = Resource("meta.k8s.io", "v1", "patchoptions", "PatchOptions")


class Writer:
    """All writes but deletion. Every method returns the entry in the stored version and refuses with ApiError."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._addresses = ServiceAddresses(storage)
        self.admission: Admission | None = None
        """Validating webhooks."""

    def admit(self, operation: str, resource: Resource, manifest: Manifest, options: WriteOptions) -> None:
        """Raises the ApiError of a webhook that denies the write; they do not see subresources."""
        if self.admission is not None and options.admits and not options.subresource:
            self.admission(operation, resource.group_resource, self._as_stored(resource, manifest))

    def create(self, resource: Resource, namespace: str, body: Any, options: WriteOptions) -> Entry:
        """A new object from a body that belongs to us from now on."""
        new = self._decoded(resource, body, options)
        own = new["metadata"]
        if own.pop("resourceVersion", ""):
            raise internal("resourceVersion should not be set on objects to be created")
        bodies.place(new, resource, namespace)
        if not own.get("name") and own.get("generateName"):
            own["name"] = metadata.generated_name(own["generateName"])
        return self._store_new(resource, new, options)

    def update(self, resource: Resource, key: Key, body: Any, options: WriteOptions) -> Entry:
        """PUT: the whole object, guarded by resourceVersion and uid where the body carries them."""
        old = self._existing(resource, key)
        new = self._decoded(resource, body, options)
        uid, given = old.manifest["metadata"]["uid"], new["metadata"].get("uid")
        if given and given != uid:
            words = f"Precondition failed: UID in precondition: {given}, UID in object meta: {uid}"
            raise conflict(resource, key[1], words)
        if resource.custom and not new["metadata"].get("resourceVersion"):
            words = "0x0: must be specified for an update"  # as Go prints the number that is missing
            raise invalid(resource, key[1], [FieldError(INVALID, "metadata.resourceVersion", words)])
        return self._replace(resource, key, old, new, options)

    def patch(self, resource: Resource, key: Key, kind: str, body: Any, options: WriteOptions) -> tuple[Entry, bool]:
        """PATCH by media type; True if the object is new (apply only)."""
        if kind == patch.APPLY:
            return self._apply(resource, key, body, options)
        if options.force:
            words = "may not be specified for non-apply patch"
            raise invalid(_PATCH_OPTIONS, "", [FieldError(FORBIDDEN, "force", words)])
        old = self._existing(resource, key)
        before = schema.copy(old.view(resource).manifest)
        if kind == patch.JSON:
            patched = patch.json_patch(before, body)
        elif kind == patch.MERGE:
            patched = patch.merge_patch(before, body)
        elif kind == patch.STRATEGIC and not resource.custom:
            patched = patch.strategic_merge_patch(before, body, resource.schema)
        else:
            strategic = () if resource.custom else (patch.STRATEGIC,)
            raise unsupported_media_type((patch.JSON, patch.MERGE, *strategic, patch.APPLY))
        new = self._decoded(resource, patched, options)
        _require_uid(resource, old, new["metadata"].get("uid", ""))
        return self._replace(resource, key, old, new, options), False

    def _apply(self, resource: Resource, key: Key, body: Any, options: WriteOptions) -> tuple[Entry, bool]:
        if not options.manager:
            raise invalid(_PATCH_OPTIONS, "", [FieldError(REQUIRED, "fieldManager", "is required for apply patch")])
        applied = bodies.applied(resource, key, body)
        old = self.storage.entry(resource, key)
        given = applied["metadata"].get("uid", "")
        if old is None and options.subresource:
            raise not_found(resource, key[1])
        if old is None and given:
            words = f"uid mismatch: the provided object specified uid {given}, and no existing object was found"
            raise conflict(resource, key[1], words)
        author = ssa.Author(options.manager, resource.api_version, metadata.now(), options.subresource)
        live = old.view(resource).manifest if old else None
        merged = ssa.apply(live, applied, _full_schema(resource), author, force=options.force)
        new = self._decoded(resource, schema.copy(merged), options)
        applying = replace(options, tracks=False)
        if old is None:
            new["metadata"].pop("resourceVersion", None)
            return self._store_new(resource, new, applying), True
        if given:
            _require_uid(resource, old, given)
        return self._replace(resource, key, old, new, applying), False

    def _existing(self, resource: Resource, key: Key) -> Entry:
        entry = self.storage.entry(resource, key)
        if entry is None:
            raise not_found(resource, key[1])
        return entry

    def _decoded(self, resource: Resource, body: Any, options: WriteOptions) -> Manifest:
        return bodies.decoded(resource, body, options.validation, options.warnings)

    def _store_new(self, resource: Resource, new: Manifest, options: WriteOptions) -> Entry:
        own = new["metadata"]
        self._require_namespace(resource, own)
        if resource.resets_status:
            new.pop("status", None)
        for name in _SYSTEM:
            own.pop(name, None)
        own |= {"uid": str(uuid.uuid4()), "creationTimestamp": metadata.now()}
        if resource.counts_generation:
            own["generation"] = 1
        strategy.prepare(resource, new, None)
        self._judge(resource, new, None)
        self.admit("CREATE", resource, new, options)
        options.warnings.extend(strategy.warnings(resource, new))
        key = metadata.key_of(new)
        if self.storage.entry(resource, key) is not None:
            raise already_exists(resource, key[1])
        self._track(resource, None, new, options)
        return self._commit(resource, key, new, options)

    def _replace(self, resource: Resource, key: Key, old: Entry, new: Manifest, options: WriteOptions) -> Entry:
        """Store `new` (in the version of `resource`) in place of `old`, unless nothing changed."""
        before = old.view(resource).manifest
        if new["metadata"].get("resourceVersion", "") not in ("", str(old.version)):
            raise modified(resource, key[1])
        bodies.check_identity(new, key)
        new = bodies.writable_part(resource, before, new, options.subresource)
        own = new["metadata"]
        for name in _SYSTEM:
            own.pop(name, None)
            if name in before["metadata"]:
                own[name] = before["metadata"][name]
        strategy.prepare(resource, new, before)
        self._judge(resource, new, before)
        self.admit("UPDATE", resource, new, options)
        if resource.counts_generation and _spec_of(new) != _spec_of(before):
            own["generation"] = before["metadata"].get("generation", 0) + 1
        self._track(resource, before, new, options)
        if _same(new, before):
            return old
        return self._commit(resource, key, new, options)

    def _as_stored(self, resource: Resource, manifest: Manifest) -> Manifest:
        """In the stored version, which is that of MetalLB's webhooks, too (matchPolicy Equivalent)."""
        if resource.is_stored:
            return manifest
        stored = self.storage.registry.stored(resource)
        found = converted(manifest, stored)
        schema.default(found, stored.schema)
        return found

    def _track(self, resource: Resource, before: Manifest | None, new: Manifest, options: WriteOptions) -> None:
        if options.tracks:
            author = ssa.Author(options.manager, resource.api_version, metadata.now(), options.subresource)
            ssa.track_update(before, new, _full_schema(resource), author)

    def _require_namespace(self, resource: Resource, own: Manifest) -> None:
        if not resource.namespaced:
            return
        namespaces = self.storage.registry.find("namespaces")
        home = self.storage.entry(namespaces, ("", own["namespace"]))
        if home is None:
            raise not_found(namespaces, own["namespace"])
        if "deletionTimestamp" in home.manifest["metadata"]:
            words = f"unable to create new content in namespace {own['namespace']} because it is being terminated"
            raise forbidden(resource, own.get("name", ""), words)

    def _judge(self, resource: Resource, new: Manifest, old: Manifest | None) -> None:
        errors = list(metadata.faults(new, resource))
        if old is not None:
            errors += deletes.new_finalizers(new, old)
        before = cel.ABSENT if old is None else old
        errors += schema.validate(new, resource.schema, before, has_rules=resource.has_rules)
        if not errors:  # rules of single types count on the right shape
            errors += strategy.faults(resource, new, old)
        if errors:
            raise invalid(resource, new["metadata"].get("name", ""), errors)
        if resource.plural == "services" and not resource.group:
            self._addresses.furnish(resource, new, old)

    def _commit(self, resource: Resource, key: Key, new: Manifest, options: WriteOptions) -> Entry:
        stored, new = self.storage.registry.stored(resource), self._as_stored(resource, new)
        if options.dry_run:
            old = self.storage.entry(stored, key)
            if old is not None:
                new["metadata"]["resourceVersion"] = str(old.version)
            return Entry(new, old.version if old else 0)
        entry = self.storage.put(stored, key, new)
        if "deletionTimestamp" in new["metadata"] and not new["metadata"].get("finalizers"):
            return deletes.remove(self.storage, stored, key)
        return entry


def _require_uid(resource: Resource, old: Entry, given: str) -> None:
    if given != old.manifest["metadata"]["uid"]:
        error = FieldError(INVALID, "metadata.uid", "field is immutable", given)
        raise invalid(resource, old.manifest["metadata"]["name"], [error])


def _full_schema(resource: Resource) -> Schema:
    """With metadata, whose maps and lists are merged piece by piece in every type."""
    return {**resource.schema, "properties": {**(resource.schema.get("properties") or {}), "metadata": METADATA}}


def _spec_of(manifest: Manifest) -> Manifest:
    return {name: value for name, value in manifest.items() if name not in ("metadata", "status")}


def _same(new: Manifest, old: Manifest) -> bool:
    """Equal but for the times in managedFields."""

    def comparable(manifest: Manifest) -> Manifest:
        entries = [{**entry, "time": ""} for entry in manifest["metadata"].get("managedFields") or ()]
        return manifest | {"metadata": manifest["metadata"] | {"managedFields": entries}}

    return comparable(new) == comparable(old)
