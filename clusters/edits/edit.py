"""An edit before anything is saved: what shall be, what stands, and what the rules say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clusters.edits.rebase import keeps_inline_password
from clusters.kube.plain import PlainKind
from clusters.kube.redact import INLINE_PASSWORD, faults_of
from clusters.manifest import Object
from clusters.models import Cluster, Resource
from clusters.registry import resource_models
from clusters.secrets import looked_at, secret_of
from clusters.selectors import resource_list, snapshot_of
from intent.findings import ObjectRef
from intent.kinds import Kind
from intent.snapshot import Resource as Intended
from intent.snapshot import SecretFact, Snapshot


@dataclass(frozen=True, slots=True)
class Edit:
    """One object as it shall be; manifest None = it shall go.

    row: the row as it was read for this edit, None = there is none. inline_password: whether the object will carry
    `spec.password`. new_password: what must become a Secret first, None = nothing. clash: a password was given twice.
    recreate: it is deleted first, and made anew. moved: the cluster does not hold what was seen there. sent: the
    manifest as it came, which may be of another version.
    """

    cluster: Cluster
    model: type[Resource]
    namespace: str
    name: str
    row: Resource | None
    manifest: Object | None
    inline_password: bool = False
    new_password: str | None = None
    clash: bool = False
    recreate: bool = False
    moved: bool = False
    sent: Mapping[str, Any] | None = None

    @property
    def kind(self) -> Kind:
        """The kind of the object."""
        return self.model.KIND

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef(self.kind.kind, self.namespace, self.name)

    @property
    def live(self) -> Object | None:
        """The object as last seen in the cluster."""
        return None if self.row is None else self.row.live

    @property
    def after(self) -> Object | None:
        """The object as it shall be, with the mark of an inline password that stays."""
        if self.manifest is None or not self.inline_password:
            return self.manifest
        return {**self.manifest, INLINE_PASSWORD: (self.live or {}).get(INLINE_PASSWORD, "")}


@dataclass(frozen=True, slots=True)
class PlainEdit:
    """One object of Kubernetes itself as it shall be; manifest None = it shall go."""

    cluster: Cluster
    kind: PlainKind
    namespace: str
    name: str
    manifest: Object | None

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef(self.kind.kind, self.namespace, self.name)


def secret_name(peer: str) -> str:
    """The Secret that holds a password typed here."""
    return f"{peer}-bgp-password"


def prepare(
    cluster: Cluster, kind: str, namespace: str, name: str, manifest: Mapping[str, Any] | None, password: str | None
) -> Edit:
    """Read the row and give the manifest its final form.

    password: None = as it is, "" = without an inline one, else a new one; so does `spec.password` of the manifest.
    Raises KeyError for a kind without a model.
    """
    row = resource_list(kind, cluster=cluster).filter(namespace=namespace, name=name).first()
    return prepared(Edit(cluster, resource_models()[kind], namespace, name, row, None), manifest, password)


def prepared(edit: Edit, manifest: Mapping[str, Any] | None, password: str | None) -> Edit:
    """The same of a row that was read already."""
    model, namespace, name, row = edit.model, edit.namespace, edit.name, edit.row
    if manifest is None:
        return edit
    spec = dict(_mapping(manifest.get("spec")))
    typed = [spec.pop(field.name) for field in model.KIND.fields if field.secret and field.name in spec]
    if password is None and typed:
        password = typed[0] if isinstance(typed[0], str) else None if typed[0] else ""
    keeps = password is None and row is not None and keeps_inline_password(row)
    clash = False
    if password:
        named = _mapping(spec.get("passwordSecret")).get("name")
        clash = bool(named) and named != secret_name(name)
        spec = spec if clash else {**spec, "passwordSecret": {"name": secret_name(name)}}
    given = _mapping(manifest.get("metadata"))
    metadata: Object = {"name": name, "namespace": namespace}
    metadata |= {room: dict(_mapping(given[room])) for room in ("labels", "annotations") if given.get(room)}
    final = {"apiVersion": model.KIND.api_version, "kind": model.KIND.kind, "metadata": metadata, "spec": spec}
    return replace(
        edit, manifest=final, inline_password=keeps, new_password=password or None, clash=clash, sent=manifest
    )


def snapshots(edit: Edit, *, fresh: bool = True) -> tuple[Snapshot, Snapshot]:
    """The cluster as all accepted edits make it, without this edit and with it. fresh: as for with_edits."""
    before = snapshot_of(edit.cluster, desired=True)
    return before, with_edits([edit], before, fresh=fresh)


def with_edits(edits: Sequence[Edit], before: Snapshot, *, fresh: bool = False) -> Snapshot:
    """The cluster with the edits in it, each of another object.

    fresh: look at the Secrets that they name even if all was well with them.
    """
    kept = [(edit, edit.manifest) for edit in edits if edit.manifest is not None]
    after = before.without(*(edit.ref for edit in edits if edit.manifest is None))
    after = after.with_resources(_intended(edit, manifest) for edit, manifest in kept)
    typed = {secret_name(edit.name): edit for edit, _ in kept if edit.new_password is not None and not edit.clash}
    room = after.secret_namespace
    if typed:
        others = (fact for fact in after.secrets if fact.namespace != room or fact.name not in typed)
        after = replace(after, secrets=(*others, *(SecretFact(room, name) for name in typed)))
    names = [name for name in dict.fromkeys(secret_of(manifest["spec"]) for _, manifest in kept) if name not in typed]
    return looked_at(edits[0].cluster, after, names, fresh=fresh) if names else after


def _intended(edit: Edit, manifest: Object) -> Intended:
    metadata = manifest["metadata"]
    return Intended(
        ref=edit.ref,
        uid="" if edit.row is None else edit.row.uid,
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        spec=manifest["spec"],
        inline_password=edit.inline_password or edit.clash,
        live={} if edit.recreate else None,  # what is made anew may differ in everything
        password_faults=faults_of(str((edit.live or {}).get(INLINE_PASSWORD) or "")) if edit.inline_password else (),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
