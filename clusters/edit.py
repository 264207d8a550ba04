"""An edit before anything is saved: what shall be, what stands, and what the rules say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clusters.kube.redact import INLINE_PASSWORD
from clusters.manifest import Object
from clusters.models import Cluster, Resource
from clusters.registry import resource_models
from clusters.selectors import resource_list, snapshot_of
from clusters.sync import ownership
from intent import rules
from intent.findings import Finding, ObjectRef, Severity
from intent.kinds import Kind
from intent.snapshot import Resource as Intended
from intent.snapshot import SecretFact, Snapshot

_PASSWORD_BYTES = 80  # FRR's limit for TCP MD5


@dataclass(frozen=True, slots=True)
class Edit:
    """One object as it shall be; manifest None = it shall go.

    row: the row as it was read for this edit, None = there is none. inline_password: whether the object will carry
    `spec.password`. new_password: what must become a Secret first, None = nothing. clash: a password was given twice.
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


def secret_name(peer: str) -> str:
    """The Secret that holds a password typed here."""
    return f"{peer}-bgp-password"


def prepare(
    cluster: Cluster, kind: str, namespace: str, name: str, manifest: Mapping[str, Any] | None, password: str | None
) -> Edit:
    """Read the row and give the manifest its final form.

    password: None = as it is, "" = without an inline one, else a new one; `spec.password` of the manifest means the same.
    Raises KeyError for a kind without a model.
    """
    model = resource_models()[kind]
    row = resource_list(kind, cluster=cluster).filter(namespace=namespace, name=name).first()
    edit = Edit(cluster, model, namespace, name, row, None)
    if manifest is None:
        return edit
    spec = dict(_mapping(manifest.get("spec")))
    typed = [spec.pop(field.name) for field in model.KIND.fields if field.secret and field.name in spec]
    if password is None and typed:
        password = typed[0] if isinstance(typed[0], str) else ""
    keeps = password is None and row is not None and row.inline_password
    clash = False
    if password:
        named = _mapping(spec.get("passwordSecret")).get("name")
        clash = bool(named) and named != secret_name(name)
        spec = spec if clash else {**spec, "passwordSecret": {"name": secret_name(name)}}
    given = _mapping(manifest.get("metadata"))
    metadata: Object = {"name": name, "namespace": namespace}
    metadata |= {room: dict(_mapping(given[room])) for room in ("labels", "annotations") if given.get(room)}
    final = {"apiVersion": model.KIND.api_version, "kind": kind, "metadata": metadata, "spec": spec}
    return replace(edit, manifest=final, inline_password=keeps, new_password=password or None, clash=clash)


def snapshots(edit: Edit) -> tuple[Snapshot, Snapshot]:
    """The cluster as all accepted edits make it, without this edit and with it."""
    before = snapshot_of(edit.cluster, desired=True)
    if edit.manifest is None:
        return before, before.without(edit.ref)
    metadata = edit.manifest["metadata"]
    intended = Intended(
        ref=edit.ref,
        uid="" if edit.row is None else edit.row.uid,
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        spec=edit.manifest["spec"],
        inline_password=edit.inline_password or edit.clash,
    )
    after = before.with_resource(intended)
    if edit.new_password is not None and not edit.clash:
        name = secret_name(edit.name)
        others = (fact for fact in after.secrets if (fact.namespace, fact.name) != (edit.namespace, name))
        after = replace(after, secrets=(*others, SecretFact(edit.namespace, name)))
    return before, after


def judge(edit: Edit, after: Snapshot, given: Mapping[str, Any] | None = None) -> list[Finding]:
    """All findings that involve the object as it shall be. given: the manifest as it was sent, for what its form breaks."""
    found = _password(edit) + _owner(edit)
    if edit.manifest is not None:
        found += rules.check(after, {edit.ref})
    if given is not None:
        envelope = {**given, "metadata": {**edit_metadata(given), "name": edit.name, "namespace": edit.namespace}}
        known = {(finding.code, finding.field) for finding in found}
        own = rules.check_object(
            envelope,
            mode=after.mode,
            version=after.version,
            namespace=after.namespace,
            inline_password=edit.inline_password or edit.clash,
        )
        found += [finding for finding in own if (finding.code, finding.field) not in known]
    return found


def edit_metadata(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata of a manifest of any quality."""
    return _mapping(given.get("metadata"))


def _password(edit: Edit) -> list[Finding]:
    password = edit.new_password
    if password is None:
        return []
    message, hint = "", "Choose another password, and give the router the same one."
    if not 1 <= len(password.encode("utf-8", "surrogatepass")) <= _PASSWORD_BYTES:
        message = f"A TCP MD5 password has 1 to {_PASSWORD_BYTES} bytes."
    elif not password.isprintable():
        message = "A password must not hold line ends or other control characters: FRR reads it from a line of text."
    return [_finding(edit, "password-unusable", "spec.password", message, "FRR", hint)] if message else []


def _owner(edit: Edit) -> list[Finding]:
    owner = ownership.looked_after_by(edit.live) if edit.live is not None else ""
    if not owner:
        return []
    message = f"{owner} looks after this object and would undo the change, or be broken by it."
    hint = "Make the change where that tool takes the object from; export a patch for it."
    return [_finding(edit, "managed-elsewhere", "", message, "field managers", hint)]


def _finding(edit: Edit, code: str, field: str, message: str, source: str, hint: str) -> Finding:
    return Finding(code, Severity.ERROR, field, "", message, source, hint, (edit.ref,))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
