"""Reading series back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from speakers.counters.keeping import FLEET
from speakers.counters.packing import SLOT, Place, unpack
from speakers.counters.taking import MESSAGES
from speakers.history import DAY
from speakers.models import CounterDay, Session

STEP = timedelta(seconds=SLOT)


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
    """Sums over these VRFs and BGPPeers of a cluster, None = over all; one query."""
    return _read(cluster_id, FLEET, places, now, reach)


def _read(cluster_id: int, node: str, places: set[Place] | None, now: datetime, reach: timedelta) -> list[Series]:
    last = int(now.timestamp()) // SLOT
    first = last - int(reach.total_seconds()) // SLOT + 1
    begin = datetime.fromtimestamp(first * SLOT, UTC)
    rows = CounterDay.objects.filter(cluster=cluster_id, node=node, day__gte=begin.date(), day__lte=now.astimezone(UTC))
    sums: dict[str, dict[int, int]] = defaultdict(dict)
    for row in rows.order_by("day"):
        midnight = int(datetime.combine(row.day, time(tzinfo=UTC)).timestamp()) // SLOT
        day = unpack(row.points)
        wanted = {(track.vrf, track.neighbor) for track in day.tracks}
        for place in wanted if places is None else wanted & places:
            for name, points in day.points(place).items():
                _add(sums[name], points, midnight)
    end = datetime.fromtimestamp(last * SLOT, UTC)
    return [
        Series(name, name in MESSAGES, end, tuple(sums[name].get(slot) for slot in range(first, last + 1)))
        for name in sorted(sums, key=_order)
        if any(first <= slot <= last for slot in sums[name])
    ]


def _add(sums: dict[int, int], points: Mapping[int, int], midnight: int) -> None:
    for slot, value in points.items():
        sums[midnight + slot] = sums.get(midnight + slot, 0) + value


_FIRST = ("up", "down", "unknown", "prefixes_received", "prefixes_sent", "updates", "messages", "bfd")


def _order(name: str) -> tuple[int, str]:
    return next((place for place, start in enumerate(_FIRST) if name.startswith(start)), len(_FIRST)), name
