"""Alarms go when the settings say so, and what was sent about them with them."""

from __future__ import annotations

from datetime import datetime

from alarms.models import Alarm, Notice, Silence
from clusters.retention import expire


def alarms_expire(*, before: datetime) -> int:
    """Delete what was over, sent or given up before a time; returns how many."""
    notices = Notice.objects.filter(created_at__lt=before).exclude(state=Notice.State.WAITING)
    over = Alarm.objects.filter(resolved_at__lt=before, told_to=None)
    return expire(notices) + expire(over) + expire(Silence.objects.filter(ends_at__lt=before))
