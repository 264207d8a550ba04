"""What a timeline is asked for: a stretch of time, and what of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.forms import ValidationError
from django.urls import reverse

from clusters.moments import EXAMPLE, MomentField
from clusters.words import utc_stamp
from dashboard.timeline.items import LANES
from dashboard.timeline.order import Cursor, CursorError, exact_stamp

REACHES = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
USUAL = "6h"
FOLDED, EACH = "folded", "each"
FLAPS = {FOLDED: "as one line", EACH: "each change"}
_LONGEST = 253
_PLACES = ("cluster", "node", "peer", "vrf", "neighbor")
_SEEN_BY = timedelta(minutes=1)  # FRR's own time of a loss is before the one at which it was seen


class AskedError(ValueError):
    """A parameter that says nothing; `name` is which."""

    def __init__(self, name: str, message: str, value: str) -> None:
        super().__init__(message)
        self.name, self.message, self.value = name, message, value


@dataclass(frozen=True, slots=True)
class Asked:
    """The time from `begin` up to `end`; until: the end that was asked for, None = now. "" = everything of that sort.

    after: where the page before this one ended, None = the first page.
    """

    begin: datetime
    end: datetime
    reach: str
    until: datetime | None = None
    cluster: str = ""
    node: str = ""
    peer: str = ""
    vrf: str = ""
    neighbor: str = ""
    lane: str = ""
    flaps: str = FOLDED
    after: Cursor | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], now: datetime) -> Asked:
        """From a query string. Raises AskedError."""
        found = {name: query.get(name, "").strip()[:_LONGEST] for name in (*_PLACES, "lane")}
        reach, flaps = (query.get(name, "").strip()[:_LONGEST] for name in ("reach", "flaps"))
        reach, flaps = reach or USUAL, flaps or FOLDED
        _one_of("reach", reach, tuple(REACHES))
        _one_of("flaps", flaps, tuple(FLAPS))
        if found["lane"]:
            _one_of("lane", found["lane"], tuple(LANES))
        until, after = _until(query), _after(query)
        end = until or now
        try:
            begin = end.replace(microsecond=0) - REACHES[reach]
        except OverflowError as error:
            raise AskedError("until", "must be later than the year 1", query["until"].strip()[:_LONGEST]) from error
        return cls(begin, end, reach, until, flaps=flaps, after=after, **found)

    def page(self, **changes: str | datetime | None) -> str:
        """The timeline's first page with this and what differs; a time to the microsecond."""
        asked = {name: getattr(self, name) for name in (*_PLACES, "lane", "reach", "until", "flaps")} | changes
        usual = {"reach": USUAL, "flaps": FOLDED}
        query = {name: value for name, value in asked.items() if value and value != usual.get(name)}
        words = {name: exact_stamp(value) if isinstance(value, datetime) else value for name, value in query.items()}
        return f"{reverse('timeline')}?{urlencode(words)}"


def _until(query: Mapping[str, str]) -> datetime | None:
    typed = query.get("until", "").strip()
    try:
        found: datetime | None = MomentField(required=False).clean(typed)
    except ValidationError as error:
        raise AskedError("until", f"must be a time such as {EXAMPLE}", typed[:_LONGEST]) from error
    return found


def _after(query: Mapping[str, str]) -> Cursor | None:
    typed = query.get("after", "").strip()
    try:
        return Cursor.of(typed) if typed else None
    except CursorError as error:
        raise AskedError("after", "must be what `next` of the page before says", typed[:_LONGEST]) from error


def around(at: datetime, *, cluster: str, node: str = "") -> str:
    """The page of what happened just before, and at that time: by all peers, since any object may be the cause."""
    until = at + max(_SEEN_BY, timedelta(seconds=2 * settings.BGPUI_SWEEP_INTERVAL))
    wanted = {"until": utc_stamp(until), "reach": "1h", "cluster": cluster, "node": node}
    return f"{reverse('timeline')}?{urlencode({name: value for name, value in wanted.items() if value})}"


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise AskedError(name, f"must be one of {', '.join(known)}", value)
