"""The matrix: a page of nodes down, neighbors across in groups by VRF, and one row that sums up what is not shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import BooleanField, ExpressionWrapper

from clusters import clock
from clusters.words import DEFAULT_VRF, counted
from speakers.comparison.selectors import known
from speakers.counts import UNSEEN, UP, Counts, NodeCount, worst
from speakers.models import Session
from speakers.selectors import Sessions

ROWS = 40
COLUMNS = 24
_AT_A_GLANCE = 8  # columns that need no scrolling; with more of them trouble comes first
_SAMPLES = 8  # rows of a column that are asked for the name of its BGPPeer
OPEN_BELOW = 9  # a fleet this small is shown whole
_FIELDS = (
    "pk",
    "cluster_id",
    "node",
    "vrf",
    "neighbor",
    "health",
    "since",
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
    """One session in the matrix. differs: it is up, and does not run or tell what is meant."""

    session: int
    health: str
    since: datetime | None
    why: str
    differs: bool = False


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


@dataclass(frozen=True, slots=True)
class Row:
    """A node and its cells, None where nothing is intended and nothing runs."""

    node: NodeCount
    cluster: str
    cells: list[Cell | None]


@dataclass(frozen=True, slots=True)
class Matrix:
    """What the template draws. pages and page count from 1; hidden_* are numbers of nodes."""

    groups: list[tuple[str, int]]
    columns: list[Column]
    hidden_columns: int
    rows: list[Row]
    sums: list[Sum]
    hidden_healthy: int
    hidden_problems: int
    opened: bool
    page: int
    pages: int


def matrix(
    sessions: Sessions, counts: Counts, clusters: Mapping[int, str], *, opened: bool | None, page: int
) -> Matrix:
    """The matrix of a page of nodes; opened: whether healthy nodes have rows too (None = if there are few)."""
    if opened is None:
        opened = counts.number_of_nodes < OPEN_BELOW
    nodes = counts.problem_nodes + (counts.healthy_nodes() if opened else [])
    pages = max(1, -(-len(nodes) // ROWS))
    page = min(max(page, 1), pages)
    shown = nodes[(page - 1) * ROWS : page * ROWS]
    columns, hidden_columns = _columns(counts)
    cells, in_rows = cells_of(sessions, shown, columns)
    rows = [
        Row(
            node,
            clusters.get(node.cluster, ""),
            [cells.get((node.cluster, node.node, column.key)) for column in columns],
        )
        for node in shown
    ]
    problems = sum(node.health != "up" for node in shown)
    return Matrix(
        groups=list(Counter(column.vrf for column in columns).items()),
        columns=columns,
        hidden_columns=hidden_columns,
        rows=rows,
        sums=[sum_of(column.healths - in_rows[column.key]) for column in columns],
        hidden_healthy=counts.number_of_nodes - len(counts.problem_nodes) - (len(shown) - problems),
        hidden_problems=len(counts.problem_nodes) - problems,
        opened=opened,
        page=page,
        pages=pages,
    )


def _columns(counts: Counts) -> tuple[list[Column], int]:
    found: dict[tuple[str, str], Column] = {}
    for (_cluster, vrf, neighbor), total in counts.totals.items():
        column = found.setdefault((vrf, neighbor), Column(vrf, neighbor))
        column.healths["up"] += total.number
        column.samples += (total.first, total.last)
    for group in counts.groups:
        column = found[group.vrf, group.neighbor]
        column.healths["up"] -= group.number
        column.healths[group.health] += group.number
    chosen = sorted(found.values(), key=lambda column: (column.weight, column.key))[:COLUMNS]
    samples = [pk for column in chosen for pk in column.samples[-_SAMPLES:]]
    named = Session.objects.filter(pk__in=samples).exclude(peer="").order_by()
    for vrf, neighbor, peer in named.values_list("vrf", "neighbor", "peer"):
        found[vrf, neighbor].peer = max(found[vrf, neighbor].peer, peer)
    if len(chosen) <= _AT_A_GLANCE:
        return sorted(chosen, key=lambda column: column.order), len(found) - len(chosen)
    trouble: Counter[str] = Counter()
    for column in chosen:
        trouble[column.vrf] += column.trouble
    chosen.sort(key=lambda column: (-trouble[column.vrf], *column.order[:2], -column.trouble, column.order))
    return chosen, len(found) - len(chosen)


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
    for pk, cluster, node, vrf, neighbor, health, since, observed, *rest in rows.values_list(*_FIELDS):
        cause, degraded, settings, compared, *prefixes = rest
        key = (vrf, neighbor)
        if (cluster, node) in wanted and key in in_rows:
            at = observed if health in {"unknown", "late"} else since
            differing = _differing(settings, prefixes if compared else (0, 0, 0)) if health in UP else ""
            why = differing or (degraded if health == "degraded" else cause)
            cells[cluster, node, key] = Cell(pk, health, at, why, bool(differing))
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
