"""The order of entries, and how it is cut into pages."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from clusters.words import age_words
from dashboard.timeline.items import CONFIG, SESSIONS, Item

_ANSWER = timedelta(seconds=1)  # what sessions did is dated by when FRR was asked, which answers a little later
_DIGITS = 8
_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


class CursorError(ValueError):
    """A text that is no cursor."""


class Cursor(NamedTuple):
    """The place of the last entry of a page, and how many entries with the same place there were up to it."""

    place: datetime
    number: int

    @classmethod
    def of(cls, text: str) -> Cursor:
        """From its text. Raises CursorError."""
        place, _, number = text.partition("~")
        if not (number.isascii() and number.isdigit() and len(number) < _DIGITS):
            raise CursorError(text)
        try:
            return cls(datetime.strptime(place, _FORM).replace(tzinfo=UTC), int(number))
        except ValueError as error:
            raise CursorError(text) from error

    def __str__(self) -> str:
        return f"{exact_stamp(self.place)}~{self.number}"


def exact_stamp(at: datetime) -> str:
    """A time for a query, to the microsecond."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, and the time that its place is by."""

    place: datetime
    item: Item


def lines(items: Iterable[Item]) -> list[Line]:
    """The newest first. What may have been the cause of what sessions did stands before it, hence below.

    A configuration is changed before sessions follow, but the change may be seen after they are: as much later as its
    `lag` says.
    """
    found = list(items)
    turned: dict[str, list[datetime]] = defaultdict(list)
    for item in sorted(found, key=lambda item: item.at):
        if item.lane == SESSIONS and not item.lasts:
            turned[item.cluster].append(item.at)
    placed = [
        _placed(item, turned.get(item.cluster, ())) if item.lane == CONFIG else Line(item.place, item) for item in found
    ]
    return sorted(placed, key=_rank, reverse=True)


def _rank(line: Line) -> tuple[datetime, bool, datetime, datetime]:
    return line.place, line.item.lane != CONFIG, line.item.at, line.item.until


def _placed(item: Item, turned: Sequence[datetime]) -> Line:
    """turned: when sessions turned, in order."""
    first = bisect_left(turned, item.at - item.lag - _ANSWER)
    place = turned[first] if first < len(turned) and turned[first] < item.at else item.at
    if place == item.at or not item.lag:
        return Line(place, item)
    told = f"It may have been before what stands above it: it was seen up to {age_words(item.lag)} after it was made."
    return Line(place, replace(item, detail=f"{item.detail.rstrip('.')}. {told}" if item.detail else told))


def page(found: Sequence[Line], after: Cursor | None, size: int) -> tuple[Sequence[Line], Cursor | None]:
    """The entries after a place, at most so many, and where the next page begins, None = there is none."""
    begin = 0
    if after is not None:
        begin = bisect_left(found, 0, key=lambda line: 0 if line.place <= after.place else -1)
        same = (number for number in range(begin, len(found)) if found[number].place != after.place)
        begin = min(begin + after.number, next(same, len(found)))
    some = found[begin : begin + size]
    if begin + size >= len(found):
        return some, None
    last = some[-1].place
    first = bisect_left(found, 0, key=lambda line: 0 if line.place <= last else -1)
    return some, Cursor(last, begin + size - first)
