"""Nodes whose speakers refuse their configuration and keep the old one."""

from __future__ import annotations

from collections import defaultdict

from alarms.conditions.facts import Facts
from alarms.conditions.finding import NODES, Found, Judged
from alarms.models import Rule
from clusters.stale import Refusal
from clusters.words import bounded, counted, listed

_TOLD = 5  # refusals that are kept as evidence


def stale(rule: Rule, facts: Facts) -> Judged:
    """One for each cluster; no query of its own."""
    scope, several = facts.scope(rule), defaultdict[int, dict[str, list[Refusal]]](dict)
    for (cluster, node), why in facts.stale.items():
        if cluster in facts.active and scope.has(why[0].cluster, node):
            several[cluster][node] = why
    return Judged(tuple(_found(cluster, nodes) for cluster, nodes in several.items()))


def _found(cluster: int, nodes: dict[str, list[Refusal]]) -> Found:
    names = sorted(nodes)
    why = list(dict.fromkeys((one.teller, one.finding.message) for some in nodes.values() for one in some))
    keep = "keeps its" if len(names) == 1 else "keep their"
    return Found(
        cluster=cluster,
        key="configuration",
        cause_kind="configuration",
        title=f"{listed(names, 2)} {keep} old configuration",
        cause=bounded(why[0][1], 500),
        nodes=tuple(names[:NODES]),
        number_of_nodes=len(names),
        evidence=(
            (counted(len(names), "node"), listed(names, 5)),
            *((who, bounded(text, 300)) for who, text in why[:_TOLD]),
        ),
    )
