"""The timeline at one look: a lane for each sort of thing, with a mark for each line of the list."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.timeline.items import LANES, Item
from dashboard.timeline.reading import Timeline

WIDTH = 288
_LEAST = 1.2
_LAYERS = ("unknown", "up", "degraded", "down")  # the last lies on top


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle in units of the drawing."""

    health: str
    x: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the drawing."""

    label: str
    marks: tuple[Mark, ...]
    number: int


def lanes(found: Timeline) -> list[Lane]:
    """All of them, also those in which nothing happened."""
    drawn = []
    for name, label in LANES.items():
        items = [item for item in found.items if item.lane == name]
        marks = sorted((_mark(item, found) for item in items), key=lambda mark: _LAYERS.index(mark.health))
        places = {(mark.health, mark.x, mark.width): mark for mark in marks}
        drawn.append(Lane(label, tuple(places.values()), len(items)))
    return drawn


def _mark(item: Item, found: Timeline) -> Mark:
    begin, end = found.asked.begin, found.asked.end
    left, right = (min(max((at - begin) / (end - begin), 0.0), 1.0) * WIDTH for at in (item.at, item.until))
    width = max(right - left, _LEAST)
    return Mark(item.health, f"{min(left, WIDTH - _LEAST):.1f}", f"{width:.1f}", item.title)
