"""What an object names, and what names it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from clusters.models import Resource
from clusters.references import references_to
from clusters.registry import resource_models, rows_of
from intent.references import Reference, names_of, references_of
from intent.snapshot import Resource as Intended

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Use:
    """A name in one object that means another. field: where it stands. href: "" = there is no such object."""

    kind: str
    name: str
    field: str
    href: str

    @property
    def is_missing(self) -> bool:
        """Whether it should be an object that is kept here, and there is none."""
        return not self.href and self.kind in resource_models()


def intended(row: Resource) -> Intended:
    """The row as rules and references take it, as it shall be."""
    return Intended(ref=row.ref, labels=row.labels, annotations=row.annotations, spec=row.spec)


def uses(row: Resource) -> list[Use]:
    """The objects that this one names, in the order of its fields; a query for each kind that is named."""
    named = references_of(intended(row))
    pages: dict[tuple[str, str], str] = {}
    for kind in dict.fromkeys(reference.kind for reference in named):
        pages |= _pages(row, kind, [reference for reference in named if reference.kind == kind])
    return [
        Use(reference.kind, reference.name, reference.field, pages.get((reference.kind, reference.name), ""))
        for reference in named
    ]


def _pages(row: Resource, kind: str, named: list[Reference]) -> dict[tuple[str, str], str]:
    """The pages of what is named, by what it is named by."""
    if kind not in resource_models():
        return {}
    rows = rows_of(kind).select_related("cluster").filter(cluster=row.cluster, namespace=row.cluster.namespace)
    if kind != "Community":
        rows = rows.filter(name__in={reference.name for reference in named})
    return {(kind, name.name): found.get_absolute_url() for found in rows for name in names_of(intended(found))}


def used_by(row: Resource) -> list[Use]:
    """The objects that name this one; one query."""
    models, cluster = resource_models(), row.cluster.name
    return [
        Use(
            found.kind,
            found.name,
            found.field,
            reverse(models[found.kind].PAGE, args=[cluster, found.namespace, found.name]),
        )
        for found in references_to(row)[:_SHOWN]
        if found.kind in models
    ]
