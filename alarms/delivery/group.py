"""Receivers, and the alarms of a cluster that each of them is or shall be told of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max, Prefetch, Q

from alarms.delivery.body import Change, changed_in
from alarms.matchers import NODE, match
from alarms.models import Alarm, Notice, Route, Told
from alarms.quietness import quiet_now, silenced_by

_LAST = timedelta(days=1)  # no two notices of a group are kept apart for longer
_OVER = timedelta(days=1)  # ago: what ended before that a receiver that was away is not told of
_LONG = _OVER + _LAST  # ago: what ended before that nobody was told in time, as the route was off
_KIND = Notice.Kind
Key = tuple[int, int]  # of a route, of a cluster


@dataclass(slots=True)
class Group:
    """The alarms of a cluster that one receiver is or shall be told of. waiting: notices that it has not taken yet."""

    route: Route
    cluster: int
    last: datetime | None
    waiting: list[Notice]
    firing: list[Alarm] = field(default_factory=list)
    over: list[Told] = field(default_factory=list)
    told: dict[int, Told] = field(default_factory=dict)

    @property
    def machine(self) -> bool:
        """Whether it holds a state, of which it forgets what it is not told again."""
        return self.route.kind == Route.Kind.ALERTMANAGER

    @property
    def news(self) -> bool:
        """Whether something is so that was not said yet."""
        untold = self._untold
        return bool(untold.new or untold.grown or (self.over and self.route.recovery))

    @property
    def change(self) -> Change:
        """What the receiver has not taken yet, because nothing said it or because what does still waits."""
        waits, untold = changed_in([one.body for one in self.waiting]), self._untold
        return Change(waits.new | untold.new, waits.grown | untold.grown)

    @property
    def _untold(self) -> Change:
        known = [(alarm, self.told.get(alarm.pk)) for alarm in self.firing]
        new = frozenset(alarm.pk for alarm, told in known if told is None)
        return Change(new, frozenset(alarm.pk for alarm, told in known if told is not None and alarm.grew(told.at)))

    def due(self, now: datetime) -> str:
        """Whether there is something to say now: the kind of the notice, "" = nothing."""
        waits = self.route.waits
        if self.firing and not self.told and not self.over:
            began = min(alarm.fired_at or now for alarm in self.firing)
            return _KIND.NEWS if began + timedelta(seconds=waits.first) <= now else ""
        if self.news:
            rested = self.last is None or self.last + timedelta(seconds=waits.between) <= now
            return _KIND.NEWS if rested else ""
        return _KIND.REPEAT if self._stale(now) else ""

    def _stale(self, now: datetime) -> bool:
        """Whether something was told so long ago that it is told again."""
        repeat = self.route.waits.repeat
        before = now - timedelta(seconds=repeat)
        wanted = (alarm for alarm in self.firing if self.machine or not alarm.looked_after)
        return bool(repeat) and any(self.told[alarm.pk].at <= before for alarm in wanted)

    def taken(self, now: datetime) -> bool:
        """Whether a worker has one of those that wait in its hands."""
        return any(one.lease_until is not None and one.lease_until > now for one in self.waiting)

    def remember(self, firing: Sequence[Alarm], now: datetime) -> None:
        """The receiver knows of these from now on; what is over needs not be remembered."""
        Told.objects.bulk_create(
            [Told(route=self.route, alarm=alarm, at=now) for alarm in firing],
            update_conflicts=True,
            unique_fields=["route", "alarm"],
            update_fields=["at"],
        )
        self.forget()

    def forget(self) -> None:
        """What is over."""
        Told.objects.filter(pk__in=[one.pk for one in self.over]).delete()

    def leave_out(self, wanted: dict[int, Alarm]) -> None:
        """What was to be told first by what waits, and is not any more by the route's matchers (but those of nodes)."""
        matchers = [matcher for matcher in self.route.all_matchers if matcher.name != NODE]
        unheard = [wanted[pk] for pk in changed_in([one.body for one in self.waiting]).new if pk in wanted]
        strange = {alarm.pk for alarm in unheard if not match(matchers, alarm.labels_but_nodes)}
        if strange:
            Told.objects.filter(route=self.route, alarm__in=strange).delete()
            self.over = [one for one in self.over if one.alarm_id not in strange]
        for pk in strange:
            del wanted[pk]


