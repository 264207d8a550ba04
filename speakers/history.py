"""What a session was and when: its states, how long it was up, and how often it was lost. Read, never written.

What nobody observed is unknown, whatever was seen before and after. Before it was first seen a session was not there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.conf import settings
from django.db.models import Case, Q, Value, When

from speakers.models import Gap, Session
from speakers.selectors import Limits

DAY, MONTH = timedelta(hours=24), timedelta(days=30)
_MOST = 20_000  # changes and gaps of one session that are read; what is older is unknown then
_UP, _UNKNOWN = Session.State.ESTABLISHED, Session.State.UNKNOWN
# Lost between two looks included; what became degraded, whole again, or not known was not lost.
_BETWEEN = Q(evidence__has_key="connectionsDropped")
LOST = Q(old_state=_UP) & ~Q(new_state__in=["", _UNKNOWN]) & (~Q(new_state=_UP) | _BETWEEN)


class Step(NamedTuple):
    """A change of state: since when it was what, "" = not there. lost: 1 if a session ended with it."""

    at: datetime
    before: str
    state: str
    lost: int = 0


class Span(NamedTuple):
    """A time in one state, Unknown where nobody observed it."""

    state: str
    begin: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it was."""
        return (self.end - self.begin).total_seconds()


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds of a window in which a session was up, down, and not observed; it may have been there for a part only."""

    up: float
    down: float
    unknown: float

    @property
    def ratio(self) -> float | None:
        """The part of the observed time in which it was up; None = it was not observed."""
        observed = self.up + self.down
        return self.up / observed if observed else None

    @property
    def percent(self) -> str:
        """The same for people. Never rounded up to 100: 29 s of a day are 99.96 %, not all of it."""
        if self.ratio is None:
            return "not observed"
        if not self.down:
            return "100 %"
        return f"{min(int(self.ratio * 10_000) / 100, 99.99):.2f} %"

    @property
    def there(self) -> timedelta:
        """How long the session was there at all, observed or not."""
        return timedelta(seconds=self.up + self.down + self.unknown)

    @property
    def unseen(self) -> timedelta:
        """How long nobody observed it."""
        return timedelta(seconds=self.unknown)


@dataclass(frozen=True, slots=True)
class History:
    """The last 30 days of a session. spans: oldest first, without the time in which it was not there."""

    now: datetime
    spans: tuple[Span, ...]
    losses: tuple[datetime, ...]

    def uptime(self, reach: timedelta) -> Uptime:
        """How long it was up within the last `reach`."""
        since, sums = self.now - reach, dict.fromkeys(("up", "down", "unknown"), 0.0)
        for span in self.spans:
            if span.end > since:
                name = {_UP: "up", _UNKNOWN: "unknown"}.get(Session.State(span.state), "down")
                sums[name] += span._replace(begin=max(span.begin, since)).seconds
        return Uptime(**sums)

    def lost(self, reach: timedelta) -> int:
        """How often it was lost within the last `reach`."""
        return sum(at > self.now - reach for at in self.losses)

    @property
    def flaps(self) -> int:
        """The same within the window of the settings."""
        return self.lost(timedelta(seconds=settings.BGPUI_FLAP_WINDOW))

    @property
    def flapping(self) -> bool:
        """Whether that is too often."""
        return self.flaps >= settings.BGPUI_FLAP_COUNT


def history(session: Session, now: datetime) -> History:
    """The last 30 days of a session, as far as they are kept; three queries, whatever happened."""
    since = now - min(MONTH, timedelta(days=settings.BGPUI_TRANSITION_DAYS))
    rows = session.transitions.annotate(lost=Case(When(LOST, then=Value(1)), default=Value(0)))
    fields = ("at", "old_state", "new_state", "lost")
    last = rows.filter(at__lte=since).order_by("-at", "-pk").values_list(*fields)[:1]
    read = rows.filter(at__gt=since).order_by("-at", "-pk").values_list(*fields)[: _MOST + 1]
    steps = [Step(*found) for found in reversed(list(read))]
    whole = len(steps) <= _MOST
    steps = [*(Step(*found) for found in last), *steps] if whole else steps[1:]
    heard = session.speaker.observed_at
    stored = Gap.objects.filter(cluster=session.cluster_id, node=session.node, ended_at__gt=since)
    gaps = list(stored.values_list("began_at", "ended_at")[:_MOST])
    if heard is None or heard < Limits.at(now).of(session.speaker.every).unknown:
        gaps.append((heard or since, now))
    spans = unobserved(states(steps, session, since, now, whole=whole), gaps)
    return History(now, tuple(spans), tuple(step.at for step in steps if step.lost and step.at > since))


def states(
    steps: Sequence[Step], session: Session, since: datetime, now: datetime, *, whole: bool = True
) -> list[Span]:
    """The states since then, oldest first. whole: no step is missing; else it is unknown what was before the first."""
    if not steps:
        begin = max(session.since, since)
        return [Span(str(session.state), begin, now)] if begin < now else []
    first = steps[0]
    before = (first.before if whole else str(_UNKNOWN)) if first.at > since else ""
    found = [Span(before, since, first.at)] if before else []
    ends = [step.at for step in steps[1:]] + [now]
    for step, end in zip(steps, ends, strict=True):
        begin = max(step.at, since)
        if step.state and end > begin:
            found.append(Span(step.state, begin, end))
    return found


def unobserved(spans: Iterable[Span], gaps: Iterable[tuple[datetime, datetime]]) -> list[Span]:
    """The same, Unknown where a gap is."""
    holes = sorted(gaps)  # which do not overlap, so that their ends are in order as well
    ends = [end for _, end in holes]
    found: list[Span] = []
    for span in spans:
        begin = span.begin
        for start, end in islice(holes, bisect_right(ends, begin), None):
            if start >= span.end:
                break
            if start > begin:
                found.append(Span(span.state, begin, start))
            begin = max(begin, start)
            found.append(Span(str(_UNKNOWN), begin, min(end, span.end)))
            begin = min(end, span.end)
        if begin < span.end:
            found.append(Span(span.state, begin, span.end))
    return found
