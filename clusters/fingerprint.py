"""What a cluster's objects, Nodes and Services are, without reading them: another fingerprint, other rows."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django.db.models import Count, QuerySet, Sum, Value

from clusters.models import Cluster, Node, Service
from clusters.registry import resource_models, rows_of


def objects_print(cluster: Cluster) -> Hashable:
    """Of all that decides what MetalLB means to announce; three queries.

    Objects are told by the version of each, since they are few; rows of the others by their number and sums.
    """
    about = (cluster.mode, cluster.metallb_version, cluster.namespace, cluster.ignores_exclude)
    return about, _versions(cluster), _sums(Node.objects.filter(cluster=cluster)), _sums(cluster.services.all())


def _versions(cluster: Cluster) -> frozenset[tuple[Any, ...]]:
    """Of what the cluster holds. updated_at: for whoever writes a row without having asked for a version."""
    columns = ("pk", "uid", "resource_version", "updated_at")
    several = [
        rows_of(kind).filter(cluster=cluster, live__isnull=False).order_by().values_list(Value(kind), *columns)
        for kind in resource_models()
    ]
    return frozenset(several[0].union(*several[1:], all=True))


def _sums(rows: QuerySet[Node] | QuerySet[Service]) -> tuple[Any, ...]:
    found = rows.order_by().aggregate(number=Count("pk"), keys=Sum("pk"), prints=Sum("digest_print"))
    return tuple(found.values())
