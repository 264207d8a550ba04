"""Problems grouped by shared cause: a dead router is one row, a speaker that does not answer is one row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse

from clusters.models import Cluster
from clusters.words import HEALTH_WORDS, bounded, counted, utc_words
from dashboard.counts import UNSEEN, Counts, Group, NodeCount
from dashboard.facts import text_of
from dashboard.filters import Filters
from dashboard.ribbon import DAY, Mark, drops
from speakers.models import Session, Transition
from speakers.selectors import HEALTH, speakers

SHOWN = 12
SHOWN_ALL = 200
_TRANSITIONS = 2000
_SPEAKERS = 2000


@dataclass(frozen=True, slots=True)
class Problem:
    """One row: what is wrong, where, since when, and why."""

    health: str
    number: int
    of: int  # sessions that there are to this neighbor, or on these nodes
    title: str
    cluster: str
    peer: str
    peer_href: str
    neighbor: str
    remote_as: int | None
    vrf: str  # "" = all VRFs of the nodes
    nodes: list[str]
    more_nodes: int
    since: datetime | None
    cause: str
    detail: str
    href: str
    group: Group | None = None
    marks: tuple[Mark, ...] = ()
    refused: bool = False  # the nodes' speakers refuse their configuration

    @property
    def number_of_nodes(self) -> int:
        """Nodes that it touches."""
        return len(self.nodes) + self.more_nodes

    @property
    def ticket(self) -> str:
        """The same as text, for a ticket or a chat."""
        where = f"{self.peer or 'neighbor'} {self.neighbor}".strip() if self.neighbor else "speaker"
        asn = f" (AS {self.remote_as})" if self.remote_as else ""
        nodes = ", ".join(self.nodes) + (f" and {self.more_nodes} more" if self.more_nodes else "")
        lines = [
            f"{self.title}: {where}{asn}" + (f", VRF {self.vrf}" if self.vrf else ""),
            f"cluster {self.cluster}, {'nodes' if self.number_of_nodes > 1 else 'node'} {nodes}",
            f"since {utc_words(self.since)}" if self.since else "",
            " - ".join(filter(None, (self.cause, self.detail))),
        ]
        return text_of(lines)

    @property
    def order(self) -> tuple[int, int, str, str]:
        """Worst first, then the one that touches most."""
        return HEALTH.index(self.health), -self.number, self.neighbor, "".join(self.nodes[:1])


def peer_href(cluster: Cluster | None, peer: str) -> str:
    """The page of a BGPPeer; "" if the name cannot be one."""
    try:
        return reverse("peer", args=[cluster.name, cluster.namespace, peer]) if cluster and peer else ""
    except NoReverseMatch:
        return ""


def problems(
    counts: Counts, clusters: Mapping[int, Cluster], filters: Filters, names: Mapping[tuple[str, str], str]
) -> list[Problem]:
    """All of them, worst first; one more query, for the speakers that did not answer.

    names: of the BGPPeers by VRF and neighbor, for sessions that no BGPPeer intends.
    """
    found = [
        _of_router(group, names, counts.totals[group.router].number, clusters.get(group.cluster), filters)
        for group in counts.groups
        if group.health != "up" and group.health not in UNSEEN
    ]
    unseen = [node for node in counts.problem_nodes if not node.seen]
    found += _of_speakers(unseen, clusters, filters)
    return sorted(found, key=lambda problem: problem.order)


def _of_router(
    group: Group, names: Mapping[tuple[str, str], str], of: int, cluster: Cluster | None, filters: Filters
) -> Problem:
    peer = group.peer or names.get((group.vrf, group.neighbor), "")
    nodes = sorted({group.first_node, group.last_node})
    word = HEALTH_WORDS[group.health]
    alone = group.number == 1
    chosen = filters.query(vrf=group.vrf, q=group.neighbor, health=group.health)
    return Problem(
        health=group.health,
        number=group.number,
        title=word.capitalize() if alone else f"{group.number:,} {word}",
        cluster=cluster.name if cluster else "",
        of=of,
        peer=peer,
        peer_href=peer_href(cluster, peer),
        neighbor=group.neighbor,
        remote_as=group.remote_as,
        vrf=group.vrf,
        nodes=nodes,
        more_nodes=group.number - len(nodes),
        since=group.since,
        cause=_cause(group),
        detail=_together(group),
        href=reverse("session", args=[group.session]) if alone else reverse("home") + chosen,
        group=group,
    )


def _cause(group: Group) -> str:
    if group.health == "degraded":
        return group.degraded
    if group.health == "orphan":
        return "FRR runs it, but no BGPPeer intends it on " + ("this node" if group.number == 1 else "these nodes")
    return group.cause or "No reason given by FRR"


def _together(group: Group) -> str:
    if group.number == 1:
        return ""
    seconds = int((group.last - group.since).total_seconds())
    if seconds < 2:
        return f"all {group.number} in the same second" if group.number > 2 else "both in the same second"
    return f"the latest {utc_words(group.last)}"


def _of_speakers(nodes: list[NodeCount], clusters: Mapping[int, Cluster], filters: Filters) -> list[Problem]:
    named = nodes[:_SPEAKERS]
    silent = speakers().order_by().exclude(freshness="live").filter(node__in=[node.node for node in named])
    fields = ("cluster_id", "node", "pod", "ready", "misses", "error", "observed_at")
    rows = {(row.cluster_id, row.node): row for row in silent.values_list(*fields, named=True)[:_SPEAKERS]}
    causes: dict[tuple[int, tuple[str, str]], list[NodeCount]] = defaultdict(list)
    for node in named:
        causes[node.cluster, _silence(rows.get((node.cluster, node.node)))].append(node)
    return [
        _of_speaker(members, clusters.get(cluster), rows, cause, filters)
        for (cluster, cause), members in causes.items()
    ]


def _silence(speaker: Any) -> tuple[str, str]:
    """Why a speaker is not heard, and its own words; the same for all that share the cause."""
    if speaker is None or (speaker.observed_at is None and not speaker.misses):
        return "Not observed yet", ""
    if speaker.misses:
        return "Speaker does not answer", speaker.error
    return "Not polled any more: is a worker running?", ""


def _of_speaker(
    members: list[NodeCount],
    cluster: Cluster | None,
    rows: Mapping[tuple[int, str], Any],
    cause: tuple[str, str],
    filters: Filters,
) -> Problem:
    first = rows.get((members[0].cluster, members[0].node))
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
        since=first.observed_at if first else None,
        cause=cause[0] + (f", {counted(first.misses, 'poll')} missed" if first and first.misses else ""),
        detail=" · ".join(filter(None, (pod, bounded(cause[1], 200)))),
        href=filters.query(node=members[0].node) if len(members) == 1 else filters.query(health=health),
    )


def with_ribbons(rows: Iterable[Problem], now: datetime) -> list[Problem]:
    """The same rows with the drops of their last day; one query."""
    shown = list(rows)
    groups = [row.group for row in shown if row.group]
    times = _drops(groups, now) if groups else {}
    result = []
    for row in shown:
        if row.group is None:
            marks = drops((), now, down_since=row.since, kind="unknown")
        else:
            lasting = row.since if row.health in {"down", "absent"} else None
            marks = drops(times.get(row.group.router, ()), now, down_since=lasting)
        result.append(replace(row, marks=tuple(marks)))
    return result


def _drops(groups: list[Group], now: datetime) -> dict[tuple[int, str, str], list[datetime]]:
    where = reduce(or_, (Q(vrf=group.vrf, neighbor=group.neighbor) for group in groups))
    rows: QuerySet[Transition] = Transition.objects.filter(
        where,
        cluster_id__in={group.cluster for group in groups},
        at__gte=now - DAY,
        old_state=Session.State.ESTABLISHED,
    )
    times: dict[tuple[int, str, str], list[datetime]] = defaultdict(list)
    for cluster, vrf, neighbor, at in rows.values_list("cluster_id", "vrf", "neighbor", "at")[:_TRANSITIONS]:
        times[cluster, vrf, neighbor].append(at)
    return times
