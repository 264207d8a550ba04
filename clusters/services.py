"""Edits of resources: judged, saved as pending with their audit entry, and handed to a worker on commit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from clusters.changes import change_of
from clusters.edits import judging
from clusters.edits.edit import Edit, prepare, snapshots
from clusters.edits.looking import stands
from clusters.edits.meaning import Meant
from clusters.edits.overriding import NOTHING, Override, stops, trial_passes
from clusters.edits.passwords import password_write, password_written
from clusters.edits.rebase import standing
from clusters.edits.refusals import ClusterUnreachable, Refused, RevisionMismatch, Unconfirmed
from clusters.edits.review import Review, review
from clusters.edits.saving import Actor, Permit, edit_save, key_of
from clusters.manifest import plain
from clusters.models import Change, ChangeSet, Cluster, Credential, Resource
from clusters.registry import rows_of
from clusters.sync.changesets.close import sets_close
from clusters.sync.columns import following
from clusters.sync.held import holder_of
from clusters.sync.others import met_save
from clusters.sync.references import references_write
from clusters.sync.takes import take_drop
from intent.confirmations import unconfirmed

__all__ = [
    "ClusterUnreachable",
    "Refused",
    "Review",
    "RevisionMismatch",
    "Unconfirmed",
    "clusters_left_close",
    "clusters_sync_from_settings",
    "resource_delete",
    "resource_discard",
    "resource_save",
    "review",
]
_TRIES = 5  # against others that write the same row at the same time


def resource_save(  # noqa: PLR0913  # keyword-only
    *,
    cluster: Cluster,
    kind: str,
    namespace: str,
    name: str,
    manifest: Mapping[str, Any],
    actor: Actor,
    source: str,
    accept: Collection[str] = (),
    override: Override = NOTHING,
    base_revision: int | None = None,
    message: str = "",
    password: str | None = None,
) -> Resource:
    """Accept an object as it shall be, whether it exists or not, and return its row (pending).

    accept: codes of `documented` findings that are acknowledged, and of what is confirmed. override: rules that an
    administrator overrides, if the API server accepts the edit in a dry run. base_revision: the revision that was
    looked at, 0 = it must not exist, None = whatever it is. password: None = as it is, "" = drop the inline one, else a
    new one, which becomes a Secret before anything is saved: who loses a race after that is told. Saving what stands,
    now and not only when it was looked at last, changes nothing.
    Raises Refused, Unconfirmed, RevisionMismatch, ClusterUnreachable; KeyError for a kind without a model.
    """
    has_secret = False
    for _ in range(_TRIES):
        edit = prepare(cluster, kind, namespace, name, manifest, password)
        _check_revision(edit.row, base_revision, has_secret=has_secret)
        permit = _permitted(edit, accept, override, manifest, has_secret=has_secret)
        if edit.row is not None and stands(edit):
            return edit.row
        if edit.new_password is not None and not has_secret:
            if _overtaken(edit):
                continue
            password_write(edit, edit.new_password)
            has_secret = True
        row = edit_save(edit, actor=actor, source=source, message=message, accept=accept, permit=permit)
        if row is not None:
            return row
    raise RevisionMismatch(_current(edit), has_secret=has_secret)


def resource_delete(
    *,
    row: Resource,
    actor: Actor,
    source: str,
    base_revision: int | None = None,
    message: str = "",
    accept: Collection[str] = (),
    override: Override = NOTHING,
) -> Resource:
    """Accept that the object shall go; the row stays as `deleting` until the cluster confirms it.

    accept and override: as for resource_save. Raises Refused if a tool looks after the object, Unconfirmed,
    RevisionMismatch, and ClusterUnreachable if a rule is overridden.
    """
    for _ in range(_TRIES):
        edit = prepare(row.cluster, row.KIND.kind, row.namespace, row.name, None, None)
        current = edit.row
        if current is None:
            raise RevisionMismatch(0)
        _check_revision(current, base_revision)
        permit = _permitted(edit, accept, override)
        if current.deleting and current.pending:
            return current
        saved = edit_save(edit, actor=actor, source=source, message=message, permit=replace(permit, found=()))
        if saved is not None:
            return saved
    raise RevisionMismatch(_current(edit))


def resource_discard(
    *, row: Resource, actor: Actor, source: str = Change.Source.BROWSER, base_revision: int | None = None
) -> Resource | None:
    """Give up an edit that is pending, rejected or in conflict: the row follows the cluster again.

    None if the object does not exist there, the row is gone then. Raises RevisionMismatch.
    """
    _check_revision(row, base_revision)
    held = holder_of(row)
    if held is not None:
        raise RevisionMismatch(_current_of(row), note=f"It is part of change set {held}: give that up instead.")
    mine = rows_of(row.KIND.kind).filter(pk=row.pk, revision=row.revision)
    after = plain(row.live)
    with transaction.atomic():
        if after is None:
            done, _ = mine.delete()
        else:
            revision = row.revision + 1
            # A worker that is still at it must not write its outcome over this.
            done = mine.update(
                **following(row, row.live), revision=revision, applied_revision=revision, fence=F("fence") + 1
            )
        if not done:
            raise RevisionMismatch(_current_of(row))
        if row.pending:  # what was seen under an edit that is on its way, nobody has told yet
            met_save(row, row.live, told_since=row.applied_revision + 1)
        change = change_of(row, standing(row), after, source=source, revision=row.revision + 1)
        change.actor_id, change.message = key_of(actor), "Edit discarded."
        change.save()
        take_drop(row.cluster, row.ref)
        references_write(row.cluster, [row.ref])
    return rows_of(row.KIND.kind).select_related("cluster").filter(pk=row.pk).first()


def clusters_sync_from_settings() -> list[Cluster]:
    """Make or adjust the rows of the clusters that the settings name, and return these.

    A name in the settings is theirs, even if a cluster was added under it: its stored credentials are dropped.
    """
    known = Cluster.objects.in_bulk([setting.name for setting in settings.BGPUI_CLUSTERS], field_name="name")
    for setting in settings.BGPUI_CLUSTERS:
        values: dict[str, Any] = {"kubeconfig": setting.kubeconfig, "context": setting.context}
        values |= {"source": Cluster.Source.SETTINGS, "credential_id": "", "enabled": True, "removed_at": None}
        cluster = known.get(setting.name)
        if cluster is None or any(getattr(cluster, name) != value for name, value in values.items()):
            values |= {"discovered_at": None, "permissions_at": None}  # it may be another cluster, or another account
            with transaction.atomic():
                known[setting.name] = Cluster.objects.update_or_create(name=setting.name, defaults=values)[0]
                Credential.objects.filter(cluster=known[setting.name]).delete()
    return [known[setting.name] for setting in settings.BGPUI_CLUSTERS]


def clusters_left_close() -> int:
    """Close the change sets of clusters that the settings do not name any more; returns how many."""
    named = [setting.name for setting in settings.BGPUI_CLUSTERS]
    left = Cluster.objects.filter(source=Cluster.Source.SETTINGS).exclude(name__in=named)
    reason = "Closed: the settings do not name its cluster any more."
    return sets_close(ChangeSet.objects.filter(cluster__in=left), reason)


def _permitted(
    edit: Edit,
    accept: Collection[str],
    override: Override,
    manifest: Mapping[str, Any] | None = None,
    *,
    has_secret: bool = False,
) -> Permit:
    """What there is to say about the edit, and what it needs. Raises Refused, Unconfirmed, ClusterUnreachable."""
    after = snapshots(edit)[1]
    found = judging.judge(edit, after, manifest)
    stop = stops(found, accept, override)
    if stop:
        raise Refused([*stop, password_written(edit)] if has_secret else stop)
    confirmed = Meant(edit.cluster, [edit], after).harm().confirm
    if left := unconfirmed(confirmed, accept):
        raise Unconfirmed(left)
    needed = override.of(found)
    if needed.codes:
        trial_passes(edit)
    return Permit(tuple(found), needed, confirmed)


def _check_revision(row: Resource | None, base_revision: int | None, *, has_secret: bool = False) -> None:
    current = 0 if row is None else row.revision
    if base_revision is not None and base_revision != current:
        raise RevisionMismatch(current, has_secret=has_secret)


def _overtaken(edit: Edit) -> bool:
    """Whether somebody saved since the edit was prepared; judging it takes its time."""
    rows = rows_of(edit.kind.kind).filter(cluster=edit.cluster, namespace=edit.namespace, name=edit.name)
    return rows.values_list("pk", "revision").first() != (edit.row and (edit.row.pk, edit.row.revision))


def _current(edit: Edit) -> int:
    return 0 if edit.row is None else _current_of(edit.row)


def _current_of(row: Resource) -> int:
    return rows_of(row.KIND.kind).filter(pk=row.pk).values_list("revision", flat=True).first() or 0
