"""Nodes whose speakers refuse their configuration and keep the old one (MetalLB calls that a stale configuration)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.models import Cluster
from clusters.registry import resource_models, rows_of
from intent.findings import Finding, ObjectRef, Severity

_BROKEN = 50  # objects of a kind that are looked at


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error for which the speakers of `finding.nodes` refuse everything."""

    cluster_id: int
    cluster: str
    finding: Finding


def refusals(cluster: Cluster | None = None) -> list[Refusal]:
    """What the rules say, once for all objects that clash; one query a kind, of the first objects that break rules."""
    found: dict[tuple[Any, ...], Refusal] = {}
    for kind in resource_models():
        rows = rows_of(kind).filter(severity=Severity.ERROR.value).order_by("cluster", "namespace", "name")
        rows = rows if cluster is None else rows.filter(cluster=cluster)
        for pk, name, findings in rows.values_list("cluster", "cluster__name", "findings")[:_BROKEN]:
            for kept in findings:
                if kept["severity"] == Severity.ERROR.value and kept["nodes"]:
                    finding = _finding(kept)
                    key = pk, finding.code, finding.field, frozenset(finding.objects)
                    found.setdefault(key, Refusal(pk, name, finding))
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
