"""Reading alarms for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Value, When

from alarms.models import Alarm, Severity
from clusters import clock
from clusters.selectors import clusters_active
from clusters.words import counted
from speakers.models import Sweep
from speakers.selectors import Limits

_RANK = {severity: rank for rank, severity in enumerate(Severity.values)}
_STATE = {Alarm.State.FIRING: 0, Alarm.State.PENDING: 1, Alarm.State.RESOLVED: 2, Alarm.State.PASSED: 3}


def alarms_ordered() -> QuerySet[Alarm]:
    """All of them: what fires first, the worst before the others, then the newest."""
    rows = Alarm.objects.select_related("cluster", "acknowledged_by", "rule", "inhibited_by")
    state = Case(*(When(state=word, then=Value(rank)) for word, rank in _STATE.items()), output_field=IntegerField())
    severity = Case(
        *(When(severity=word, then=Value(rank)) for word, rank in _RANK.items()), output_field=IntegerField()
    )
    worst = Case(When(resolved_at__isnull=False, then=Value(0)), default=severity)
    follows = Case(When(inhibited_by=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.order_by(state, follows, worst, "-began_at", "-pk")


def alarms_firing(cluster: str = "") -> QuerySet[Alarm]:
    """Those that fire and follow from no other one, the worst before the others. cluster: its name, "" = any."""
    rows = alarms_ordered().filter(state=Alarm.State.FIRING, inhibited_by=None)
    return rows.filter(cluster__name=cluster) if cluster else rows


def firing_count(cluster: str = "") -> int:
    """How many fire and follow from no other one; one query. cluster: its name, "" = any."""
    rows = Alarm.objects.filter(state=Alarm.State.FIRING, inhibited_by=None)
    return (rows.filter(cluster__name=cluster) if cluster else rows).count()


def gone() -> str:
    """What has become of an alarm that has no row."""
    days = counted(settings.BGPUI_TRANSITION_DAYS, "day")
    return (
        f"There is no such alarm any more, if there was one: what is over is kept for {days}, "
        "and what passed before it fired for a day."
    )


@dataclass(frozen=True, slots=True)
class Stopped:
    """A cluster whose sweeps do not come to their end any more. away: its API server cannot be used."""

    cluster: str
    ended_at: datetime
    away: bool


def sweeps_stopped() -> list[Stopped]:
    """Those of the clusters that are looked after; one query. One that was never swept has not stopped."""
    limit = Limits.at(clock.now()).unknown
    rows = Sweep.objects.filter(cluster__in=clusters_active()).order_by("cluster__name")
    found = rows.values_list("cluster__name", "cluster__error").annotate(
        Max("ended_at"), recent=Count("pk", filter=Q(ended_at__gte=limit))
    )
    return [Stopped(name, ended, bool(error)) for name, error, ended, recent in found if ended and not recent]
