"""How many objects of all kinds are not as they shall be: one query for everybody who counts them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, Value

from clusters.models import SyncState
from clusters.registry import resource_models, rows_of
from intent.findings import Severity

WAITING = tuple(state for state in SyncState.values if state != SyncState.IN_SYNC)


@dataclass(frozen=True, slots=True)
class Odd:
    """So many objects of a kind in a cluster. state: of their sync; is_broken: whether they break a rule."""

    cluster_id: int
    kind: str
    state: str
    is_broken: bool
    number: int


def odd_objects() -> list[Odd]:
    """Objects whose edit is not in force or that break a rule, of all clusters; one query."""
    odd = Q(severity=Severity.ERROR.value) | Q(sync_state__in=WAITING)
    columns = ("cluster_id", "of_kind", "sync_state", "severity")
    parts = [
        rows_of(kind).filter(odd).order_by().annotate(of_kind=Value(kind)).values_list(*columns).annotate(Count("pk"))
        for kind in resource_models()
    ]
    rows = parts[0].union(*parts[1:], all=True)
    return [
        Odd(pk, kind, state, severity == Severity.ERROR.value, number) for pk, kind, state, severity, number in rows
    ]
