"""What forbids an edit, or is to be said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from clusters.edits.edit import Edit
from clusters.edits.standing import with_standing
from clusters.manifest import Object
from clusters.models import Cluster
from clusters.selectors import is_active
from clusters.sync.held import holders_of
from clusters.sync.owners import looked_after_by
from clusters.sync.takes import Take, is_taken, takes_of
from intent import rules
from intent.findings import Finding, ObjectRef, Severity
from intent.kinds import Kind
from intent.modes import Mode
from intent.snapshot import Resource as Intended
from intent.snapshot import Snapshot, mapping

HELD = "held-by-change-set"
OWNED = "managed-elsewhere"


def judge(
    edit: Edit,
    after: Snapshot,
    given: Mapping[str, Any] | None = None,
    *,
    checked: Iterable[Finding] | None = None,
    held: Mapping[ObjectRef, int] | None = None,
    taken: Mapping[ObjectRef, Take] | None = None,
    now: Snapshot | None = None,
) -> list[Finding]:
    """All findings that involve the object as it shall be. given: the manifest as it was sent, to judge its form.

    checked: what the rules say of it in that snapshot, if they were asked already. held: the objects that change sets
    hold, if that was asked already; taken: those that were taken over, likewise. now: the cluster without the edit and
    those that are made together with it, None = it is alone.
    """
    found = [*connected(edit), *_owner(edit, taken), *_held(edit, held)]
    if edit.manifest is None:
        found += rules.check_deletion(after, Intended.from_manifest(edit.live)) if edit.live is not None else []
    else:
        found += rules.check(after, {edit.ref}) if checked is None else checked
        # Beside all others the same finding also knows the nodes that it concerns.
        known = {replace(finding, nodes=()) for finding in found}
        found += [finding for finding in _alone(edit, after, given) if replace(finding, nodes=()) not in known]
    return with_standing(edit, after, found, now)


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
            served=after.served_fields.get(edit.kind.kind, frozenset()),
        )

    found = []
    if given is not None:
        named = {**mapping(given.get("metadata")), "name": edit.name, "namespace": edit.namespace}
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
    return [f for f in about if f.field == "spec.password" and f.code != "password-inline"]


def _without_password(kind: Kind, spec: Mapping[str, Any]) -> Object:
    """The spec without a password that is a text: it becomes a Secret. Anything else is a mistake to be told."""
    texts = {f.name for f in kind.fields if f.secret and isinstance(spec.get(f.name), str | None)}
    return {name: value for name, value in spec.items() if name not in texts}


def connected(edit: Edit) -> list[Finding]:
    """A cluster that is only remembered is not written to."""
    cluster = edit.cluster
    if is_active(cluster):
        return []
    message, hint = f"Cluster {cluster.name} is switched off.", "Let an administrator switch it on, on its page."
    if cluster.removed_at is not None:
        message, hint = f"Cluster {cluster.name} was removed.", "Let an administrator add it again."
    elif cluster.source == Cluster.Source.SETTINGS:
        message = f"bgpui is not connected to cluster {cluster.name} any more: its settings do not name it."
        hint = "Name the cluster in BGPUI_CLUSTERS again."
    return [Finding("cluster-not-connected", Severity.ERROR, "", cluster.name, message, "settings", hint, (edit.ref,))]


def _held(edit: Edit, held: Mapping[ObjectRef, int] | None) -> list[Finding]:
    """Objects of a change set that is not settled wait for its outcome."""
    if held is None:
        held = holders_of(edit.cluster, [edit.ref])  # also of an object without a row: what a trial deleted may return
    return held_by(edit.ref, held)


def held_by(ref: ObjectRef, held: Mapping[ObjectRef, int]) -> list[Finding]:
    """The same of any object, `held` being what change sets hold."""
    number = held.get(ref)
    if number is None:
        return []
    message = f"Change set {number} is not settled yet, or on trial, and this object is part of it."
    hint = f"Wait for change set {number}, or give it up on its page; one on trial is kept or reverted there."
    return [Finding(HELD, Severity.ERROR, "", str(number), message, "bgpui", hint, (ref,))]


def _owner(edit: Edit, taken: Mapping[ObjectRef, Take] | None) -> list[Finding]:
    """Objects of GitOps tools, Helm and operators are read-only until an administrator takes them over."""
    owner = looked_after_by(edit.live) if edit.live is not None else ""
    if not owner or edit.live is None:
        return []
    taken = takes_of(edit.cluster, [edit.ref]) if taken is None else taken
    if is_taken(taken.get(edit.ref), edit.live):
        return []
    message = f"{owner} looks after this object and would undo the change, or be broken by it."
    hint = "Make the change where that tool takes the object from, with an exported patch; or take the object over."
    return [Finding(OWNED, Severity.ERROR, "", owner[:200], message, "field managers", hint, (edit.ref,))]
