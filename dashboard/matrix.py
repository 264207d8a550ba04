"""The matrix: nodes down, by zone if they are many, neighbors across by VRF, and sums of what is not shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.cells import Cell, Column, Key, Sum, cells_of, sum_of
from dashboard.sparklines import Sparkline, by_key
from dashboard.zones import Zones, zones_of
from speakers.counts import Counts, NodeCount
from speakers.models import Session
from speakers.selectors import Sessions

ROWS = 40
BANDS = 60
COLUMNS = 24
_AT_A_GLANCE = 8  # columns that need no scrolling; with more of them trouble comes first
_SAMPLES = 8  # rows of a column that are asked for the name of its BGPPeer
OPEN_BELOW = 9  # a fleet this small is shown whole


@dataclass(frozen=True, slots=True)
class Row:
    """A node and its cells, None where nothing is intended and nothing runs. line: how many prefixes they are told."""

    node: NodeCount
    cluster: str
    cells: list[Cell | None]
    line: Sparkline | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """The rows of a zone. name: "" = of nodes without one. total, problems: its nodes; sums: of all of them."""

    name: str
    cluster: str
    total: int
    problems: int
    sums: list[Sum]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Matrix:
    """What the template draws. pages and page count from 1; hidden_* are numbers of nodes, and hidden_bands of zones.

    banded: whether nodes are grouped by zone; if not, one band has all rows.
    """

    groups: list[tuple[str, int]]
    columns: list[Column]
    hidden_columns: int
    banded: bool
    bands: list[Band]
    hidden_bands: int
    sums: list[Sum]
    hidden_healthy: int
    hidden_problems: int
    opened: bool
    page: int
    pages: int


def matrix(
    sessions: Sessions,
    counts: Counts,
    clusters: Mapping[int, str],
    *,
    opened: bool | None,
    page: int,
    lined_at: datetime | None = None,
) -> Matrix:
    """The matrix of a page of nodes; opened: whether healthy nodes have rows too (None = if there are few).

    lined_at: the end of the day that rows have lines of, None = of no one; one query.
    """
    opened = counts.number_of_nodes < OPEN_BELOW if opened is None else opened
    zones = _zones(counts)
    order = _by_trouble(zones, counts) if zones else {}
    nodes = _ordered(counts, zones, order, opened=opened)
    shown, page, pages = _page(nodes, page)
    columns, hidden_columns = _columns(counts)
    cells, in_rows = cells_of(sessions, shown, columns)
    lines = _lines(shown, columns, lined_at) if lined_at is not None else {}
    rows = [_row(node, clusters, columns, cells, lines) for node in shown]
    problems = sum(node.health != "up" for node in shown)
    last = page == pages and not opened
    whole = Band("", "", counts.number_of_nodes, len(counts.problem_nodes), [], rows)
    bands = _bands(zones, order, counts, columns, rows, clusters, last=last) if zones else [whole]
    return Matrix(
        groups=list(Counter(column.vrf for column in columns).items()),
        columns=columns,
        hidden_columns=hidden_columns,
        banded=zones is not None,
        bands=bands[:BANDS],
        hidden_bands=max(0, len(bands) - BANDS),
        sums=[sum_of(column.healths - in_rows[column.key]) for column in columns],
        hidden_healthy=counts.number_of_nodes - len(counts.problem_nodes) - (len(shown) - problems),
        hidden_problems=len(counts.problem_nodes) - problems,
        opened=opened,
        page=page,
        pages=pages,
    )


def _page(nodes: Sequence[NodeCount], page: int) -> tuple[Sequence[NodeCount], int, int]:
    """The nodes of a page, its number, which is that of a page that is there, and how many pages there are."""
    pages = max(1, -(-len(nodes) // ROWS))
    page = min(max(page, 1), pages)
    return nodes[(page - 1) * ROWS : page * ROWS], page, pages


def _ordered(
    counts: Counts, zones: Zones | None, order: Mapping[tuple[int, str], int], *, opened: bool
) -> list[NodeCount]:
    """The nodes that have rows, those of the zone with the most trouble first."""
    nodes = counts.problem_nodes + (counts.healthy_nodes() if opened else [])
    if zones:
        nodes.sort(key=lambda node: order.get(zones.of((node.cluster, node.node)), len(order)))
    return nodes


def _zones(counts: Counts) -> Zones | None:
    """None = nodes are few, or none of them says where it stands."""
    found = zones_of(counts) if counts.number_of_nodes >= OPEN_BELOW else None
    return found if found is not None and found.any else None


def _row(
    node: NodeCount,
    clusters: Mapping[int, str],
    columns: Sequence[Column],
    cells: Mapping[Key, Cell],
    lines: Mapping[tuple[int, str], Sparkline],
) -> Row:
    at = (node.cluster, node.node)
    here = [cells.get((*at, column.key)) for column in columns]
    return Row(node, clusters.get(node.cluster, ""), here, lines.get(at))


def _lines(nodes: Sequence[NodeCount], columns: Sequence[Column], now: datetime) -> dict[tuple[int, str], Sparkline]:
    """Of the sessions in a row together."""
    places = [(node.cluster, node.node) for node in nodes]
    return by_key({(*place, *column.key): place for place in places for column in columns}, now)


def _by_trouble(zones: Zones, counts: Counts) -> dict[tuple[int, str], int]:
    """The places of the zones: those with problems first, the one with the worst before the others; then by name."""
    first: dict[tuple[int, str], int] = {}
    for place, node in enumerate(counts.problem_nodes):
        first.setdefault(zones.of((node.cluster, node.node)), place)
    calm = len(counts.problem_nodes)
    found = sorted(zones.zones, key=lambda key: (first.get(key, calm), key[1] == "", key[1], key[0]))
    return {key: place for place, key in enumerate(found)}


def _bands(
    zones: Zones,
    order: Iterable[tuple[int, str]],
    counts: Counts,
    columns: Sequence[Column],
    rows: Sequence[Row],
    clusters: Mapping[int, str],
    *,
    last: bool,
) -> list[Band]:
    """The zones that have rows on this page; last: those without problems, too."""
    bad = Counter(zones.of((node.cluster, node.node)) for node in counts.problem_nodes)
    wrong: dict[tuple[int, str], dict[tuple[str, str], Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for cluster, node, vrf, neighbor, health, _reason in counts.wrong:
        wrong[zones.of((cluster, node))][vrf, neighbor][health] += 1
    several: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in rows:
        several[zones.of((row.node.cluster, row.node.node))].append(row)
    found = []
    for key in order:
        if several[key] or (last and not bad[key]):
            zone = zones.zones[key]
            sums = [_in_zone(zone.totals[column.key], wrong[key][column.key]) for column in columns]
            found.append(Band(key[1], clusters.get(key[0], ""), zone.nodes, bad[key], sums, several[key]))
    return found


def _in_zone(total: int, wrong: Counter[str]) -> Sum:
    return sum_of(wrong + Counter(up=total - wrong.total()))


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
