"""Accepting several edits as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from clusters import clock
from clusters.changesets.judge import SomeRefused, judge_together, stop
from clusters.changesets.wanted import AnyEdit, Wanted, action_of, looked_at, prepare_all
from clusters.edits.edit import Edit, PlainEdit
from clusters.edits.meaning import Meaning
from clusters.edits.overriding import NOTHING, Override, trial_passes
from clusters.edits.refusals import Refused, RevisionMismatch, Unconfirmed
from clusters.edits.saving import (
    Actor,
    change_confirmed,
    change_for,
    change_overrides,
    holders_check,
    key_of,
    row_write,
)
from clusters.manifest import plain
from clusters.models import Change, ChangeSet, ChangeSetItem, Cluster, Resource, SyncState, Trial
from clusters.sync import outbox
from clusters.sync.held import holders_of
from clusters.sync.references import references_write
from clusters.trials.stays import stays_of
from intent.confirmations import Confirmation, unconfirmed
from intent.findings import Finding, ObjectRef

MOST = 1000  # objects of one change set
_TRIES = 5  # against others that write the same rows at the same time


def changeset_save(
    *,
    cluster: Cluster,
    edits: Sequence[Wanted],
    actor: Actor,
    source: str,
    accept: Collection[str] = (),
    override: Override = NOTHING,
    note: str = "",
    window: timedelta | None = None,
) -> ChangeSet | None:
    """Accept all the edits or none: rows, items and audit entries in one transaction, then a task that applies them.

    override: rules that an administrator overrides, if the API server accepts those edits in a dry run. window: all is
    reverted unless it is confirmed within it; None = it is not on trial. None if every object stands as it shall.
    Raises SomeRefused, Unconfirmed, RevisionMismatch, ClusterUnreachable; KeyError for an unknown kind.
    """
    wanted = [(cluster, edit) for edit in edits]
    more: dict[str, Any] = {"accept": accept, "override": override, "note": note, "window": window}
    made = changesets_save(wanted=wanted, actor=actor, source=source, **more)
    return made[0] if made else None


def changesets_save(
    *,
    wanted: Sequence[tuple[Cluster, Wanted]],
    actor: Actor,
    source: str,
    accept: Collection[str] = (),
    override: Override = NOTHING,
    note: str = "",
    window: timedelta | None = None,
) -> list[ChangeSet]:
    """The same for several clusters: accepted together, but each cluster applies or takes back its own."""
    for _ in range(_TRIES):
        edits = looked_at(_prepared(wanted))
        judged = judge_together(edits, on_trial=window is not None)
        stop(judged.findings, accept, override)
        meant = {one.cluster.pk: one.harm(stays=window is not None) for one in judged.meant}
        needed = [one for each in meant.values() for one in each.confirm]
        if left := unconfirmed(needed, accept):
            raise Unconfirmed(left)
        _tried(edits, judged.findings, override)
        audit = _Audit(actor, source, accept, override, note, needed, window, meant)
        todo = [(edits[index], judged.findings[index]) for index in judged.order if action_of(edits[index])]
        clusters = list({edit.cluster.pk: edit.cluster for edit, _ in todo}.values())
        try:
            with transaction.atomic():
                return [_saved(one, [pair for pair in todo if pair[0].cluster == one], audit) for one in clusters]
        except (IntegrityError, ObjectDoesNotExist, _OvertakenError):  # somebody else wrote one of them meanwhile
            continue
    raise RevisionMismatch(0, note="Others change these objects all the time.")


def _tried(edits: Sequence[AnyEdit], found: Sequence[Sequence[Finding]], override: Override) -> None:
    """Raise SomeRefused if the API server says no to one for which a rule is overridden, or ClusterUnreachable."""
    refused: list[Sequence[Finding]] = [()] * len(edits)
    for index, (edit, some) in enumerate(zip(edits, found, strict=True)):
        if override.of(some).codes:
            try:
                trial_passes(edit, edits)
            except Refused as error:
                refused[index] = error.findings
    if any(refused):
        raise SomeRefused(refused)


class _OvertakenError(Exception):
    """Somebody else saved one of the rows since it was judged."""


def _prepared(wanted: Sequence[tuple[Cluster, Wanted]]) -> list[AnyEdit]:
    """The edits in the order given. Raises RevisionMismatch."""
    found: dict[int, AnyEdit] = {}
    for cluster in {cluster.pk: cluster for cluster, _ in wanted}.values():
        mine = [index for index, (of, _) in enumerate(wanted) if of == cluster]
        found |= dict(zip(mine, prepare_all(cluster, [wanted[index][1] for index in mine]), strict=True))
    for index, (_, one) in enumerate(wanted):
        edit = found[index]
        current = edit.row.revision if isinstance(edit, Edit) and edit.row is not None else 0
        if one.base_revision is not None and one.base_revision != current:
            raise RevisionMismatch(current, note=f"{one.ref} was changed meanwhile.")
    return [found[index] for index in range(len(wanted))]


@dataclass(frozen=True, slots=True)
class _Audit:
    """Who makes the change set, and what is said of it."""

    actor: Actor
    source: str
    accept: Collection[str]
    override: Override
    note: str
    confirmed: Sequence[Confirmation]
    window: timedelta | None
    meant: Mapping[int, Meaning]


def _saved(cluster: Cluster, edits: Sequence[tuple[AnyEdit, Sequence[Finding]]], audit: _Audit) -> ChangeSet:
    """edits: in the order of work, with what is to be said of each."""
    actor, source, note = audit.actor, audit.source, audit.note
    change_set = ChangeSet.objects.create(cluster=cluster, note=note[:500], actor_id=key_of(actor), source=source)
    _free(cluster, [edit.ref for edit, _ in edits if isinstance(edit, PlainEdit)])
    changes = []
    # Always in the same order: of two that write the same rows in different orders neither would get on.
    for edit, found in sorted(edits, key=lambda pair: pair[0].ref):
        if isinstance(edit, Edit):
            row = row_write(edit, found)
            if row is None:
                raise _OvertakenError
            change = change_for(edit, row, actor=actor, source=source, message=note, accept=audit.accept, found=found)
            change_overrides(change, audit.override.of(found))
            change_confirmed(change, audit.confirmed)
            change.change_set = change_set
            changes.append(change)
    holders_check(cluster, [edit for edit, _ in edits if isinstance(edit, Edit)])
    items = [_item(change_set, position, edit) for position, (edit, _) in enumerate(edits)]
    ChangeSetItem.objects.bulk_create(items, batch_size=500)
    Change.objects.bulk_create(changes, batch_size=500)
    references_write(cluster, [edit.ref for edit, _ in edits if isinstance(edit, Edit)])
    if audit.window is not None:
        _begin(change_set, audit.window, audit.meant[cluster.pk])
    outbox.enqueue_set(change_set)
    return change_set


def _begin(change_set: ChangeSet, window: timedelta, meant: Meaning) -> None:
    """The trial: in force within the window, and confirmed within another one."""
    column = stays_of(meant.heard, meant.sessions, meant.effects)
    deadline = clock.now() + window
    Trial.objects.create(change_set=change_set, window=int(window.total_seconds()), deadline=deadline, stays=column)


def _free(cluster: Cluster, plain_objects: Sequence[ObjectRef]) -> None:
    """Raise _OvertakenError if another change set has got one of these since: they have no row that would tell."""
    if plain_objects:
        Cluster.objects.select_for_update().get(pk=cluster.pk)
        if holders_of(cluster, plain_objects):
            raise _OvertakenError


def _item(change_set: ChangeSet, position: int, edit: AnyEdit) -> ChangeSetItem:
    item = ChangeSetItem(
        change_set=change_set,
        position=position,
        api_version=edit.kind.api_version,
        kind=edit.ref.kind,
        namespace=edit.namespace,
        name=edit.name,
        action=action_of(edit),
    )
    if isinstance(edit, Edit):
        item.before, item.after = plain(edit.live), plain(edit.manifest)
        item.uid = edit.row.uid if edit.row is not None else ""
        item.stood = _stood(edit.row) if edit.row is not None else None
    else:
        item.after = edit.manifest
    return item


def _stood(row: Resource) -> dict[str, Any] | None:
    """The refused edit that the row holds, which comes back if this one is taken back."""
    if row.sync_state not in (SyncState.REJECTED, SyncState.CONFLICT):
        return None
    names = ("manifest", "sync_state", "sync_message", "base", "inline_password", "refused_deletion")
    return {name: getattr(row, name) for name in names}
