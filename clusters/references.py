"""What an object names, and what names it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from clusters.models import Reference, Resource
from intent.references import names_of
from intent.snapshot import Resource as Intended


def states_of(row: Resource) -> Iterator[Intended]:
    """The object as it shall be, unless it shall go, and as the cluster holds it."""
    if not row.deleting:
        yield Intended(ref=row.ref, spec=row.spec)
    if row.live is not None:
        yield Intended(ref=row.ref, spec=row.live.get("spec") or {})


def names_in(row: Resource) -> set[str]:
    """By which names others mean the object: its own, or the aliases of a Community."""
    return {name.name for state in states_of(row) for name in names_of(state)}


def references_from(row: Resource) -> QuerySet[Reference]:
    """The names that an object holds, in the order of its fields."""
    return Reference.objects.filter(
        cluster_id=row.cluster_id, kind=row.KIND.kind, namespace=row.namespace, name=row.name
    )


def references_to(row: Resource) -> QuerySet[Reference]:
    """What uses an object; names mean objects in MetalLB's namespace and no others."""
    if row.namespace != row.cluster.namespace:
        return Reference.objects.none()
    return Reference.objects.filter(cluster_id=row.cluster_id, to_kind=row.KIND.kind, to_name__in=sorted(names_in(row)))
