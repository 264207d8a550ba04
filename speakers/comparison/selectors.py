"""Reading comparisons: what counts is of sessions that are up now, told by a current answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Min, Q, QuerySet, Sum

from clusters import clock
from speakers.comparison.models import STALE, Comparison, PrefixDifference
from speakers.models import Session
from speakers.reach import UP
from speakers.selectors import sessions


@dataclass(frozen=True, slots=True)
class Tally:
    """Prefixes over sessions that are up. looked: of `up`, those whose prefixes are known; at: the oldest look."""

    up: int = 0
    looked: int = 0
    meant: int = 0
    missing: int = 0
    extra: int = 0
    attributes: int = 0
    settings: int = 0
    at: datetime | None = None

    @property
    def as_meant(self) -> int:
        """Prefixes that are told as they are meant."""
        return self.meant - self.missing - self.attributes

    @property
    def unknown(self) -> int:
        """Sessions that are up, and of which nobody knows what they tell."""
        return self.up - self.looked

    @property
    def differs(self) -> bool:
        """Whether anything is not as it is meant to be."""
        return bool(self.missing or self.extra or self.attributes or self.settings)


def oldest(now: datetime) -> datetime:
    """Comparisons from before that are too old to be relied on."""
    return now - timedelta(seconds=STALE * settings.BGPUI_COMPARE_INTERVAL)


def known(now: datetime, session: str = "") -> Q:
    """Sessions whose comparison is current enough, and of the session since it is up. session: prefix of fields."""
    at = f"{session}comparison__compared_at__gte"
    return Q((at, oldest(now))) & Q((at, F(f"{session}since")))


def tally_of(rows: QuerySet[Any], now: datetime) -> Tally:
    """Of these rows of `sessions()`, intended ones; one query."""
    up = rows.filter(intended=True, health__in=UP).order_by()
    told = known(now)
    found = up.aggregate(
        up=Count("pk"),
        looked=Count("pk", filter=told),
        meant=Sum("comparison__meant", filter=told, default=0),
        missing=Sum("comparison__missing", filter=told, default=0),
        extra=Sum("comparison__extra", filter=told, default=0),
        attributes=Sum("comparison__attributes", filter=told, default=0),
        settings=Count("pk", filter=~Q(differs="")),
        at=Min("comparison__compared_at", filter=told),
    )
    return Tally(**found)


def differences_now() -> QuerySet[PrefixDifference]:
    """Of sessions that are up and heard of, as far as they are known."""
    up = sessions().filter(known(clock.now()), health__in=UP).order_by().values("pk")
    return PrefixDifference.objects.filter(session__in=up).select_related("session", "cluster")


def differences_of(session: Session, most: int) -> list[PrefixDifference]:
    """The first of one session."""
    return list(session.prefix_differences.order_by("kind", "prefix")[:most])


def comparison_of(session: Session) -> Comparison | None:
    """The last look at one session; None = never."""
    return Comparison.objects.filter(session=session).select_related("session").first()
