"""Speakers that are not heard: one problem a cluster and reason, however many nodes there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from clusters.models import Cluster
from clusters.words import HEALTH_WORDS, bounded, counted
from dashboard.filters import Filters
from dashboard.problem import Problem
from speakers.counts import NodeCount, of_nodes
from speakers.reach import UNPOLLED, UNSEEN
from speakers.redundancy import Left, Place
from speakers.selectors import speakers


def of_speakers(nodes: Sequence[NodeCount], clusters: Mapping[int, Cluster], filters: Filters) -> list[Problem]:
    """One for each reason of a cluster for which its nodes are not heard; one query."""
    silent = of_nodes(speakers().order_by().exclude(freshness="live"), {(node.cluster, node.node) for node in nodes})
    fields = ("cluster_id", "node", "pod", "ready", "misses", "error", "observed_at")
    rows = {(row.cluster_id, row.node): row for row in silent.values_list(*fields, named=True)}
    causes: dict[tuple[int, tuple[str, str]], list[NodeCount]] = defaultdict(list)
    for node in nodes:
        causes[node.cluster, _silence(rows.get((node.cluster, node.node)))].append(node)
    return [
        _of_speaker(members, clusters.get(cluster), rows, cause, filters)
        for (cluster, cause), members in causes.items()
    ]


def _silence(speaker: Any) -> tuple[str, str]:
    """Why a speaker is not heard, and its own words; the same for all that share the cause."""
    if speaker is None or (speaker.observed_at is None and not speaker.misses and not speaker.error):
        return "Not observed yet", ""
    if speaker.error and not speaker.misses:
        return "Not known", speaker.error
    if speaker.misses:
        return "Speaker does not answer", speaker.error
    return UNPOLLED, ""


def _of_speaker(
    members: list[NodeCount],
    cluster: Cluster | None,
    rows: Mapping[tuple[int, str], Any],
    cause: tuple[str, str],
    filters: Filters,
) -> Problem:
    first = rows.get((members[0].cluster, members[0].node))
    heard = [row.observed_at for node in members if (row := rows.get((node.cluster, node.node))) and row.observed_at]
    number = sum(node.healths[health] for node in members for health in UNSEEN)
    health = "unknown" if any(node.healths["unknown"] for node in members) else "late"
    pod = f"{first.pod}, ready {first.ready or '?'}" if first and first.pod and len(members) == 1 else ""
    return Problem(
        health=health,
        number=number,
        of=sum(node.healths.total() for node in members),
        title=f"{number:,} {HEALTH_WORDS[health]}",
        cluster=cluster.name if cluster else "",
        peer="",
        peer_href="",
        neighbor="",
        remote_as=None,
        vrf="",
        nodes=[node.node for node in members[:2]],
        more_nodes=max(0, len(members) - 2),
        since=min(heard, default=None),
        cause=cause[0] + (f", {counted(first.misses, 'poll')} missed" if first and first.misses else ""),
        detail=" · ".join(filter(None, (pod, bounded(cause[1], 200)))),
        href=filters.query(node=members[0].node) if len(members) == 1 else filters.query(health=health),
        kind="speaker",
        places={} if filters.partial else _unheard(members),  # what the filters leave out may well be up
    )


def _unheard(nodes: list[NodeCount]) -> dict[Place, Left]:
    return {(one.cluster, one.node, "", ""): Left(0, one.intended, one.intended) for one in nodes if not one.up}
