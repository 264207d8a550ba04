"""Sessions counted three ways in two queries: by router and cause, by node, and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol, TypeVar

from django.db.models import Case, Count, Max, Min, Q, QuerySet, When
from django.db.models.functions import Coalesce

from speakers.extent import Extent, Router, Total, extent_of
from speakers.models import Session, Speaker
from speakers.reach import UNSEEN, UP
from speakers.selectors import HEALTH, Sessions, not_live, sessions

_FEW, _MANY = 500, 2000
NOT_WHOLE = (False,)  # SQLite uses an index for IN, and none for NOT
_RANK = {health: rank for rank, health in enumerate(HEALTH)}
_SINCE = Case(When(health__in=UNSEEN, then=Coalesce("speaker__observed_at", "since")), default="since")
_BEFORE = Q(began_before=True) & ~Q(health__in=UNSEEN)
Rows = TypeVar("Rows", bound="QuerySet[Session]")
Narrowed = TypeVar("Narrowed", bound="QuerySet[Any]")


Wrong = tuple[int, str, str, str, str, str]  # cluster, node, VRF, neighbor, health, reason


class Narrowing(Protocol):
    """Which sessions are meant."""

    @property
    def by_health(self) -> bool:
        """Whether the rows that it is applied to need a health."""

    @property
    def partial(self) -> bool:
        """Whether sessions are left out that a statement about the nodes of a cluster would need."""

    def apply(self, sessions: Rows) -> Rows:
        """The sessions that are meant."""


def worst(healths: Counter[str]) -> str:
    """The worst health that is counted; up for nothing."""
    return min((health for health, number in healths.items() if number > 0), key=_RANK.__getitem__, default="up")


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions to one neighbor of one VRF that share health and reason.

    since, last: of the oldest and of the newest; of sessions that are not seen, when their nodes were last heard.
    """

    cluster: int
    vrf: str
    neighbor: str
    health: str
    reason: str
    number: int
    since: datetime
    last: datetime
    peer: str
    cause: str
    session: int
    first_node: str
    last_node: str
    remote_as: int | None
    degraded: str
    unseen: int  # of how many nobody saw when that began

    @property
    def router(self) -> Router:
        """What tells neighbors apart."""
        return self.cluster, self.vrf, self.neighbor

    @property
    def up(self) -> bool:
        """Whether they are Established, degraded or not: what is not has a reason."""
        return bool(self.degraded) or not self.reason


@dataclass(slots=True)
class NodeCount:
    """The sessions of one node by health."""

    cluster: int
    node: str
    healths: Counter[str] = field(default_factory=Counter)

    @property
    def health(self) -> str:
        """The worst of its sessions."""
        return worst(self.healths)

    @property
    def intended(self) -> int:
        """Sessions that should be."""
        return self.healths.total() - self.healths["orphan"]

    @property
    def up(self) -> int:
        """Intended sessions that are Established."""
        return sum(self.healths[health] for health in UP)

    @property
    def seen(self) -> bool:
        """Whether its FRR answers."""
        return not any(self.healths[health] for health in UNSEEN)

    @property
    def order(self) -> tuple[int, int, str]:
        """Problem nodes first, the worst before the others."""
        bad = sum(number for health, number in self.healths.items() if health != "up")
        return _RANK[self.health], -bad, self.node


