"""Create, update and patch as the API server does them, without HTTP: decode, default, validate, track owners, store."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lab.apiserver import deletes, metadata, patch, schema, ssa, strategy
from lab.apiserver.builtin import METADATA
from lab.apiserver.errors import (
    FORBIDDEN,
    INVALID,
    REQUIRED,
    FieldError,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    internal,
    invalid,
    modified,
    not_found,
    undecodable,
    unsupported_patch,
)
from lab.apiserver.resources import Key, Manifest, Resource
from lab.apiserver.storage import Entry, Storage

_SYSTEM = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion", "selfLink")
_PATCH_OPTIONS = Resource("meta.k8s.io", "v1", "patchoptions", "PatchOptions")


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Query parameters of a write, and the warnings that its answer will carry."""

    manager: str = "unknown"
    tracks: bool = True
    """Keep managedFields; the lab's own writes may go without."""
    dry_run: bool = False
    force: bool = False
    validation: Literal["Strict", "Warn", "Ignore"] = "Warn"
    subresource: str = ""
    warnings: list[str] = field(default_factory=list)


class Writer:
    """All writes but deletion. Every method returns the entry in the stored version and refuses with ApiError."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def create(self, resource: Resource, namespace: str, body: Any, options: WriteOptions) -> Entry:
        """A new object from a body that belongs to us from now on."""
        new = self._decoded(resource, body, options)
        own = new["metadata"]
        if own.pop("resourceVersion", ""):
            raise internal("resourceVersion should not be set on objects to be created")
        _place(own, resource, namespace)
        if not own.get("name") and own.get("generateName"):
            own["name"] = metadata.generated_name(own["generateName"])
        return self._store_new(resource, new, options)

    def update(self, resource: Resource, key: Key, body: Any, options: WriteOptions) -> Entry:
        """PUT: the whole object, guarded by resourceVersion and uid where the body carries them."""
        old = self._existing(resource, key)
        new = self._decoded(resource, body, options)
        uid, given = old.manifest["metadata"]["uid"], new["metadata"].get("uid")
        if given and given != uid:
            raise conflict(resource, key[1], f"Precondition failed: UID in precondition: {given}, UID in object meta: {uid}")
        return self._replace(resource, key, old, new, options)

    def patch(self, resource: Resource, key: Key, kind: str, body: Any, options: WriteOptions) -> tuple[Entry, bool]:
        """PATCH by media type; True if the object is new (apply only)."""
        if kind == patch.APPLY:
            return self._apply(resource, key, body, options)
        if options.force:
            words = FieldError(FORBIDDEN, "force", "may not be specified for non-apply patch")
            raise invalid(_PATCH_OPTIONS, "", [words])
        old = self._existing(resource, key)
        before = schema.copy(old.view(resource).manifest)
        if kind == patch.JSON:
            new = patch.json_patch(before, body)
        elif kind == patch.MERGE:
            new = patch.merge_patch(before, body)
        elif kind == patch.STRATEGIC and not resource.custom:
            new = patch.strategic_merge_patch(before, body, resource.schema)
        else:
            strategic = () if resource.custom else (patch.STRATEGIC,)
            raise unsupported_patch((patch.JSON, patch.MERGE, *strategic, patch.APPLY))
        new = self._decoded(resource, new, options)
        given = new["metadata"].get("uid")
        if given != old.manifest["metadata"]["uid"]:
            raise invalid(resource, key[1], [FieldError(INVALID, "metadata.uid", "field is immutable", given or "")])
        return self._replace(resource, key, old, new, options), False

    def _apply(self, resource: Resource, key: Key, body: Any, options: WriteOptions) -> tuple[Entry, bool]:
        if options.manager in ("", "unknown"):
            raise invalid(_PATCH_OPTIONS, "", [FieldError(REQUIRED, "fieldManager", "is required for apply patch")])
        applied = self._applied(resource, key, body)
        old = self.storage.entry(resource, key)
        author = ssa.Author(options.manager, resource.api_version, metadata.now(), options.subresource)
        live = old.view(resource).manifest if old else None
        given = applied["metadata"].get("uid")
        if live is None and options.subresource:
            raise not_found(resource, key[1])
        if live is None and given:
            words = f"uid mismatch: the provided object specified uid {given}, and no existing object was found"
            raise conflict(resource, key[1], words)
        merged = ssa.apply(live, applied, _full_schema(resource), author, force=options.force)
        new = self._decoded(resource, schema.copy(merged), options)
        applying = replace(options, tracks=False)
        if old is None:
            new["metadata"].pop("resourceVersion", None)
            return self._store_new(resource, new, applying), True
        if given and given != old.manifest["metadata"]["uid"]:
            raise invalid(resource, key[1], [FieldError(INVALID, "metadata.uid", "field is immutable", given)])
        return self._replace(resource, key, old, new, applying), False

    def _applied(self, resource: Resource, key: Key, body: Any) -> Manifest:
        applied: Manifest = _checked(resource, body)
        if applied["metadata"].get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        applied["metadata"].setdefault("name", key[1])
        if resource.namespaced:
            applied["metadata"].setdefault("namespace", key[0])
        _check_identity(applied, key)
        unknown = schema.prune(schema.copy(applied), resource.schema)
        if unknown:
            typed = f"({key[0]}/{key[1]}; {resource.api_version}, Kind={resource.kind})"
            fields = ", ".join(f".{name}: field not declared in schema" for name in unknown)
            raise internal(f"failed to create typed patch object {typed}: {fields}")
        return applied

    def _existing(self, resource: Resource, key: Key) -> Entry:
        entry = self.storage.entry(resource, key)
        if entry is None:
            raise not_found(resource, key[1])
        return entry

    def _decoded(self, resource: Resource, body: Any, options: WriteOptions) -> Manifest:
        """The object pruned and defaulted; unknown fields are refused, warned about or dropped."""
        manifest = _checked(resource, body)
        unknown = schema.prune(manifest, resource.schema)
        texts = [f'unknown field "{name}"' for name in unknown]
        if texts and options.validation == "Strict":
            raise undecodable(resource, "strict decoding error: " + ", ".join(texts))
        if options.validation == "Warn":
            options.warnings.extend(text for text in texts if text not in options.warnings)
        schema.default(manifest, resource.schema)
        return manifest

    def _store_new(self, resource: Resource, new: Manifest, options: WriteOptions) -> Entry:
        own = new["metadata"]
        self._require_namespace(resource, own)
        if resource.custom and "status" in resource.subresources:
            new.pop("status", None)
        own |= {"uid": str(uuid.uuid4()), "creationTimestamp": metadata.now()}
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            own.pop(name, None)
        if resource.counts_generation:
            own["generation"] = 1
        strategy.prepare(resource, new, None)
        self._judge(resource, new, None)
        key = metadata.key_of(new)
        if self.storage.entry(resource, key) is not None:
            raise already_exists(resource, key[1])
        self._track(resource, None, new, options)
        return self._commit(resource, key, new, options)

    def _replace(self, resource: Resource, key: Key, old: Entry, new: Manifest, options: WriteOptions) -> Entry:
        """Store `new` (in the version of `resource`) in place of `old`, unless nothing changed."""
        before, own = old.view(resource).manifest, new["metadata"]
        if own.get("resourceVersion", "") not in ("", str(old.version)):
            raise modified(resource, key[1])
        _check_identity(new, key)
        new = _writable_part(resource, before, new, options.subresource)
        own = new["metadata"]
        for name in _SYSTEM:
            own.pop(name, None)
            if name in before["metadata"]:
                own[name] = before["metadata"][name]
        strategy.prepare(resource, new, before)
        self._judge(resource, new, before)
        if resource.counts_generation and _spec_of(new) != _spec_of(before):
            own["generation"] = before["metadata"].get("generation", 0) + 1
        self._track(resource, before, new, options)
        if _same(new, before):
            return old
        return self._commit(resource, key, new, options)

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
        if old is not None and "deletionTimestamp" in old["metadata"]:
            errors += deletes.new_finalizers(new, old)
        if not errors or all(error.field != "metadata.name" for error in errors):
            errors += strategy.faults(resource, new, old)
            errors += schema.validate(new, resource.schema) if old is None else schema.validate(new, resource.schema, old)
        if errors:
            raise invalid(resource, new["metadata"].get("name", ""), errors)

    def _commit(self, resource: Resource, key: Key, new: Manifest, options: WriteOptions) -> Entry:
        stored = self.storage.registry.stored(resource)
        if not resource.is_stored:
            new["apiVersion"] = stored.api_version
            schema.prune(new, stored.schema)
            schema.default(new, stored.schema)
        if options.dry_run:
            old = self.storage.entry(stored, key)
            if old is not None:
                new["metadata"]["resourceVersion"] = str(old.version)
            return Entry(new, old.version if old else 0)
        entry = self.storage.put(stored, key, new)
        if "deletionTimestamp" in new["metadata"] and not new["metadata"].get("finalizers"):
            return deletes.remove(self.storage, stored, key)
        return entry


def _checked(resource: Resource, body: Any) -> Manifest:
    """The body as an object of this type, or ApiError 400."""
    if not isinstance(body, dict):
        raise undecodable(resource, "Object 'Kind' is missing")
    manifest: Manifest = body
    api_version, kind = manifest.setdefault("apiVersion", resource.api_version), manifest.setdefault("kind", resource.kind)
    if kind != resource.kind:
        raise bad_request(f"the kind in the data ({kind}) does not match the expected kind ({resource.kind})")
    if api_version != resource.api_version:
        words = f"the API version in the data ({api_version}) does not match the expected API version ({resource.api_version})"
        raise bad_request(words)
    manifest.setdefault("metadata", {})
    metadata.check_types(manifest, resource)
    return manifest


def _place(own: Manifest, resource: Resource, namespace: str) -> None:
    if not resource.namespaced:
        own.pop("namespace", None)
    elif own.setdefault("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def _check_identity(manifest: Manifest, key: Key) -> None:
    own = manifest["metadata"]
    name, namespace = own.setdefault("name", key[1]), own.setdefault("namespace", key[0]) if key[0] else ""
    if name != key[1]:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({key[1]})")
    if namespace != key[0]:
        raise bad_request(f"the namespace of the object ({namespace}) does not match the namespace on the URL ({key[0]})")


def _writable_part(resource: Resource, before: Manifest, new: Manifest, subresource: str) -> Manifest:
    """The main endpoint leaves the status alone, the status endpoint everything else."""
    if subresource == "status":
        own = schema.copy(before["metadata"])
        own.pop("managedFields", None)
        if "managedFields" in new["metadata"]:
            own["managedFields"] = new["metadata"]["managedFields"]
        kept = {name: value for name, value in before.items() if name not in ("metadata", "status")}
        return schema.copy(kept) | {"metadata": own} | ({"status": new["status"]} if "status" in new else {})
    if "status" in resource.subresources:
        new.pop("status", None)
        return new | ({"status": schema.copy(before["status"])} if "status" in before else {})
    return new


def _full_schema(resource: Resource) -> dict[str, Any]:
    properties = resource.schema.get("properties") or {}
    return {**resource.schema, "properties": {**properties, "metadata": METADATA}}


def _spec_of(manifest: Manifest) -> Manifest:
    return {name: value for name, value in manifest.items() if name not in ("metadata", "status")}


def _same(new: Manifest, old: Manifest) -> bool:
    """Equal but for the times in managedFields."""

    def comparable(manifest: Manifest) -> Manifest:
        entries = [{**entry, "time": ""} for entry in manifest["metadata"].get("managedFields") or ()]
        return manifest | {"metadata": manifest["metadata"] | {"managedFields": entries}}

    return comparable(new) == comparable(old)

