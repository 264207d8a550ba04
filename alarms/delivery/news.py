"""What there is to say now, by receiver and cluster; the decision and the notice are written as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Q

from alarms.delivery.body import body_of
from alarms.delivery.outbox import enqueue
from alarms.delivery.words import headline
from alarms.matchers import match
from alarms.models import Alarm, Notice, Route, Told
from alarms.quietness import quiet_now, silenced_by

_TITLE = 300
_LAST = timedelta(days=1)  # no two notices of a group are kept apart for longer
_KIND = Notice.Kind


@dataclass(slots=True)
class Group:
    """The alarms of a cluster that one receiver is or shall be told of."""

    route: Route
    cluster: int
    last: datetime | None
    waits: bool  # a notice has not been taken yet
    firing: list[Alarm] = field(default_factory=list)
    over: list[Told] = field(default_factory=list)
    told: dict[int, Told] = field(default_factory=dict)

    def due(self, now: datetime) -> str:
        """Whether there is something to say now: the kind of the notice, "" = nothing."""
        waits = self.route.waits
        new = [alarm for alarm in self.firing if alarm.pk not in self.told]
        grown = any(alarm.worst > self.told[alarm.pk].size for alarm in self.firing if alarm.pk in self.told)
        over = bool(self.over) and self.route.recovery
        if new and not self.told and not self.over:
            began = min(alarm.fired_at or now for alarm in new)
            return _KIND.NEWS if began + timedelta(seconds=waits.first) <= now else ""
        if new or grown or over:
            rested = self.last is None or self.last + timedelta(seconds=waits.between) <= now
            return _KIND.NEWS if rested else ""
        return _KIND.REPEAT if not self.waits and self._stale(now) else ""

    def _stale(self, now: datetime) -> bool:
        """Whether something was told so long ago that it is told again."""
        repeat, machine = self.route.waits.repeat, self.route.kind == Route.Kind.ALERTMANAGER
        before = now - timedelta(seconds=repeat)
        wanted = (alarm for alarm in self.firing if machine or alarm.acknowledged_at is None)
        return bool(repeat) and any(self.told[alarm.pk].at <= before for alarm in wanted)


def compose(now: datetime) -> list[int]:
    """Write every notice that is due, and let workers send them; six queries, and some for each notice."""
    routes = list(Route.objects.filter(enabled=True).exclude(kind=Route.Kind.HEARTBEAT).order_by("pk"))
    if not routes:
        return []
    made = []
    with transaction.atomic():
        # Two at once: the second one waits here, and sees what the first one has told.
        list(Route.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
        for group in _groups(routes, now):
            if kind := group.due(now):
                made.append(_write(group, kind, now))
            if group.over and not group.route.recovery:
                _forget(group)
        for pk in made:
            enqueue(pk)
    return made


def _groups(routes: Sequence[Route], now: datetime) -> Iterable[Group]:
    rows = Alarm.objects.filter(state=Alarm.State.FIRING)
    rows = rows.select_related("cluster", "acknowledged_by", "inhibited_by__cluster")
    told = Told.objects.filter(route__in=routes).select_related("alarm__cluster", "alarm__acknowledged_by")
    quiets = quiet_now(now)
    firing = [alarm for alarm in rows if silenced_by(alarm, quiets) is None]
    by_route: dict[int, list[Told]] = defaultdict(list)
    for one in told.order_by("pk"):
        by_route[one.route_id].append(one)
    last = _last(now)
    for route in routes:
        groups: dict[int, Group] = {}
        for one in by_route[route.pk]:
            group = _group(groups, route, one.alarm.cluster_id, last)
            if one.alarm.state == Alarm.State.RESOLVED:
                group.over.append(one)
            else:
                group.told[one.alarm_id] = one
        for alarm in firing:
            if match(route.all_matchers, alarm.labels) and not _follows(alarm, route):
                _group(groups, route, alarm.cluster_id, last).firing.append(alarm)
        yield from groups.values()


Last = dict[tuple[int, int], tuple[datetime, bool]]


def _group(groups: dict[int, Group], route: Route, cluster: int, last: Last) -> Group:
    if cluster not in groups:
        at, waits = last.get((route.pk, cluster), (None, False))
        groups[cluster] = Group(route, cluster, at, waits)
    return groups[cluster]


def _follows(alarm: Alarm, route: Route) -> bool:
    """Whether it follows from one that this receiver is told of, too."""
    return alarm.inhibited_by is not None and match(route.all_matchers, alarm.inhibited_by.labels)


def _last(now: datetime) -> Last:
    rows = Notice.objects.filter(created_at__gte=now - _LAST).exclude(cluster=None).order_by()
    waiting = Count("pk", filter=Q(state=Notice.State.WAITING))
    found = rows.values_list("route_id", "cluster_id").annotate(newest=Max("created_at"), waiting=waiting)
    return {(route, cluster): (at, bool(number)) for route, cluster, at, number in found if cluster is not None}


def _write(group: Group, kind: str, now: datetime) -> int:
    """The notice, and that its receiver knows."""
    over = [one.alarm for one in group.over] if group.route.recovery else []
    alarms = [*group.firing, *over]
    body = body_of(alarms[0].cluster.name, group.firing, over, now)
    if group.route.kind == Route.Kind.ALERTMANAGER:  # what it was told again is no news to keep
        sent = Notice.objects.filter(route=group.route, cluster_id=group.cluster, state=Notice.State.SENT)
        sent.filter(kind=_KIND.REPEAT).delete()
    notice = Notice.objects.create(
        route=group.route,
        cluster_id=group.cluster,
        kind=kind,
        title=headline(body)[:_TITLE],
        body=body,
        created_at=now,
        next_at=now,
    )
    notice.alarms.set(alarms)
    Told.objects.bulk_create(
        [Told(route=group.route, alarm=alarm, at=now, size=alarm.worst) for alarm in group.firing],
        update_conflicts=True,
        unique_fields=["route", "alarm"],
        update_fields=["at", "size"],
    )
    _forget(group)
    return notice.pk


def _forget(group: Group) -> None:
    """What is over needs not be remembered."""
    Told.objects.filter(pk__in=[one.pk for one in group.over]).delete()
