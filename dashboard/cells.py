"""Sessions as cells: what one says, what columns of them hold, and which of them some nodes have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import BooleanField, ExpressionWrapper

from clusters import clock
from clusters.words import DEFAULT_VRF, counted
from speakers.comparison.selectors import known
from speakers.counts import NodeCount, worst
from speakers.reach import UNSEEN, UP
from speakers.selectors import Sessions

_FIELDS = (
    "pk",
    "cluster_id",
    "node",
    "vrf",
    "neighbor",
    "health",
    "since",
    "began_before",
    "speaker__observed_at",
    "cause",
    "degraded",
    "differs",
    "compared",
    "comparison__missing",
    "comparison__extra",
    "comparison__attributes",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One session in the matrix. differs: it is up, and does not run or tell what is meant.

    since: of a session that is not seen, when its node was last heard. began_before: it is so for longer.
    """

    session: int
    health: str
    since: datetime | None
    why: str
    differs: bool = False
    began_before: bool = False


@dataclass(slots=True)
class Column:
    """One neighbor of one VRF."""

    vrf: str
    neighbor: str
    peer: str = ""
    samples: tuple[int, ...] = ()
    healths: Counter[str] = field(default_factory=Counter)

    @property
    def key(self) -> tuple[str, str]:
        """What tells columns apart, as FRR does."""
        return self.vrf, self.neighbor

    @property
    def order(self) -> tuple[bool, str, str, str]:
        """The default VRF first, then by name."""
        return self.vrf != DEFAULT_VRF, self.vrf, self.peer, self.neighbor

    @property
    def trouble(self) -> int:
        """Sessions that are known not to be well; a silent node is no trouble of its routers."""
        return sum(number for health, number in self.healths.items() if health != "up" and health not in UNSEEN)

    @property
    def weight(self) -> tuple[bool, int]:
        """What is shown at all if there are too many: trouble, then size."""
        return not self.trouble, -self.healths.total()


@dataclass(frozen=True, slots=True)
class Sum:
    """What a column holds in the rows that are not shown."""

    health: str
    up: int
    total: int


Key = tuple[int, str, tuple[str, str]]


def cells_of(
    sessions: Sessions, nodes: Sequence[NodeCount], columns: Sequence[Column]
) -> tuple[dict[Key, Cell], dict[tuple[str, str], Counter[str]]]:
    """The sessions of these nodes in these columns, and how many there are in each by health; one query."""
    wanted = {(node.cluster, node.node) for node in nodes}
    in_rows: dict[tuple[str, str], Counter[str]] = {column.key: Counter() for column in columns}
    current = ExpressionWrapper(known(clock.now()), BooleanField())
    rows = (
        sessions.annotate(compared=current)
        .order_by()
        .filter(cluster__in={node.cluster for node in nodes}, node__in=[node.node for node in nodes])
        .filter(neighbor__in=[column.neighbor for column in columns])
    )
    cells: dict[Key, Cell] = {}
    for pk, cluster, node, vrf, neighbor, health, since, before, observed, *rest in rows.values_list(*_FIELDS):
        cause, degraded, settings, compared, *prefixes = rest
        key = (vrf, neighbor)
        if (cluster, node) in wanted and key in in_rows:
            at, longer = (observed, False) if health in UNSEEN else (since, before)
            differing = _differing(settings, prefixes if compared else (0, 0, 0)) if health in UP else ""
            why = differing or (degraded if health == "degraded" else cause)
            cells[cluster, node, key] = Cell(pk, health, at, why, bool(differing), longer)
            in_rows[key][health] += 1
    return cells, in_rows


def _differing(settings: str, prefixes: Sequence[int | None]) -> str:
    """How a session that is up differs from what is meant, "" if it does not."""
    words = zip(prefixes, ("missing", "not meant", "with other attributes"), strict=True)
    told = [f"{counted(number, 'prefix', 'prefixes')} {word}" for number, word in words if number]
    return "; ".join([*told, *([settings] if settings else [])])


def sum_of(healths: Counter[str]) -> Sum:
    """What is left of a column."""
    return Sum(worst(healths), healths["up"], healths.total())
