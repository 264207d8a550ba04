"""Nodes whose speakers refuse their configuration and keep the old one (MetalLB calls that a stale configuration)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from clusters.models import Cluster, StatusObject
from clusters.registry import resource_models, rows_of
from intent.findings import Finding, ObjectRef, Severity

_BROKEN = 50  # objects of a kind that are looked at


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error for which the speakers of `finding.nodes` refuse everything; () = MetalLB's controller does.

    reported: MetalLB itself says so, in a ConfigurationState; else the rules do, which know the objects.
    """

    cluster_id: int
    cluster: str
    finding: Finding
    reported: bool = False

    @property
    def teller(self) -> str:
        """Who says it."""
        return "MetalLB says" if self.reported else "The rules say"


def refusals(cluster: Cluster | None = None) -> list[Refusal]:
    """What the rules say, then what MetalLB says; one query a kind and one more."""
    return [*_by_rules(cluster), *refusals_reported(cluster)]


def refusals_reported(cluster: Cluster | None = None) -> list[Refusal]:
    """What MetalLB says, in its own words; one query. It reports since 0.15.3, with the reason ConfigurationError."""
    rows = StatusObject.objects.filter(kind="ConfigurationState", result="Invalid").order_by("cluster", "name")
    rows = rows if cluster is None else rows.filter(cluster=cluster)
    return [Refusal(row.cluster_id, row.cluster.name, _told(row), reported=True) for row in _first(rows)]


def _first(rows: QuerySet[StatusObject]) -> QuerySet[StatusObject]:
    return rows.select_related("cluster").defer("body")[:_BROKEN]


def _told(row: StatusObject) -> Finding:
    return Finding(
        code="configuration-state",
        severity=Severity.ERROR,
        field="",
        value="",
        message=row.message or "The configuration is invalid.",
        source=f"ConfigurationState {row.name}",
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


def _finding(kept: Mapping[str, Any]) -> Finding:
    """A finding as its row keeps it."""
    objects, nodes = tuple(ObjectRef(**ref) for ref in kept["objects"]), tuple(kept["nodes"])
    return Finding(**{**kept, "severity": Severity(kept["severity"]), "objects": objects, "nodes": nodes})
