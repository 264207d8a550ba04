"""Rows in the hands of a change set that is not settled, or on trial: nobody else works on them, or edits them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from clusters.models import ChangeSet, ChangeSetItem, Cluster, Resource, Trial
from clusters.registry import rows_of
from clusters.sync.upsert import chunks
from intent.findings import ObjectRef


def _open() -> QuerySet[ChangeSetItem]:
    on_trial = Q(change_set__trial__state=Trial.State.RUNNING)
    return ChangeSetItem.objects.filter(Q(change_set__state__in=ChangeSet.OPEN) | on_trial)


def holder_of(row: Resource) -> int | None:
    """The change set that holds a row, None if none does."""
    found = _open().filter(change_set__cluster_id=row.cluster_id, kind=row.KIND.kind)
    return found.filter(namespace=row.namespace, name=row.name).values_list("change_set_id", flat=True).first()


def holders_of(cluster: Cluster, refs: Iterable[ObjectRef]) -> dict[ObjectRef, int]:
    """The change sets that hold these objects; one query for 500 of them."""
    wanted = set(refs)
    held: dict[ObjectRef, int] = {}
    for some in chunks(sorted({ref.name for ref in wanted})):
        items = _open().filter(change_set__cluster=cluster, name__in=some)
        for kind, namespace, name, pk in items.values_list("kind", "namespace", "name", "change_set_id"):
            if (ref := ObjectRef(kind, namespace, name)) in wanted:
                held[ref] = pk
    return held


def free_rows(kind: str) -> QuerySet[Resource]:
    """The rows of a kind that no change set holds."""
    same = {name: OuterRef(name) for name in ("namespace", "name")}
    return rows_of(kind).exclude(Exists(_open().filter(kind=kind, change_set__cluster=OuterRef("cluster"), **same)))
