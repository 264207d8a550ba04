"""What sessions fail with: clusters that do not answer, and nodes that are not ready."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db.models import Exists, Max, OuterRef

from alarms.conditions.facts import Facts
from alarms.conditions.finding import NODES, Found, Judged
from alarms.models import Rule
from clusters.models import Cluster, Node, NodeEvent
from clusters.words import bounded, counted, listed
from speakers.models import Speaker


def unreachable(rule: Rule, facts: Facts) -> Judged:
    """Clusters for which the last look failed; one query."""
    scope = facts.scope(rule)
    rows = Cluster.objects.filter(pk__in=facts.active).exclude(error="").order_by("pk")
    return Judged(tuple(_away(cluster) for cluster in rows if scope.has_cluster(cluster.name)))


def _away(cluster: Cluster) -> Found:
    return Found(
        cluster=cluster.pk,
        key="cluster",
        cause_kind="cluster",
        title=f"Cluster {cluster.name} does not answer",
        cause=bounded(cluster.error, 500),
        began_at=cluster.connected_at,
    )


def not_ready(rule: Rule, facts: Facts) -> Judged:
    """Nodes with FRR that Kubernetes says are not ready, one alarm a cluster; three queries.

    While a cluster does not answer, nobody knows.
    """
    scope, several = facts.scope(rule), defaultdict[int, list[str]](list)
    speaks = Exists(Speaker.objects.filter(cluster=OuterRef("cluster"), node=OuterRef("name")))
    rows = Node.objects.filter(speaks, cluster__in=facts.active, ready=False).order_by("cluster", "name")
    for cluster, name, node in rows.values_list("cluster_id", "cluster__name", "name"):
        if scope.has(name, node):
            several[cluster].append(node)
    since = _since(several) if several else {}
    away = set(Cluster.objects.filter(pk__in=facts.active).exclude(error="").values_list("pk", flat=True))
    found = tuple(_failed(cluster, names, since.get(cluster)) for cluster, names in several.items())
    return Judged(found, lambda alarm: int(alarm.cluster_id in away))


def _since(several: dict[int, list[str]]) -> dict[int, datetime]:
    """When the first of them was last seen to become so, by cluster."""
    events = NodeEvent.objects.filter(cluster__in=several, kind=NodeEvent.Kind.NOT_READY).order_by()
    found: dict[int, datetime] = {}
    for cluster, node, at in events.values_list("cluster_id", "node").annotate(Max("at")):
        if node in several[cluster]:
            found[cluster] = min(found.get(cluster, at), at)
    return found


def _failed(cluster: int, names: list[str], since: datetime | None) -> Found:
    return Found(
        cluster=cluster,
        key="nodes",
        cause_kind="node",
        title=f"{listed(names, 2)} {'is' if len(names) == 1 else 'are'} not ready",
        cause="The Node's condition Ready is not True: its kubelet does not report, or says so itself",
        nodes=tuple(names[:NODES]),
        number_of_nodes=len(names),
        began_at=since,
        evidence=((counted(len(names), "node"), listed(names, 5)),),
    )
