"""What a timeline is asked for: a stretch of time, and what of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.forms import ValidationError

from clusters.moments import EXAMPLE, MomentField
from dashboard.timeline.items import LANES

REACHES = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
USUAL = "6h"
_LONGEST = 253


class AskedError(ValueError):
    """A parameter that says nothing; `name` is which."""

    def __init__(self, name: str, message: str, value: str) -> None:
        super().__init__(message)
        self.name, self.message, self.value = name, message, value


@dataclass(frozen=True, slots=True)
class Asked:
    """The time from `begin` to `end`; until: the end that was asked for, None = now. "" = everything of that sort."""

    begin: datetime
    end: datetime
    reach: str
    until: datetime | None = None
    cluster: str = ""
    node: str = ""
    peer: str = ""
    lane: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], now: datetime) -> Asked:
        """From a query string. Raises AskedError."""
        found = {name: query.get(name, "").strip()[:_LONGEST] for name in ("cluster", "node", "peer", "lane", "reach")}
        reach = found["reach"] or USUAL
        _one_of("reach", reach, tuple(REACHES))
        if found["lane"]:
            _one_of("lane", found["lane"], tuple(LANES))
        typed = query.get("until", "").strip()
        try:
            until = MomentField(required=False).clean(typed)
        except ValidationError as error:
            raise AskedError("until", f"must be a time such as {EXAMPLE}", typed[:_LONGEST]) from error
        end = until or now
        try:
            begin = end - REACHES[reach]
        except OverflowError as error:
            raise AskedError("until", "must be later than the year 1", typed[:_LONGEST]) from error
        return cls(begin, end, **(found | {"reach": reach}), until=until)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise AskedError(name, f"must be one of {', '.join(known)}", value)
