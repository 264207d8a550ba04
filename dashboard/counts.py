"""Sessions counted three ways in two queries: by router and cause, by node, and in all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Count, Max, Min

from speakers.selectors import HEALTH, Sessions

UP = frozenset({"up", "degraded"})
DOWN = frozenset({"down", "absent"})
UNSEEN = frozenset({"unknown", "late"})
_RANK = {health: rank for rank, health in enumerate(HEALTH)}


def worst(healths: Counter[str]) -> str:
    """The worst health that is counted; up for nothing."""
    return min((health for health, number in healths.items() if number > 0), key=_RANK.__getitem__, default="up")


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions to one neighbor of one VRF that share health and reason."""

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
    """All counts of the sessions that the filters leave."""

    groups: list[Group]
    nodes: list[NodeCount]

    @classmethod
    def of(cls, sessions: Sessions) -> Counts:
        """Two queries, whose answers are as long as there are routers and nodes."""
        by_router = (
            sessions.order_by()
            .values_list("cluster_id", "vrf", "neighbor", "health", "reason")
            .annotate(Count("pk"), Min("since"), Max("since"), Max("peer"), Max("cause"), Min("pk"))
            .annotate(Min("node"), Max("node"), Max("remote_as"))
        )
        by_node = sessions.order_by().values_list("cluster_id", "node", "health").annotate(Count("pk"))
        nodes: dict[tuple[int, str], NodeCount] = {}
        for cluster, node, health, number in by_node:
            nodes.setdefault((cluster, node), NodeCount(cluster, node)).healths[health] += number
        return cls([Group(*row) for row in by_router], sorted(nodes.values(), key=lambda node: node.order))

    @cached_property
    def healths(self) -> Counter[str]:
        """Sessions by health."""
        total: Counter[str] = Counter()
        for node in self.nodes:
            total.update(node.healths)
        return total

    def number(self, healths: frozenset[str]) -> int:
        """Sessions in any of these."""
        return sum(self.healths[health] for health in healths)

    @property
    def intended(self) -> int:
        """Sessions that should be."""
        return self.healths.total() - self.healths["orphan"]

    @cached_property
    def problem_nodes(self) -> list[NodeCount]:
        """Nodes with anything but healthy sessions, worst first."""
        return [node for node in self.nodes if node.health != "up"]

    @cached_property
    def cut_off(self) -> list[NodeCount]:
        """Nodes that answer and have lost every session."""
        return [node for node in self.problem_nodes if node.seen and node.intended and not node.up]

    @cached_property
    def last_path(self) -> list[NodeCount]:
        """Nodes that have lost sessions and keep exactly one."""
        return [node for node in self.problem_nodes if node.seen and node.up == 1 and node.intended > 1]
