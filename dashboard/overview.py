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
from speakers.counts import DOWN, UNSEEN, Counts, worst
from speakers.models import Session


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
    parts: list[Part]
    problems: list[Problem]


def overview(filters: Filters, clusters: Mapping[int, Cluster], now: datetime) -> Overview:
    """Two queries more than the Sessions page needs for its causes, however much there is."""
    counts = Counts.of(filters)
    why = frozen(filters)
    found = by_refusal(problems(counts, clusters, filters, {}, why), why, filters)
    return Overview(counts, _parts(counts, clusters, now), found)


def _parts(counts: Counts, clusters: Mapping[int, Cluster], now: datetime) -> list[Part]:
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
        )
        for (cluster, vrf), numbers in healths.items()
        if cluster in clusters
    ]
    return sorted(found, key=lambda part: part.order)


def _line(series: Series | None) -> Sparkline | None:
    return next(iter(sparklines([series] if series is not None else [])), None)
