"""Metrics of alarms and their notices."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count

from alarms.delivery.outbox import OFF
from alarms.models import Alarm, Notice, Route, Severity
from dashboard.metrics.families import Family, counter, gauge, put


def alarms_told(names: dict[int, str]) -> Iterator[Family]:
    """What fires, in the clusters that are looked after; one query. names: of clusters, by id."""
    told = "Alarms that fire, acknowledged, silenced and inhibited ones too."
    firing = gauge("alarms_firing", told, "cluster", "severity")
    inhibited = gauge("alarms_inhibited", "Of those, alarms that follow from another one.", "cluster")
    rows = Alarm.objects.filter(state=Alarm.State.FIRING, cluster_id__in=names).order_by()
    follows = Count("inhibited_by")
    counts = list(rows.values_list("cluster_id", "severity").annotate(Count("pk"), follows))
    found = {(pk, severity): number for pk, severity, number, _ in counts}
    for pk, name in names.items():
        for severity in Severity.values:
            put(firing, [name, severity], found.get((pk, severity), 0))
        put(inhibited, [name], sum(number for each, _, _, number in counts if each == pk))
    return iter((firing, inhibited))


def notices_told() -> Iterator[Family]:
    """What was sent, failed, waits and was given up, by route; two queries."""
    sent = counter("notices_sent", "Notices that their receiver has taken.", "route", "kind")
    failed = counter("notices_failed", "Tries that failed.", "route", "kind")
    waiting = gauge("notices_waiting", "Notices that wait to be sent.", "route", "kind")
    dead = gauge("notices_given_up", "Notices that were given up after the last try.", "route", "kind")
    failing = gauge("route_failing", "Whether the last try failed, of a route that is on.", "route", "kind")
    rows = Notice.objects.exclude(state=Notice.State.SENT).exclude(state=Notice.State.DEAD, error=OFF).order_by()
    found = {(pk, state): number for pk, state, number in rows.values_list("route_id", "state").annotate(Count("pk"))}
    for route in Route.objects.order_by("name"):
        who = [route.name, route.kind]
        put(sent, who, route.sent_total)
        put(failed, who, route.failed_total)
        put(waiting, who, found.get((route.pk, Notice.State.WAITING), 0))
        put(dead, who, found.get((route.pk, Notice.State.DEAD), 0))
        put(failing, who, route.enabled and route.failed_at is not None)
    return iter((sent, failed, waiting, dead, failing))
