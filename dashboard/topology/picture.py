"""What the page of the topology draws: for each VRF its routers, and its nodes in groups of which trouble is opened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from clusters.models import Cluster
from clusters.stale import by_node, refusals
from clusters.words import DEFAULT_VRF
from dashboard.cells import Cell, Column, Sum, cells_of, sum_of
from dashboard.filters import Filters
from dashboard.matrix import OPEN_BELOW
from dashboard.problem import peer_href
from dashboard.topology.groups import Place, Places
from peers.models import BGPPeer
from speakers.counts import NodeCount, not_up, worst
from speakers.models import Session
from speakers.selectors import sessions

COLUMNS = 16  # routers of a VRF
OPENED = 8  # nodes with problems of a group that is not opened
ROWS = 60  # nodes of a group that is
GROUPS = 40  # of a VRF
Key = tuple[int, str]
Router = tuple[str, str]  # VRF, neighbor


@dataclass(frozen=True, slots=True)
class Config:
    """The config axis of a router's BGPPeer; "" = there is none. broken: it breaks rules. href: its page."""

    peer: str = ""
    sync: str = ""
    broken: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A node and its sessions in this VRF, None where there is none. old: it keeps its old configuration. cluster: its

    name. known: the cluster has this Node.
    """

    node: NodeCount
    cluster: str
    known: bool
    place: Place
    old: bool
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that stand together. cluster: its name, "" = of any. sums: of all its nodes, by column.

    healthy_hidden, problems_hidden: nodes without a line.
    """

    cluster: str
    name: str
    total: int
    sums: tuple[Sum, ...]
    lines: tuple[Line, ...]
    opened: bool
    healthy_hidden: int
    problems_hidden: int

    @property
    def health(self) -> str:
        """The worst of its sessions."""
        return worst(Counter(one.health for one in self.sums if one.total))


@dataclass(frozen=True, slots=True)
class VRF:
    """One VRF. hidden_columns: routers without room; hidden_groups: groups."""

    name: str
    nodes: int
    up: int
    total: int
    columns: tuple[tuple[Column, Config], ...]
    hidden_columns: int
    groups: tuple[Group, ...]
    hidden_groups: int

    @property
    def trouble(self) -> bool:
        """Whether a session is not up."""
        return self.up < self.total


@dataclass(slots=True)
class _Seen:
    """The sessions of one VRF: by router, and by node and router. Which are not up, health says; the others are."""

    routers: dict[Router, Column] = field(default_factory=dict)
    nodes: dict[Key, dict[Router, str]] = field(default_factory=lambda: defaultdict(dict))


def picture(
    filters: Filters, places: Places, clusters: Mapping[int, Cluster], opened: Collection[str] = (), page: int = 1
) -> list[VRF]:
    """All VRFs, the default one first. opened: groups of which every node has a line, by name; page: of those.

    The number of queries is fixed; what is read grows with the sessions, and what is drawn does not.
    """
    seen = _seen(filters)
    old, configs = by_node(refusals()), _configs(clusters)
    drawn = {name: _choose(one, places, old, opened, page) for name, one in seen.items()}
    shown = {node for groups, _hidden in drawn.values() for group in groups for node in group.shown}
    columns = {name: _columns(one) for name, one in seen.items()}
    nodes = [NodeCount(*key) for key in sorted(shown)]
    every = [column for some, _hidden in columns.values() for column in some]
    cells, _ = cells_of(filters.apply(sessions()), nodes, every)
    facts = _Facts(places, old, configs, cells, clusters)
    found = (_vrf(name, seen[name], columns[name], drawn[name], facts) for name in seen)
    return sorted(found, key=lambda vrf: (vrf.name != DEFAULT_VRF, vrf.name))


@dataclass(slots=True)
class _Chosen:
    """A group, and which of its nodes get a line."""

    key: tuple[int, str]
    nodes: list[Key]
    shown: list[Key]
    opened: bool
    healthy_hidden: int
    problems_hidden: int
    calm: bool


@dataclass(frozen=True, slots=True)
class _Facts:
    places: Places
    old: Mapping[Key, object]
    configs: Mapping[tuple[int, str], Config]
    cells: Mapping[tuple[int, str, Router], Cell]
    clusters: Mapping[int, Cluster]

    def cluster(self, pk: int) -> str:
        """Its name, "" = it is none."""
        return self.clusters[pk].name if pk in self.clusters else ""


