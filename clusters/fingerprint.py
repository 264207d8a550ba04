"""What a cluster's objects, Nodes and Services are, without reading them: another fingerprint, other rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet, Sum, Value

from clusters.models import Cluster, Node, Service
from clusters.registry import resource_models, rows_of

Rows = tuple[int, int, int]  # their number, the sum of their keys, and that of their prints


class Print(NamedTuple):
    """Objects are told by the version of each, since they are few; rows of the others by their number and sums.

    A row that changes and changes back has the same print again, which a version has not.
    """

    about: tuple[Any, ...]
    versions: frozenset[tuple[Any, ...]]
    nodes: Rows
    services: Rows


def objects_print(cluster: Cluster) -> Print:
    """Of all that decides what MetalLB means to announce; three queries."""
    about = (cluster.mode, cluster.metallb_version, cluster.namespace, cluster.ignores_exclude)
    nodes, services = Node.objects.filter(cluster=cluster), cluster.services.all()
    return Print(about, _versions(cluster), _sums(nodes), _sums(services))


def print_of_rows(rows: Iterable[tuple[int, int]]) -> Rows:
    """Of Nodes or Services that were read: the key and the print of each."""
    several = list(rows)
    return len(several), sum(key for key, _ in several), sum(found for _, found in several)


def _versions(cluster: Cluster) -> frozenset[tuple[Any, ...]]:
    """Of what the cluster holds. updated_at: for whoever writes a row without having asked for a version."""
    columns = ("pk", "uid", "resource_version", "updated_at")
    several = [
        rows_of(kind).filter(cluster=cluster, live__isnull=False).order_by().values_list(Value(kind), *columns)
        for kind in resource_models()
    ]
    return frozenset(several[0].union(*several[1:], all=True))


def _sums(rows: QuerySet[Node] | QuerySet[Service]) -> Rows:
    found = rows.order_by().aggregate(number=Count("pk"), keys=Sum("pk"), prints=Sum("digest_print"))
    return found["number"], int(found["keys"] or 0), int(found["prints"] or 0)
