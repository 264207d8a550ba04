"""Alarms go when the settings say so, and what was sent about them with them."""

from __future__ import annotations

from datetime import datetime, timedelta

from alarms.models import Alarm, Notice, Silence, Told
from clusters import clock
from clusters.retention import expire

PASSED = timedelta(days=1)  # for which what never fired is kept


def alarms_expire(*, before: datetime) -> int:
    """Delete what was over, sent or given up before a time; returns how many."""
    notices = Notice.objects.filter(created_at__lt=before).exclude(state=Notice.State.WAITING)
    # A route that is off tells no end; one that is on has told it long ago.
    Told.objects.filter(route__enabled=False, alarm__resolved_at__lt=before).delete()
    over = Alarm.objects.filter(resolved_at__lt=before, told_to=None)
    passed = Alarm.objects.filter(state=Alarm.State.PASSED, resolved_at__lt=clock.now() - PASSED)
    return expire(passed) + expire(notices) + expire(over) + expire(Silence.objects.filter(ends_at__lt=before))
