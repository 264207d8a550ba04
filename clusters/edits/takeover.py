"""An administrator takes an object over from the tool that looks after it: its fields become ours, its values stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from clusters.edits import judging
from clusters.edits.edit import Edit, prepare, snapshots
from clusters.edits.judging import OWNED
from clusters.edits.refusals import Refused, RevisionMismatch
from clusters.edits.saving import Actor, change_for, key_of, row_write
from clusters.models import Resource, SyncState, TakeOver
from clusters.sync import outbox
from clusters.sync.owners import Owner, owner_of
from clusters.sync.ownership import Manager, is_persons, managers
from clusters.sync.takes import Take, is_taken
from intent.findings import Finding, Severity

_NEEDED = (judging.HELD, "cluster-not-connected")  # what forbids to write at all
_WORDS = 253


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose object it is. owner: None = people write it. take: the take-over that counts, None = there is none.

    managers: who holds fields, and whether they move to bgpui when it is taken over, or at the next edit.
    """

    owner: Owner | None
    take: TakeOver | None
    managers: tuple[tuple[Manager, bool], ...]

    @property
    def read_only(self) -> bool:
        """Whether an edit is refused."""
        return self.owner is not None and self.take is None


def ownership_of(row: Resource) -> Ownership:
    """Whose object a row's is; a query if a tool looks after it."""
    live = row.live or {}
    owner = owner_of(live)
    take = None
    if owner is not None:
        place = {"kind": row.KIND.kind, "namespace": row.namespace, "name": row.name}
        take = TakeOver.objects.filter(cluster=row.cluster, **place).select_related("actor").first()
        if take is not None and not is_taken(Take(take.uid, take.moved), live):
            take = None
    held = tuple((one, owner is not None or is_persons(one.name)) for one in managers(live) if _writes(one))
    return Ownership(owner, take, held)


def _writes(manager: Manager) -> bool:
    metadata = manager.fields.get("f:metadata") or {}
    return "f:spec" in manager.fields or bool({"f:labels", "f:annotations"} & metadata.keys())


def resource_take_over(
    *, row: Resource, actor: Actor, source: str, reason: str, base_revision: int | None = None
) -> Resource:
    """Accept that the object is ours from now on, and return its row (pending): a worker moves the fields.

    Raises Refused if nobody but people looks after it or an edit of it is not settled, RevisionMismatch.
    """
    edit = prepare(row.cluster, row.KIND.kind, row.namespace, row.name, row.manifest, None)
    current = edit.row
    if current is None or (base_revision is not None and base_revision != current.revision):
        raise RevisionMismatch(0 if current is None else current.revision)
    owned = ownership_of(current)
    if owned.owner is None or owned.take is not None:
        raise Refused([_refusal(edit, "not-owned", "No tool looks after this object; it can be edited.", "")])
    if current.pending or current.sync_state != SyncState.IN_SYNC:
        text, hint = "An edit of this object is not settled.", "Wait for it, or give it up on the object's page."
        raise Refused([_refusal(edit, "edit-not-settled", text, hint)])
    found = judging.judge(edit, snapshots(edit)[1])
    if stop := [finding for finding in found if finding.code in _NEEDED]:
        raise Refused(stop)
    saved = _saved(edit, current, owned.owner, [one for one in found if one.code != OWNED], actor, source, reason)
    if saved is None:
        raise RevisionMismatch(current.revision)
    return saved


def _saved(
    edit: Edit, row: Resource, owner: Owner, found: list[Finding], actor: Actor, source: str, reason: str
) -> Resource | None:
    words = owner.words[:_WORDS]
    with transaction.atomic():
        written = row_write(edit, found)
        if written is None:
            return None
        message = f"Taken over from {words}."
        change = change_for(edit, row, actor=actor, source=source, message=message, accept=(), found=found)
        change.overridden, change.override_reason = [OWNED], reason
        change.save()
        told: dict[str, Any] = {"uid": row.uid, "owner": words, "reason": reason, "moved": False}
        told["actor_id"] = key_of(actor)
        TakeOver.objects.update_or_create(
            cluster=row.cluster, kind=row.KIND.kind, namespace=row.namespace, name=row.name, defaults=told
        )
        outbox.enqueue(written)
    written.refresh_from_db()
    return written


def _refusal(edit: Edit, code: str, text: str, hint: str) -> Finding:
    return Finding(code, Severity.ERROR, "", "", text, "field managers", hint, (edit.ref,))
