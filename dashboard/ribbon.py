"""The last day as a ribbon: what a session was, drawn by the server as rectangles of an SVG."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from speakers.models import Session

DAY = timedelta(hours=24)
WIDTH = 288  # units of five minutes
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


def states(changes: Iterable[tuple[datetime, str, str]], now: datetime) -> list[Mark]:
    """A bar for each state: changes are (since when, state, title), oldest first; the last one lasts until now.

    A bar is wider than a short state lasts, so the worse ones lie on top, and of those in one place one is drawn.
    """
    steps = list(changes)
    ends = [at for at, _state, _title in steps[1:]] + [now]
    bars = [
        _bar(kind_of(state), at, end, now, title)
        for (at, state, title), end in zip(steps, ends, strict=True)
        if kind_of(state) and end > now - DAY
    ]
    places = {(bar.kind, bar.x, bar.width): bar for bar in bars}
    return sorted(places.values(), key=lambda bar: _LAYERS.index(bar.kind))


def _bar(kind: str, begin: datetime, end: datetime, now: datetime, title: str = "") -> Mark:
    left = _unit(begin, now)
    width = _unit(end, now) - left
    if width < _MARK_WIDTH:
        left, width = float(int(left)), _MARK_WIDTH
    return Mark(kind, f"{min(left, WIDTH - _MARK_WIDTH):.1f}", f"{width:.1f}", title)


def _unit(at: datetime, now: datetime) -> float:
    return min(max((at - (now - DAY)) / DAY, 0.0), 1.0) * WIDTH