def groups_of(routes: Sequence[Route], now: datetime) -> Iterable[Group]:
    """Those in which something fires, was told, or waits to be."""
    rows = Alarm.objects.filter(state=Alarm.State.FIRING)
    rows = rows.select_related("cluster", "acknowledged_by", "inhibited_by__cluster")
    rows = rows.defer("evidence", "inhibited_by__evidence")
    by_route, quiets = _told(routes, now), quiet_now(now)
    firing = [alarm for alarm in rows if silenced_by(alarm, quiets) is None]
    before = _Before(_last(now), _waiting(routes, now))
    for route in routes:
        groups: dict[int, Group] = {}
        for pk, cluster in before.waiting:
            if pk == route.pk:
                _group(groups, route, cluster, before)
        for one in by_route[route.pk]:
            group = _group(groups, route, one.alarm.cluster_id, before)
            if one.alarm.state == Alarm.State.RESOLVED:
                group.over.append(one)
            else:
                group.told[one.alarm_id] = one
        for alarm in firing:
            if match(route.all_matchers, alarm.labels) and not _follows(alarm, route):
                _group(groups, route, alarm.cluster_id, before).firing.append(alarm)
        yield from groups.values()


def _told(routes: Sequence[Route], now: datetime) -> dict[int, list[Told]]:
    """What receivers know, by route; what ended too long ago is forgotten."""
    rows = Told.objects.filter(route__in=routes).select_related("alarm__cluster", "alarm__acknowledged_by")
    found, long = defaultdict[int, list[Told]](list), list[int]()
    for one in rows.defer("alarm__evidence").order_by("pk"):
        ended = one.alarm.resolved_at
        if ended is not None and ended < now - _LONG:
            long.append(one.pk)
        else:
            found[one.route_id].append(one)
    if long:
        Told.objects.filter(pk__in=long).delete()
    return found


@dataclass(frozen=True, slots=True)
class _Before:
    """What was written: when last, and what waits, the oldest first."""

    last: dict[Key, datetime]
    waiting: dict[Key, list[Notice]]


def _group(groups: dict[int, Group], route: Route, cluster: int, before: _Before) -> Group:
    if cluster not in groups:
        key = (route.pk, cluster)
        groups[cluster] = Group(route, cluster, before.last.get(key), before.waiting.get(key, []))
    return groups[cluster]


def _follows(alarm: Alarm, route: Route) -> bool:
    """Whether it follows from one that this receiver is told of, too."""
    return alarm.inhibited_by is not None and match(route.all_matchers, alarm.inhibited_by.labels)


def _last(now: datetime) -> dict[Key, datetime]:
    rows = Notice.objects.filter(created_at__gte=now - _LAST).exclude(cluster=None).order_by()
    found = rows.values_list("route_id", "cluster_id").annotate(newest=Max("created_at"))
    return {(route, cluster): at for route, cluster, at in found if cluster is not None}


def _waiting(routes: Sequence[Route], now: datetime) -> dict[Key, list[Notice]]:
    """Without the nodes of their alarms: these may be thousands for each, in every look."""
    rows = Notice.objects.filter(route__in=routes, state=Notice.State.WAITING).exclude(cluster=None).order_by("pk")
    found: dict[Key, list[Notice]] = defaultdict(list)
    recent = Q(resolved_at=None) | Q(resolved_at__gte=now - _OVER)
    alarms = Alarm.objects.filter(recent).select_related("cluster", "acknowledged_by").defer("nodes", "evidence")
    for one in rows.prefetch_related(Prefetch("alarms", alarms.order_by("pk"))):
        if one.cluster_id is not None:
            found[one.route_id, one.cluster_id].append(one)
    return found
