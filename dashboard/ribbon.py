"""A time until now as a ribbon: what a session was, drawn by the server as rectangles of an SVG."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from clusters.words import utc_words
from speakers.history import DAY, Span
from speakers.models import Session

WIDTH = 288  # units: of five minutes in a day
_MARK_WIDTH = 2.0
_LAYERS = ("up", "unknown", "down")


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle: kind is up, down or unknown; x and width in units of the ribbon."""

    kind: str
    x: str
    width: str
    title: str = ""


def kind_of(state: str) -> str:
    """How a state is drawn; "" for a session that was not there."""
    if state == Session.State.ESTABLISHED:
        return "up"
    if state in {"", Session.State.UNKNOWN}:
        return "unknown" if state else ""
    return "down"


def drops(times: Iterable[datetime], now: datetime, *, down_since: datetime | None, kind: str = "down") -> list[Mark]:
    """A mark for each drop, and a bar from the moment since which it has lasted."""
    marks = [_bar("down", at, at, now) for at in times]
    if down_since is not None:
        marks.append(_bar(kind, down_since, now, now))
    return marks


def states(spans: Iterable[Span], now: datetime, reach: timedelta = DAY) -> list[Mark]:
    """A bar for each state of the last `reach`.

    A bar is wider than a short state lasts, so the worse ones lie on top, and of those in one place one is drawn.
    """
    bars = [
        _bar(kind, span.begin, span.end, now, _title(kind, span), reach)
        for span in spans
        if span.end > now - reach and (kind := kind_of(span.state))
    ]
    places = {(bar.kind, bar.x, bar.width): bar for bar in bars}
    return sorted(places.values(), key=lambda bar: _LAYERS.index(bar.kind))


def _title(kind: str, span: Span) -> str:
    return f"{span.state if kind != 'unknown' else 'not observed'} from {utc_words(span.begin)}"


def _bar(kind: str, begin: datetime, end: datetime, now: datetime, title: str = "", reach: timedelta = DAY) -> Mark:
    left = _unit(begin, now, reach)
    width = _unit(end, now, reach) - left
    if width < _MARK_WIDTH:
        left, width = float(int(left)), _MARK_WIDTH
    return Mark(kind, f"{min(left, WIDTH - _MARK_WIDTH):.1f}", f"{width:.1f}", title)


def _unit(at: datetime, now: datetime, reach: timedelta) -> float:
    return min(max((at - (now - reach)) / reach, 0.0), 1.0) * WIDTH
