"""Nodes whose speakers refuse their configuration and keep the old one (MetalLB calls that a stale configuration)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from clusters.models import Cluster, StatusObject
from clusters.registry import resource_models, rows_of
from intent.findings import Finding, ObjectRef, Severity

_BROKEN = 50  # objects of a kind that are looked at
_REPORTED = 5000  # reports: one a node
_BAD = Q(kind="ConfigurationState", result="Invalid") | Q(kind="FRRNodeState", result="failed")
_REPORTERS = {"ConfigurationState": "MetalLB", "FRRNodeState": "frr-k8s"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error for which the speakers of `finding.nodes` refuse everything; () = MetalLB's controller does.

    reporter: who itself says so, MetalLB in a ConfigurationState or frr-k8s in an FRRNodeState; "" = the rules do,
    which know the objects. since: when the report began to say so.
    """

    cluster_id: int
    cluster: str
    finding: Finding
    reporter: str = ""
    since: datetime | None = None

    @property
    def reported(self) -> bool:
        """Whether it is more than what the rules say."""
        return bool(self.reporter)

    @property
    def teller(self) -> str:
        """Who says it."""
        return f"{self.reporter} says" if self.reporter else "The rules say"


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nodes that keep their old configuration for one reason. told: who says so, the rules first; at least one.

    more_nodes: nodes that are not named.
    """

    cluster: str
    nodes: tuple[str, ...]
    told: tuple[Refusal, ...]
    more_nodes: int = 0

    @property
    def number_of_nodes(self) -> int:
        """All of them."""
        return len(self.nodes) + self.more_nodes

    @property
    def objects(self) -> tuple[ObjectRef, ...]:
        """What is to be mended, as far as it is known, else the reports."""
        return self.told[0].finding.objects

    @property
    def message(self) -> str:
        """The rule, or the words of the report."""
        return self.told[0].finding.message

    @property
    def tellers(self) -> list[str]:
        """Who says so."""
        return list(dict.fromkeys(why.teller for why in self.told))

    @property
    def since(self) -> datetime | None:
        """Since when it is reported."""
        return min((why.since for why in self.told if why.since), default=None)


def refusals(cluster: Cluster | None = None) -> list[Refusal]:
    """What the rules say, then what MetalLB says; one query a kind and one more."""
    return [*_by_rules(cluster), *refusals_reported(cluster)]


def refusals_reported(cluster: Cluster | None = None) -> list[Refusal]:
    """What MetalLB and frr-k8s say, in their own words; one query.

    MetalLB reports since 0.15.3, with the reason ConfigurationError. What frr-k8s cannot merge or FRR does not load it
    tells in an FRRNodeState; MetalLB's own report stays Valid then.
    """
    rows = StatusObject.objects.filter(_BAD).order_by("cluster", "kind", "name")
    rows = rows if cluster is None else rows.filter(cluster=cluster)
    return [
        Refusal(row.cluster_id, row.cluster.name, _told(row), reporter=_REPORTERS[row.kind], since=row.seen_at)
        for row in _first(rows)
    ]


def freezes(several: Iterable[Refusal]) -> list[Freeze]:
    """Refusals, one entry a reason: what MetalLB reports of a node is told with the rule that the node breaks.

    Reports that no rule explains are joined by their words.
    """
    rules: list[tuple[Refusal, list[Refusal]]] = []
    alone: dict[tuple[str, str], list[Refusal]] = defaultdict(list)
    for why in several:
        if not why.reported:
            rules.append((why, [why]))
            continue
        cluster, nodes = why.cluster, set(why.finding.nodes)
        known = [told for rule, told in rules if rule.cluster == cluster and nodes & set(rule.finding.nodes)]
        for told in known:
            told.append(why)
        if not known and nodes:
            alone[cluster, why.finding.message].append(why)
    found = [Freeze(one.cluster, one.finding.nodes, tuple(told), one.finding.more_nodes) for one, told in rules]
    for (cluster, _message), told in alone.items():
        found.append(Freeze(cluster, tuple(sorted({node for one in told for node in one.finding.nodes})), tuple(told)))
    return found


def _first(rows: QuerySet[StatusObject]) -> QuerySet[StatusObject]:
    return rows.select_related("cluster").defer("body")[:_REPORTED]


def _told(row: StatusObject) -> Finding:
    return Finding(
        code="configuration-state" if row.kind == "ConfigurationState" else "frr-node-state",
        severity=Severity.ERROR,
        field="",
        value="",
        message=row.message or "The configuration is invalid.",
        source=f"{row.kind} {row.name}",
        hint="",
        objects=(ObjectRef(row.kind, row.namespace, row.name),),
        nodes=(row.node,) if row.node else (),
    )


def _by_rules(cluster: Cluster | None) -> list[Refusal]:
    """Each error once for all objects that clash, of the first objects that break rules; one query a kind."""
    found: dict[tuple[Any, ...], Refusal] = {}
    for kind in resource_models():
        rows = rows_of(kind).filter(severity=Severity.ERROR.value).order_by("cluster", "namespace", "name")
        rows = rows if cluster is None else rows.filter(cluster=cluster)
        for pk, name, findings in rows.values_list("cluster", "cluster__name", "findings")[:_BROKEN]:
            for kept in findings:
                if kept["severity"] == Severity.ERROR.value and kept["nodes"]:
                    finding = _finding(kept)
                    # Of objects that clash each keeps the same words and the same first object.
                    key = pk, finding.code, finding.field, finding.message, finding.objects[:1]
                    if key not in found or found[key].finding.more_nodes:  # one of them knows all the nodes
                        found[key] = Refusal(pk, name, finding)
    return list(found.values())


def by_node(several: Iterable[Refusal]) -> dict[tuple[int, str], list[Refusal]]:
    """Why a node keeps its old configuration, by cluster id and name of the node."""
    found: dict[tuple[int, str], list[Refusal]] = defaultdict(list)
    for refusal in several:
        for node in refusal.finding.nodes:
            found[refusal.cluster_id, node].append(refusal)
    return dict(found)


def nodes_keeping_old(cluster: Cluster) -> set[str]:
    """The nodes of a cluster that keep their old configuration."""
    return {node for refusal in refusals(cluster) for node in refusal.finding.nodes}


def _finding(kept: Mapping[str, Any]) -> Finding:
    """A finding as its row keeps it."""
    objects, nodes = tuple(ObjectRef(**ref) for ref in kept["objects"]), tuple(kept["nodes"])
    return Finding(**{**kept, "severity": Severity(kept["severity"]), "objects": objects, "nodes": nodes})
