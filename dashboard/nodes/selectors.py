"""Nodes with their sessions and speakers, and the services whose endpoints they hold."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex
from django.db.models.lookups import GreaterThan

from clusters.models import Exclusion, Node, Service
from clusters.selectors import clusters_known
from intent.announcements.cluster import EXCLUDED
from speakers.counts import worst
from speakers.models import Session
from speakers.selectors import sessions

HELD = 200  # services of one node that are named
Key = tuple[int, str]  # id of the cluster, name
STATES: Mapping[str, Q] = {
    "excluded": Q(labels__has_key=EXCLUDED),
    "cordoned": Q(unschedulable=True),
    "not-ready": Q(ready=False) | Q(network_unavailable=True),
}


@dataclass(slots=True)
class Summary:
    """The sessions of a node by health, and the prefixes that are told over them."""

    healths: Counter[str] = field(default_factory=Counter)
    sent: int = 0

    @property
    def total(self) -> int:
        """All sessions, also those that are not intended."""
        return self.healths.total()

    @property
    def up(self) -> int:
        """Sessions that are Established."""
        return self.healths["up"] + self.healths["degraded"]

    @property
    def health(self) -> str:
        """The worst of its sessions."""
        return worst(self.healths)


def nodes() -> QuerySet[Node]:
    """All Nodes of clusters that were not removed."""
    return Node.objects.select_related("cluster").filter(cluster__in=clusters_known())


def node_get(cluster: str, name: str) -> Node | None:
    """One Node, None if there is none."""
    return nodes().filter(cluster__name=cluster, name=name).first()


def is_excluded(node: Node) -> bool:
    """Whether the label is on it."""
    return EXCLUDED in node.labels


def summaries(some: Collection[Node]) -> dict[Key, Summary]:
    """Of these nodes; two queries, however many there are."""
    found: dict[Key, Summary] = defaultdict(Summary)
    names, clusters = [node.name for node in some], {node.cluster_id for node in some}
    rows = sessions().filter(cluster__in=clusters, node__in=names).order_by()
    for cluster, name, health, number in rows.values_list("cluster_id", "node", "health").annotate(Count("pk")):
        found[cluster, name].healths[health] += number
    told = Session.objects.filter(cluster__in=clusters, node__in=names, state=Session.State.ESTABLISHED)
    for cluster, name, sent in told.order_by().values_list("cluster_id", "node", "prefixes_sent"):
        found[cluster, name].sent += sent or 0
    return {(node.cluster_id, node.name): found[node.cluster_id, node.name] for node in some}


def exclusion_of(node: Node) -> Exclusion | None:
    """What was last asked for of its label."""
    rows = Exclusion.objects.filter(cluster=node.cluster_id, node=node.name)
    return rows.select_related("actor").first()


def held(node: Node) -> QuerySet[Service]:
    """The Services that have an endpoint on it; those that only announce where they have one first."""
    # Looked for as JSON holds it, since not every database looks into a list.
    there = GreaterThan(StrIndex(Cast("endpoint_nodes", TextField()), Value(json.dumps(node.name))), 0)
    rows = Service.objects.filter(there, cluster=node.cluster_id).select_related("cluster")
    return rows.order_by("-traffic_policy", "namespace", "name")
