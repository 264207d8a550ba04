"""Which alarms are silent now, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alarms.matchers import match
from alarms.models import Alarm, MaintenanceWindow, Silence

Quiet = Silence | MaintenanceWindow


def quiet_now(now: datetime) -> list[Quiet]:
    """Silences and maintenance windows that count; two queries."""
    silences = Silence.objects.filter(starts_at__lte=now, ends_at__gt=now).select_related("author")
    windows = MaintenanceWindow.objects.filter(enabled=True).select_related("author")
    return [*silences, *(window for window in windows if window.active(now))]


def silenced_by(alarm: Alarm, quiets: Sequence[Quiet]) -> Quiet | None:
    """The first of them that is about the alarm."""
    return next((quiet for quiet in quiets if match(quiet.all_matchers, alarm.labels)), None)