@dataclass(frozen=True)
class Counts:
    """All counts of the sessions that the filters leave. groups: those that are not up; wrong: each of them.

    What is up is counted by taking the others from the totals: totals are kept, and the others are few.
    """

    filters: Narrowing
    groups: list[Group]
    problem_nodes: list[NodeCount]
    wrong: list[Wrong]
    extent: Extent

    @classmethod
    def of(cls, filters: Narrowing) -> Counts:
        """At most eight queries, whose answers are as long as there are routers, and nodes with problems."""
        rows, wrong = rows_of(filters), not_up(filters)
        groups = [group for group in grouped(wrong) if group.health != "up"]
        found = extent_of(rows, keep=not filters.by_health)
        columns = ("cluster_id", "node", "vrf", "neighbor", "health", "reason")
        each = [one for one in wrong.values_list(*columns) if one[4] != "up"]
        return cls(
            filters=filters,
            groups=[group for group in groups if group.router in found.totals],  # others went between the queries
            problem_nodes=sorted(_problem_nodes(rows, each), key=lambda node: node.order),
            wrong=each,
            extent=found,
        )

    @property
    def totals(self) -> dict[Router, Total]:
        """All sessions by router."""
        return self.extent.totals

    @property
    def number_of_nodes(self) -> int:
        """Of all nodes that have sessions."""
        return self.extent.nodes

    def healthy_nodes(self) -> list[NodeCount]:
        """The others, by name; one query, as long as there are nodes."""
        known = {(node.cluster, node.node) for node in self.problem_nodes}
        rows = rows_of(self.filters).order_by("cluster__name", "node")
        found = rows.values_list("cluster_id", "node").annotate(Count("pk"))
        return [
            NodeCount(cluster, node, Counter(up=number))
            for cluster, node, number in found
            if (cluster, node) not in known
        ]

    @cached_property
    def healths(self) -> Counter[str]:
        """Sessions by health."""
        total = Counter(up=sum(total.number for total in self.totals.values()))
        for group in self.groups:
            total["up"] -= group.number
            total[group.health] += group.number
        return total

    def number(self, healths: frozenset[str]) -> int:
        """Sessions in any of these."""
        return sum(self.healths[health] for health in healths)

    @property
    def intended(self) -> int:
        """Sessions that should be."""
        return self.healths.total() - self.healths["orphan"]

    @cached_property
    def cut_off(self) -> list[NodeCount]:
        """Nodes that answer and have lost every session."""
        return [node for node in self.problem_nodes if node.seen and node.intended and not node.up]


def rows_of(filters: Narrowing) -> QuerySet[Session]:
    """All sessions that are meant, with a health only if the filters ask for one."""
    return filters.apply(sessions() if filters.by_health else Session.objects.all()).order_by()


def _problem_nodes(rows: QuerySet[Session], wrong: Sequence[Wrong]) -> list[NodeCount]:
    nodes: dict[tuple[int, str], NodeCount] = {}
    for cluster, name, _vrf, _neighbor, health, _reason in wrong:
        nodes.setdefault((cluster, name), NodeCount(cluster, name)).healths[health] += 1
    totals = of_nodes(rows, nodes).values_list("cluster_id", "node").annotate(Count("pk"))
    for cluster, name, number in totals:
        if node := nodes.get((cluster, name)):
            node.healths["up"] = number - node.healths.total()
    return list(nodes.values())


def of_nodes(rows: Narrowed, nodes: Collection[tuple[int, str]]) -> Narrowed:
    """The rows of these nodes' clusters, and of no other nodes there as long as these are few enough to be named."""
    found = rows.filter(cluster__in={cluster for cluster, _ in nodes})
    return found if len(nodes) > _FEW else found.filter(node__in={node for _, node in nodes})


def grouped(rows: Sessions, *also: str) -> list[Group]:
    """Sessions by router, health and reason, and by the other columns that are named; one query."""
    found = (
        rows.values_list("cluster_id", "vrf", "neighbor", "health", "reason", *also)
        .annotate(Count("pk"), first=Min(_SINCE), last=Max(_SINCE))
        .annotate(Max("peer"), Max("cause"), Min("pk"))
        .annotate(Min("node"), Max("node"), Max("remote_as"), Max("degraded"), unseen=Count("pk", filter=_BEFORE))
    )
    return [Group(*row[:5], *row[5 + len(also) :]) for row in found]


def not_up(filters: Narrowing) -> Sessions:
    """The sessions that may not be up, found without a scan: health is computed for them alone while they are few."""
    rows = filters.apply(sessions()).order_by()
    silent = list(Speaker.objects.order_by().filter(not_live()).values_list("pk", flat=True)[: _FEW + 1])
    if len(silent) > _FEW:
        return rows
    up = Q(state=Session.State.ESTABLISHED, degraded="", intended=True)
    odd = Q(whole__in=NOT_WHOLE) & ~up
    wrong = list(rows_of(filters).filter(odd | Q(speaker__in=silent)).values_list("pk", flat=True)[: _MANY + 1])
    return rows if len(wrong) > _MANY else rows.filter(pk__in=wrong)
