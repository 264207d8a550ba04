"""The row of an edit that was accepted, with its audit entry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from clusters import clock
from clusters.changes import change_of
from clusters.edits.edit import Edit
from clusters.edits.overriding import NOTHING, Override
from clusters.edits.rebase import standing
from clusters.edits.trials import tried
from clusters.manifest import plain
from clusters.models import Change, Cluster, Resource, SyncState
from clusters.registry import rows_of
from clusters.sync import outbox
from clusters.sync.columns import desired_columns
from clusters.sync.findings import finding_columns
from clusters.sync.held import holders_of
from clusters.sync.references import references_write
from intent.confirmations import Confirmation
from intent.findings import Finding

_SETTLED = ["base", "live", "applied_revision", "sync_state", "sync_message", "refused_deletion"]
Actor = AbstractBaseUser | AnonymousUser | None


def key_of(actor: Actor) -> Any:
    """The actor's primary key, None for nobody."""
    return actor.pk if actor is not None else None


@dataclass(frozen=True, slots=True)
class Permit:
    """Why an edit may be saved: what was found in it, what of that is overridden, and what was confirmed."""

    found: tuple[Finding, ...] = ()
    override: Override = NOTHING
    confirmed: tuple[Confirmation, ...] = ()


def edit_save(
    edit: Edit, *, actor: Actor, source: str, message: str = "", accept: Collection[str] = (), permit: Permit
) -> Resource | None:
    """The row of an edit that was judged and, if it overrides rules, tried; None if others were faster."""
    found = permit.found
    try:
        with transaction.atomic():
            row = row_write(edit, found)
            if row is None:
                return None
            holders_check(edit.cluster, [edit])
            references_write(edit.cluster, [edit.ref])
            change = change_for(edit, row, actor=actor, source=source, message=message, accept=accept, found=found)
            change_overrides(change, permit.override)
            change_confirmed(change, permit.confirmed)
            change.save()
            outbox.enqueue(row)
    except (IntegrityError, ObjectDoesNotExist):  # made, deleted, or held, by somebody else meanwhile
        return None
    newest = rows_of(edit.kind.kind).select_related("cluster").filter(pk=row.pk).first()
    return newest or row  # a worker may have carried it out by now, and a deletion leaves no row


def row_write(edit: Edit, found: Sequence[Finding]) -> Resource | None:
    """Write the row in the caller's transaction; None if somebody else was faster.

    The same is meant by IntegrityError and by the model's DoesNotExist.
    """
    row = edit.row
    if row is None:
        return _new(edit, found)
    # A worker may have settled the edit before while this one was judged: the base is what stands now.
    current = rows_of(edit.kind.kind).select_for_update()
    row.refresh_from_db(fields=_SETTLED, from_queryset=current)
    mine = rows_of(edit.kind.kind).filter(pk=row.pk, revision=row.revision)
    return row if mine.update(**_values(edit, row, found)) else None


def holders_check(cluster: Cluster, edits: Iterable[Edit]) -> None:
    """Raise ObjectDoesNotExist if one got a row just now that a change set made and deleted while it was judged.

    Of rows that were there the revision tells.
    """
    if holders_of(cluster, [edit.ref for edit in edits if edit.row is None]):
        raise ObjectDoesNotExist


def change_for(  # keyword-only
    edit: Edit,
    row: Resource,
    *,
    actor: Actor,
    source: str,
    message: str,
    accept: Collection[str],
    found: Sequence[Finding],
) -> Change:
    """The audit entry of an edit whose row was written, not saved yet."""
    before = None if edit.row is None else standing(edit.row)  # what was refused has never stood
    revision = 1 if edit.row is None else edit.row.revision + 1
    change = change_of(row, before, plain(edit.manifest), source=source, revision=revision)
    change.actor_id, change.message = key_of(actor), message[:500]
    change.new_password = edit.new_password is not None
    change.accepted = sorted({finding.code for finding in found if finding.code in accept})
    if source == Change.Source.BROWSER:
        for name, value in tried(edit.cluster, edit.ref, change.after).items():
            setattr(change, name, value)
    return change


def change_confirmed(change: Change, confirmed: Sequence[Confirmation]) -> None:
    """Put into an audit entry what of the edit, or of all that were made with it, was confirmed."""
    change.accepted = sorted({*change.accepted, *map(str, confirmed)})


def change_overrides(change: Change, override: Override) -> None:
    """Put into an audit entry which rules were overridden and why: with a trial that the API server let pass."""
    if override.codes:
        told = override.columns | {"dry_run": Change.DryRun.ACCEPTED, "dry_run_message": ""}
        for name, value in told.items():
            setattr(change, name, value)


def _new(edit: Edit, found: Sequence[Finding]) -> Resource:
    row = edit.model(cluster=edit.cluster, namespace=edit.namespace, name=edit.name)
    desired = desired_columns(edit.model, edit.manifest or {}, inline_password=False)
    for name, value in {**desired, **finding_columns([finding.abridged() for finding in found])}.items():
        setattr(row, name, value)
    row.revision, row.sync_state = 1, SyncState.PENDING
    row.save(force_insert=True)
    return row


def _values(edit: Edit, row: Resource, found: Sequence[Finding]) -> dict[str, Any]:
    """Columns of the accepted edit; what was reviewed stays the base until the edit is through."""
    values: dict[str, Any] = {"revision": row.revision + 1, "deleting": edit.manifest is None}
    values |= {"refused_deletion": False}
    values |= {"base": row.base if row.pending else row.live, "attempts": 0, "retry_at": None}
    values |= {"sync_state": SyncState.PENDING, "sync_message": "", "sync_at": None, "updated_at": clock.now()}
    if edit.manifest is None:
        return values | {"sync_state": SyncState.DELETING}
    desired = desired_columns(edit.model, edit.manifest, inline_password=edit.inline_password)
    return values | desired | finding_columns([finding.abridged() for finding in found])