def _seen(filters: Filters) -> dict[str, _Seen]:
    """Every session once, its health only where it may not be up; three queries."""
    wrong = {row[:4]: row[4] for row in not_up(filters).values_list("cluster_id", "node", "vrf", "neighbor", "health")}
    rows = filters.apply(sessions() if filters.by_health else Session.objects.all()).order_by()
    found = dict[str, _Seen]()
    for cluster, node, vrf, neighbor, peer in rows.values_list("cluster_id", "node", "vrf", "neighbor", "peer"):
        one = found.setdefault(vrf, _Seen())
        column = one.routers.setdefault((vrf, neighbor), Column(vrf, neighbor))
        column.peer = max(column.peer, peer)
        column.samples = column.samples or (cluster,)
        health = wrong.get((cluster, node, vrf, neighbor), "up")
        column.healths[health] += 1
        one.nodes[cluster, node][vrf, neighbor] = health
    return found


def _configs(clusters: Mapping[int, Cluster]) -> dict[tuple[int, str], Config]:
    """The config axis of every BGPPeer, by cluster and name; one query."""
    rows = BGPPeer.objects.order_by().values_list("cluster_id", "name", "sync_state", "severity")
    return {
        (cluster, name): Config(name, sync, severity == "error", peer_href(clusters.get(cluster), name))
        for cluster, name, sync, severity in rows
    }


def _columns(seen: _Seen) -> tuple[list[Column], int]:
    chosen = sorted(seen.routers.values(), key=lambda column: (column.weight, column.key))[:COLUMNS]
    return sorted(chosen, key=lambda column: column.order), len(seen.routers) - len(chosen)


def _choose(
    seen: _Seen, places: Places, old: Collection[Key], opened: Collection[str], page: int
) -> tuple[list[_Chosen], int]:
    """The groups, those with trouble first, and how many have no room."""
    groups: dict[tuple[int, str], list[Key]] = defaultdict(list)
    for key in seen.nodes:
        groups[key[0] if places.by else 0, places.of(key).group].append(key)
    found = []
    for name, nodes in groups.items():
        counts = {key: NodeCount(*key, Counter(seen.nodes[key].values())) for key in nodes}
        bad = sorted((key for key in nodes if key in old or counts[key].health != "up"), key=lambda k: counts[k].order)
        whole = len(seen.nodes) < OPEN_BELOW or name[1] in opened
        if whole:
            ordered = [*bad, *sorted(set(nodes) - set(bad))]
            shown = ordered[(page - 1) * ROWS : page * ROWS] or ordered[:ROWS]
        else:
            shown = bad[:OPENED]
        left = set(nodes) - set(shown)
        troubled = len(left & set(bad))
        found.append(_Chosen(name, nodes, shown, name[1] in opened, len(left) - troubled, troubled, not bad))
    found.sort(key=lambda one: (one.calm, one.key[1] == "", one.key[1], one.key[0]))
    return found[:GROUPS], max(0, len(found) - GROUPS)


def _vrf(
    name: str,
    seen: _Seen,
    columns: tuple[Sequence[Column], int],
    chosen: tuple[Sequence[_Chosen], int],
    facts: _Facts,
) -> VRF:
    (some, hidden_columns), (groups, hidden_groups) = columns, chosen
    healths = sum((column.healths for column in seen.routers.values()), Counter[str]())
    return VRF(
        name=name,
        nodes=len(seen.nodes),
        up=healths["up"],
        total=healths.total(),
        columns=tuple((column, _config(column, facts.configs)) for column in some),
        hidden_columns=hidden_columns,
        groups=tuple(_group(one, seen, some, facts) for one in groups),
        hidden_groups=hidden_groups,
    )


def _group(one: _Chosen, seen: _Seen, columns: Sequence[Column], facts: _Facts) -> Group:
    by_column: dict[Router, Counter[str]] = defaultdict(Counter)
    for key in one.nodes:
        for router, health in seen.nodes[key].items():
            by_column[router][health] += 1
    return Group(
        cluster=facts.cluster(one.key[0]),
        name=one.key[1],
        total=len(one.nodes),
        sums=tuple(sum_of(by_column[column.key]) for column in columns),
        lines=tuple(_lines(one, seen, columns, facts)),
        opened=one.opened,
        healthy_hidden=one.healthy_hidden,
        problems_hidden=one.problems_hidden,
    )


def _lines(one: _Chosen, seen: _Seen, columns: Sequence[Column], facts: _Facts) -> Iterator[Line]:
    for key in one.shown:
        node = NodeCount(*key, Counter(seen.nodes[key].values()))
        cells = tuple(facts.cells.get((*key, column.key)) for column in columns)
        known = key in facts.places.nodes
        yield Line(node, facts.cluster(key[0]), known, facts.places.of(key), key in facts.old, cells)


def _config(column: Column, configs: Mapping[tuple[int, str], Config]) -> Config:
    """Of the BGPPeer of this router; where several clusters have one, that of the first."""
    return configs.get((column.samples[0], column.peer), Config()) if column.samples and column.peer else Config()
