"""The config axis of lists: one choice of sync states and of what the rules say."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import QuerySet

from clusters.models import Resource, SyncState

R = TypeVar("R", bound=Resource)
CONFIG = (*SyncState.choices, ("stuck", "refused or conflict"), ("error", "broken rules"), ("warning", "warnings"))
_WANTED: dict[str, dict[str, Any]] = {
    **{state: {"sync_state": state} for state in SyncState.values},
    "stuck": {"sync_state__in": [SyncState.REJECTED, SyncState.CONFLICT]},
    "error": {"severity": "error"},
    "warning": {"severity__in": ["warning", "documented"]},
}


def by_config(rows: QuerySet[R], wanted: str) -> QuerySet[R]:
    """The rows in one of the states of `CONFIG`; all for anything else."""
    return rows.filter(**_WANTED[wanted]) if wanted in _WANTED else rows
