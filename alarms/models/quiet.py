"""When nobody is to be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.urls import reverse

from alarms.matchers import Matcher, matchers_of


class Quiet(models.Model):
    """Alarms that match all matchers send no notices; none = all alarms."""

    matchers = models.JSONField(default=list, blank=True, help_text="Each with name, op and value; all must match.")
    reason = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    @property
    def all_matchers(self) -> tuple[Matcher, ...]:
        """The matchers as such."""
        return matchers_of(self.matchers)

    def active(self, now: datetime) -> bool:
        """Whether it counts."""
        raise NotImplementedError


class Silence(Quiet):
    """Until a moment."""

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta(Quiet.Meta):
        abstract = False
        ordering = ["-ends_at", "-pk"]

    def __str__(self) -> str:
        return self.reason

    def get_absolute_url(self) -> str:
        return reverse("silence", args=[self.pk])

    def active(self, now: datetime) -> bool:
        """Whether it counts."""
        return self.starts_at <= now < self.ends_at

    @property
    def told(self) -> dict[str, Any]:
        """What it says, for the history."""
        times = {name: getattr(self, name).isoformat() for name in ("starts_at", "ends_at")}
        return {"matchers": self.matchers, "reason": self.reason, **times}


class MaintenanceWindow(Quiet):
    """Once, from `starts_at` on, or again and again: on some weekdays at the same time of a time zone."""

    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    starts_at = models.DateTimeField(null=True, help_text="Of one that is only once; null = it recurs.")
    weekdays = models.JSONField(default=list, blank=True, help_text="0 = Monday to 6 = Sunday, of one that recurs.")
    time = models.TimeField(null=True, help_text="When it begins on these days.")
    time_zone = models.CharField(max_length=50, default="UTC", help_text="Of `time`, as Europe/Zurich.")
    minutes = models.PositiveIntegerField(help_text="How long it lasts.")

    class Meta(Quiet.Meta):
        abstract = False
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("maintenance-window", args=[self.pk])

    def active(self, now: datetime) -> bool:
        """Whether it counts."""
        return self.enabled and any(start <= now < start + self._lasts for start in self._starts(now))

    def next_start(self, now: datetime) -> datetime | None:
        """When it begins next, None = never again."""
        later = [start for start in self._starts(now) if start > now]
        return min(later, default=None) if self.enabled else None

    @property
    def _lasts(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def _starts(self, now: datetime) -> Iterator[datetime]:
        """Of those that may be under way, and of the next week."""
        if self.starts_at is not None or self.time is None:
            yield from [self.starts_at] if self.starts_at is not None else []
            return
        zone = ZoneInfo(self.time_zone)
        today = now.astimezone(zone).date()
        for offset in range(-(self.minutes // 1440) - 1, 8):
            day = today + timedelta(days=offset)
            if day.weekday() in self.weekdays:
                yield datetime.combine(day, self.time, tzinfo=zone).astimezone(UTC)

    @property
    def told(self) -> dict[str, Any]:
        """What it says, for the history."""
        once = self.starts_at.isoformat() if self.starts_at is not None else None
        time = f"{self.time:%H:%M}" if self.time is not None else None
        names = ("matchers", "reason", "enabled", "weekdays", "time_zone", "minutes")
        return {**{name: getattr(self, name) for name in names}, "starts_at": once, "time": time}
