"""An edit before anything is saved: what shall be, what stands, and what the rules say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clusters.edits.rebase import keeps_inline_password
from clusters.kube.plain import PlainKind
from clusters.kube.redact import INLINE_PASSWORD
from clusters.manifest import Object
from clusters.models import Cluster, Resource
from clusters.registry import resource_models
from clusters.secrets import looked_at, secret_of
from clusters.selectors import is_active, resource_list, snapshot_of
from clusters.sync import ownership
from clusters.sync.held import holders_of
from intent import rules
from intent.findings import Finding, ObjectRef, Severity
from intent.kinds import Kind
from intent.modes import Mode
from intent.snapshot import Resource as Intended
from intent.snapshot import SecretFact, Snapshot

HELD = "held-by-change-set"


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
    """The cluster as all accepted edits make it, without this edit and with it. fresh: as for with_edit."""
    before = snapshot_of(edit.cluster, desired=True)
    return before, with_edit(edit, before, fresh=fresh)


def with_edit(edit: Edit, before: Snapshot, *, fresh: bool = False) -> Snapshot:
    """The cluster with the edit in it. fresh: look at the Secret that it names even if all was well with it."""
    if edit.manifest is None:
        return before.without(edit.ref)
    metadata = edit.manifest["metadata"]
    intended = Intended(
        ref=edit.ref,
        uid="" if edit.row is None else edit.row.uid,
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        spec=edit.manifest["spec"],
        inline_password=edit.inline_password or edit.clash,
        live={} if edit.recreate else None,  # what is made anew may differ in everything
    )
    after = before.with_resource(intended)
    if edit.new_password is not None and not edit.clash:
        room, name = after.secret_namespace, secret_name(edit.name)
        others = (fact for fact in after.secrets if (fact.namespace, fact.name) != (room, name))
        return replace(after, secrets=(*others, SecretFact(room, name)))
    return looked_at(edit.cluster, after, [secret_of(edit.manifest["spec"])], fresh=fresh)


def judge(
    edit: Edit,
    after: Snapshot,
    given: Mapping[str, Any] | None = None,
    *,
    checked: Iterable[Finding] | None = None,
    held: Mapping[ObjectRef, int] | None = None,
) -> list[Finding]:
    """All findings that involve the object as it shall be. given: the manifest as it was sent, to judge its form.

    checked: what the rules say of it in that snapshot, if they were asked already. held: the objects that change sets
    hold, if that was asked already.
    """
    found = [*connected(edit), *_owner(edit), *_held(edit, held)]
    if edit.manifest is None:
        found += rules.check_deletion(after, Intended.from_manifest(edit.live)) if edit.live is not None else []
    else:
        found += rules.check(after, {edit.ref}) if checked is None else checked
        # Beside all others the same finding also knows the nodes that it concerns.
        known = {replace(finding, nodes=()) for finding in found}
        found += [finding for finding in _alone(edit, after, given) if replace(finding, nodes=()) not in known]
    return found


def _alone(edit: Edit, after: Snapshot, given: Mapping[str, Any] | None) -> list[Finding]:
    """What the rules about single objects say of the text that was sent, and of a new password."""

    def check(manifest: Mapping[str, Any], *, inline_password: bool) -> list[Finding]:
        return rules.check_object(
            manifest,
            mode=after.mode,
            version=after.version,
            namespace=after.namespace,
            secret_namespace=after.secret_namespace,
            inline_password=inline_password,
            old=None if edit.recreate else (edit.live or {}).get("spec"),
        )

    found = []
    if given is not None:
        named = {**_mapping(given.get("metadata")), "name": edit.name, "namespace": edit.namespace}
        sent = {**given, "kind": given.get("kind", edit.kind.kind), "metadata": named}
        if isinstance(given.get("spec"), Mapping):
            sent["spec"] = _without_password(edit.kind, given["spec"])
        found += check(sent, inline_password=edit.inline_password or edit.clash)
    return found + judge_password(edit)


def judge_password(edit: Edit) -> list[Finding]:
    """What the rules say of a new password by itself."""
    if edit.new_password is None or edit.manifest is None:
        return []
    cluster = edit.cluster
    about = rules.check_object(
        {**edit.manifest, "spec": {**edit.manifest["spec"], "password": edit.new_password}},
        mode=Mode(cluster.mode),
        version=cluster.metallb_version,
        namespace=cluster.namespace,
    )
    return [f for f in about if f.field == "spec.password" and f.severity is Severity.ERROR]


def _without_password(kind: Kind, spec: Mapping[str, Any]) -> Object:
    """The spec without a password that is a text: it becomes a Secret. Anything else is a mistake to be told."""
    texts = {f.name for f in kind.fields if f.secret and isinstance(spec.get(f.name), str | None)}
    return {name: value for name, value in spec.items() if name not in texts}


def connected(edit: Edit) -> list[Finding]:
    """A cluster that was taken out of the settings is remembered, and not written to."""
    name = edit.cluster.name
    if is_active(name):
        return []
    message = f"bgpui is not connected to cluster {name} any more: its settings do not name it."
    hint = "Name the cluster in BGPUI_CLUSTERS again."
    return [Finding("cluster-not-connected", Severity.ERROR, "", name, message, "settings", hint, (edit.ref,))]


def _held(edit: Edit, held: Mapping[ObjectRef, int] | None) -> list[Finding]:
    """Objects of a change set that is not settled wait for its outcome."""
    if held is None:
        held = {} if edit.row is None else holders_of(edit.cluster, [edit.ref])
    number = held.get(edit.ref)
    if number is None:
        return []
    message = f"Change set {number} is not settled yet, and this object is part of it."
    hint = f"Wait for change set {number}, or give it up on its page."
    return [Finding(HELD, Severity.ERROR, "", str(number), message, "bgpui", hint, (edit.ref,))]


def _owner(edit: Edit) -> list[Finding]:
    """Objects of GitOps tools, Helm and operators are read-only."""
    owner = ownership.looked_after_by(edit.live) if edit.live is not None else ""
    if not owner:
        return []
    message = f"{owner} looks after this object and would undo the change, or be broken by it."
    hint = "Make the change where that tool takes the object from; export a patch for it."
    return [Finding("managed-elsewhere", Severity.ERROR, "", owner[:200], message, "field managers", hint, (edit.ref,))]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
