"""Moments as a query or a form gives them, and how far back the history reaches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import django_filters
from django.conf import settings
from django.forms import ValidationError
from django_filters.fields import IsoDateTimeField

from clusters import clock
from clusters.words import utc_words

EXAMPLE = "2026-11-25T16:00:00Z"


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A time that is one in UTC too, where years go from 1 to 9999: no database keeps others."""

    def to_python(self, value: Any) -> datetime | None:
        """The time; None = there is none. Raises ValidationError."""
        try:
            found: datetime | None = super().to_python(value)
            return found.astimezone(UTC) if found is not None else None
        except OverflowError as error:
            raise ValidationError(f"Must be a time in the years 1 to 9999 UTC, as {EXAMPLE}.") from error


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    """By a time."""

    field_class = MomentField


def too_old(moment: datetime) -> str:
    """Why the history does not tell how things stood then; "" if it does."""
    days = settings.BGPUI_CHANGE_DAYS
    begins = clock.now() - timedelta(days=days)
    if moment >= begins:
        return ""
    return (
        f"{utc_words(moment)} is older than the history, which is kept for {days} days (BGPUI_CHANGE_DAYS). "
        f"Choose a moment after {utc_words(begins)}."
    )
