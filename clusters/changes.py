"""Audit entries."""

from __future__ import annotations

from datetime import datetime

from clusters.manifest import Object
from clusters.models import Change, ChangeSet, Resource
from clusters.origin import client_address, token_name
from clusters.retention import expire


def change_of(row: Resource, before: Object | None, after: Object | None, *, source: str, revision: int) -> Change:
    """An entry, not saved yet, about a row's object that went from one state to another; None = there is no object."""
    action = Change.Action.DELETE if after is None else Change.Action.CREATE if before is None else Change.Action.UPDATE
    ours = source != Change.Source.CLUSTER
    return Change(
        cluster_id=row.cluster_id,
        kind=row.KIND.kind,
        namespace=row.namespace,
        name=row.name,
        action=action,
        source=source,
        token=token_name() if ours else "",
        address=client_address() if ours else None,
        before=before,
        after=after,
        revision=revision,
    )


def changes_expire(*, before: datetime) -> int:
    """Delete entries and settled change sets from before a time; returns how many."""
    return expire(Change.objects.filter(at__lt=before)) + expire(ChangeSet.objects.filter(settled_at__lt=before))
