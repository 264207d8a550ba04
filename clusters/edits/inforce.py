"""What of a row is in force: beside an edit that the cluster refused that is what the cluster holds, not the edit.

An edit that is still on its way counts as the object already: it was accepted, and shows within seconds how it went.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import F, Q

from clusters.edits.rebase import refused
from clusters.manifest import Object, has_inline_password, plain
from clusters.models import Resource, SyncState
from clusters.registry import rows_of
from clusters.sync.columns import desired_columns

R = TypeVar("R", bound=Resource)
REFUSED = Q(sync_state__in=(SyncState.REJECTED, SyncState.CONFLICT), revision=F("applied_revision"), live__isnull=False)
"""The rows beside whose edit the cluster holds something else."""


def lives_load(rows: Sequence[Resource]) -> None:
    """What the cluster holds, for those of these rows that hold a refused edit; a query if there are such."""
    odd = {row.pk: row for row in rows if refused(row) and "live" in row.get_deferred_fields()}
    if odd:
        kind = next(iter(odd.values())).KIND.kind
        for pk, live in rows_of(kind).filter(pk__in=odd).values_list("pk", "live"):
            odd[pk].live = live


def manifest_in_force(row: Resource) -> Object:
    """The object as it is shown; a refused creation is shown as it was wanted, since there is nothing else."""
    return (plain(row.live) if refused(row) else None) or row.manifest


def refused_edit(row: Resource) -> dict[str, Any] | None:
    """The edit that stands beside that, None = there is none. manifest: None = a deletion."""
    if not refused(row) or row.live is None:
        return None
    return {"manifest": row.wanted, "state": row.sync_state, "message": row.sync_message}


def as_in_force(rows: Sequence[R]) -> list[R]:
    """The rows to show, with the columns of what is in force; these are never saved."""
    lives_load(rows)
    return [_copied(row) if refused(row) and row.live is not None else row for row in rows]


def _copied(row: R) -> R:
    shown = copy.copy(row)
    columns = desired_columns(type(row), row.live or {}, inline_password=has_inline_password(row.live))
    for name, value in columns.items():
        setattr(shown, name, value)
    return shown


def where(matches: Callable[[str], Q], column: str, field: str) -> Q:
    """The rows of which `matches` is true of a field in force. matches: makes a condition of a path to it."""
    return (~REFUSED & matches(column)) | (REFUSED & matches(f"live__spec__{field}"))
