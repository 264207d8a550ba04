"""Where the pages of objects are that a finding or a report names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse

from clusters.models import StatusObject
from clusters.registry import resource_models, rows_of
from intent.findings import ObjectRef
from intent.kinds import READ_KINDS

Place = tuple[str, ObjectRef]  # an object of a cluster, which is given by its name


def places_of(objects: Iterable[Place]) -> Mapping[Place, str]:
    """The addresses of the pages of those that exist; a query for each kind among them."""
    by_kind: dict[str, set[Place]] = defaultdict(set)
    for place in objects:
        by_kind[place[1].kind].add(place)
    found: dict[Place, str] = {}
    for kind, several in by_kind.items():
        names = {ref.name for _cluster, ref in several}
        rows: QuerySet[Any]
        if kind in resource_models():
            rows = rows_of(kind)
        elif kind in READ_KINDS:
            rows = StatusObject.objects.filter(kind=kind)
        else:
            continue
        there = rows.filter(name__in=names).order_by().values_list("cluster__name", "namespace", "name")
        known = {(cluster, ObjectRef(kind, namespace, name)) for cluster, namespace, name in there}
        found |= {place: href for place in several & known if (href := page_at(*place))}
    return found


def page_at(cluster: str, ref: ObjectRef) -> str:
    """The address of the page of an object that exists; "" if it has none."""
    try:
        if ref.kind == "Node":
            return reverse("node", args=[cluster, ref.name])
        if ref.kind == "Service":
            return reverse("service", args=[cluster, ref.namespace, ref.name])
        if ref.kind in resource_models():
            return reverse(resource_models()[ref.kind].PAGE, args=[cluster, ref.namespace, ref.name])
        return reverse("status-object", args=[READ_KINDS[ref.kind].plural, cluster, ref.namespace or "-", ref.name])
    except NoReverseMatch:  # a name that no object of a cluster can have
        return ""
