"""History goes when the settings say so."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

_BATCH = 500


def expire(rows: QuerySet[Any]) -> int:
    """Delete rows in short transactions; returns how many."""
    total = 0
    while oldest := list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        total += rows.model._default_manager.filter(pk__in=oldest).delete()[0]  # noqa: SLF001  # Django's public name
    return total
