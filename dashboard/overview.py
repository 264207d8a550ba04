"""Everything in a handful of lines: each VRF of each cluster, the causes of what is wrong, the alarms that fire."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from clusters.models import Cluster
from clusters.words import DEFAULT_VRF
from dashboard.filters import Filters
from dashboard.problem import Problem
from dashboard.problems import problems
from dashboard.refusals import by_refusal, frozen
from dashboard.sparklines import Sparkline, sparklines
from speakers.counters.series import Series, fleet_series_by_vrf
from speakers.counts import Counts, worst
from speakers.models import Session
from speakers.reach import DOWN, UNSEEN
from speakers.redundancy import Left, Place, Redundancy, redundancy


@dataclass(frozen=True, slots=True)
class Part:
    """The sessions of one VRF of a cluster. since: of the oldest that is down or not seen, else of the last change.

    began_before: one of them may be so for longer.
    """

    cluster: str
    vrf: str
    healths: Counter[str]
    since: datetime | None
    began_before: bool
    line: Sparkline | None
    left: Mapping[Place, Left]  # of its nodes that have lost sessions
    unheard: int  # nodes of which it is not known what they have left

    @property
    def without(self) -> int:
        """Nodes that have lost all that they had, for an address family at least."""
        return len({place[:2] for place, left in self.left.items() if left.nothing})

    @property
    def last(self) -> int:
        """Nodes that have lost all but one."""
        return len({place[:2] for place, left in self.left.items() if left.last})

    @property
    def up(self) -> int:
        """Established, and all is well."""
        return self.healths["up"]

    @property
    def degraded(self) -> int:
        """Established, and not all is well; or not intended."""
        return self.total - self.up - self.down - self.unknown

    @property
    def down(self) -> int:
        """Down, or missing in FRR."""
        return sum(self.healths[health] for health in DOWN)

    @property
    def unknown(self) -> int:
        """Not heard of lately."""
        return sum(self.healths[health] for health in UNSEEN)

    @property
    def total(self) -> int:
        """All of them, also what nobody intends."""
        return self.healths.total()

    @property
    def health(self) -> str:
        """The worst of them in one of four words: down, unknown, degraded, up."""
        found = worst(self.healths)
        return "down" if found in DOWN else "unknown" if found in UNSEEN else "up" if found == "up" else "degraded"

    @property
    def order(self) -> tuple[int, int, str, bool, str]:
        """Trouble first, the most of it before the rest."""
        rank = ("down", "unknown", "degraded", "up").index(self.health)
        return rank, -self.down - self.unknown, self.cluster, self.vrf != DEFAULT_VRF, self.vrf


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. problems: the worst first."""

    counts: Counts
    left: Redundancy
    parts: list[Part]
    problems: list[Problem]


def overview(filters: Filters, clusters: Mapping[int, Cluster], now: datetime) -> Overview:
    """Two queries more than the Sessions page needs for its causes, however much there is."""
    counts = Counts.of(filters)
    left = redundancy(counts)
    why = frozen(filters)
    found = by_refusal(problems(counts, clusters, filters, {}, why, left), why, filters)
    return Overview(counts, left, _parts(counts, left, clusters, now), found)


def _parts(counts: Counts, left: Redundancy, clusters: Mapping[int, Cluster], now: datetime) -> list[Part]:
    healths: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    wrong: dict[tuple[int, str], datetime] = {}
    longer: set[tuple[int, str]] = set()
    for (cluster, vrf, _neighbor), total in counts.totals.items():
        healths[cluster, vrf]["up"] += total.number
    for group in counts.groups:
        place = group.cluster, group.vrf
        healths[place]["up"] -= group.number
        healths[place][group.health] += group.number
        if group.health in DOWN | UNSEEN:
            wrong[place] = min(wrong.get(place, group.since), group.since)
            longer |= {place} if group.unseen else set()
    places: dict[tuple[int, str], dict[Place, Left]] = defaultdict(dict)
    for one, number in left.left.items():
        places[one[0], one[2]][one] = number
    silent = {(cluster, vrf, node) for cluster, node, vrf, _, health, _ in counts.wrong if health in UNSEEN}
    unheard = Counter(place[:2] for place in silent)
    rows = counts.filters.apply(Session.objects.order_by()) if not counts.filters.by_health else Session.objects.none()
    changed = {(cluster, vrf): at for cluster, vrf, at in rows.values_list("cluster_id", "vrf").annotate(Max("since"))}
    lines = fleet_series_by_vrf(clusters, "up", now)
    found = [
        Part(
            clusters[cluster].name,
            vrf,
            +numbers,
            wrong.get((cluster, vrf), changed.get((cluster, vrf))),
            (cluster, vrf) in longer,
            _line(lines.get((cluster, vrf))),
            places[cluster, vrf],
            unheard[cluster, vrf],
        )
        for (cluster, vrf), numbers in healths.items()
        if cluster in clusters
    ]
    return sorted(found, key=lambda part: part.order)


def _line(series: Series | None) -> Sparkline | None:
    return next(iter(sparklines([series] if series is not None else [])), None)
