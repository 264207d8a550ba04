"""Reading series back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias, TypeVar

from django.db.models import QuerySet

from speakers.counters.keeping import FLEET
from speakers.counters.packing import SLOT, Day, Place, unpack
from speakers.counters.taking import MESSAGES
from speakers.history import DAY
from speakers.models import CounterDay, Session

STEP = timedelta(seconds=SLOT)
SessionAt: TypeAlias = tuple[int, str, str, str]  # key of the cluster, node, VRF, neighbor
K = TypeVar("K", bound=Hashable)
_NOTHING = Day([], [])


@dataclass(frozen=True, slots=True)
class Series:
    """A value each five minutes, the oldest first, None where there is none; the last one is of the time `end`.

    counter: it only grows, until FRR counts anew; else a value is how many there are.
    """

    name: str
    counter: bool
    end: datetime
    values: tuple[int | None, ...]

    @property
    def begin(self) -> datetime:
        """The time of the first value."""
        return self.end - STEP * (len(self.values) - 1)

    @property
    def shown(self) -> tuple[int | None, ...]:
        """What is drawn: of a counter by how much it grew since the last value; one that fell began anew."""
        if not self.counter:
            return self.values
        grown = list[int | None]()
        before: int | None = None
        for value in self.values:
            grown.append(None if value is None or before is None else value - before if value >= before else value)
            before = before if value is None else value
        return tuple(grown)


def session_series(session: Session, now: datetime, reach: timedelta = DAY) -> list[Series]:
    """Everything that is kept of a session; one query."""
    return _read(session.cluster_id, session.node, {(session.vrf, session.neighbor)}, now, reach)


def fleet_series(cluster_id: int, places: set[Place] | None, now: datetime, reach: timedelta = DAY) -> list[Series]:
    """Sums over these pairs of VRF and BGPPeer of a cluster, None = over all; one query."""
    return _read(cluster_id, FLEET, places, now, reach)


def fleet_series_by_vrf(
    clusters: Iterable[int], name: str, now: datetime, reach: timedelta = DAY
) -> dict[tuple[int, str], Series]:
    """One of the sums, over each VRF of each of these clusters; one query."""
    span = _Reach.until(now, reach)
    sums: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for row in span.rows(cluster__in=list(clusters), node=FLEET):
        day, midnight = unpack(row.points), _midnight(row.day)
        for track in day.tracks:
            _add(sums[row.cluster_id, track.vrf], day.values(track, name), midnight)
    return {place: span.series(name, values) for place, values in sums.items()}


def series_by_session(
    several: Mapping[SessionAt, K], name: str, now: datetime, reach: timedelta = DAY
) -> dict[K, Series]:
    """One of the series of many sessions, those of the same key as their sum, families together; one query."""
    span = _Reach.until(now, reach)
    wanted: dict[tuple[int, str], dict[Place, K]] = defaultdict(dict)
    for (cluster, node, vrf, neighbor), key in several.items():
        wanted[cluster, node][vrf, neighbor] = key
    sums: dict[K, dict[int, int]] = defaultdict(dict)
    rows = span.rows(cluster__in={at for at, _node in wanted}, node__in={node for _at, node in wanted})
    for row in rows if wanted else ():
        places = wanted.get((row.cluster_id, row.node), {})
        day, midnight = unpack(row.points) if places else _NOTHING, _midnight(row.day)
        for track in day.tracks:
            if track.place in places:
                for each in track.series:
                    if each.partition(".")[0] == name:
                        _add(sums[places[track.place]], day.values(track, each), midnight)
    found = {key: span.series(name, values) for key, values in sums.items()}
    return {key: series for key, series in found.items() if any(value is not None for value in series.values)}


@dataclass(frozen=True, slots=True)
class _Reach:
    """The five minutes from `first` to `last`, both included, counted from 1970 on."""

    first: int
    last: int

    @classmethod
    def until(cls, now: datetime, reach: timedelta) -> _Reach:
        last = int(now.timestamp()) // SLOT
        return cls(last - int(reach.total_seconds()) // SLOT + 1, last)

    def rows(self, **where: Any) -> QuerySet[CounterDay]:
        """The days that it touches."""
        first, last = (datetime.fromtimestamp(slot * SLOT, UTC).date() for slot in (self.first, self.last))
        return CounterDay.objects.filter(day__gte=first, day__lte=last, **where).order_by("day")

    def series(self, name: str, values: Mapping[int, int]) -> Series:
        """From values by slot."""
        end = datetime.fromtimestamp(self.last * SLOT, UTC)
        return Series(name, name in MESSAGES, end, tuple(values.get(slot) for slot in range(self.first, self.last + 1)))


def _read(cluster_id: int, node: str, places: set[Place] | None, now: datetime, reach: timedelta) -> list[Series]:
    span = _Reach.until(now, reach)
    sums: dict[str, dict[int, int]] = defaultdict(dict)
    for row in span.rows(cluster=cluster_id, node=node):
        day, midnight = unpack(row.points), _midnight(row.day)
        for track in day.tracks:
            if places is None or track.place in places:
                for name in track.series:
                    _add(sums[name], day.values(track, name), midnight)
    found = (span.series(name, sums[name]) for name in sorted(sums, key=_order))
    return [series for series in found if any(value is not None for value in series.values)]


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(tzinfo=UTC)).timestamp()) // SLOT


def _add(sums: dict[int, int], points: Mapping[int, int], midnight: int) -> None:
    for slot, value in points.items():
        sums[midnight + slot] = sums.get(midnight + slot, 0) + value


_FIRST = ("up", "down", "unknown", "prefixes_received", "prefixes_sent", "updates", "messages", "bfd")


def _order(name: str) -> tuple[int, str]:
    return next((place for place, start in enumerate(_FIRST) if name.startswith(start)), len(_FIRST)), name
