"""What there is to say now, by receiver and cluster; the decision and the notice are written as one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Least

from alarms.delivery.body import body_of
from alarms.delivery.group import Group, groups_of
from alarms.delivery.outbox import MOST, enqueue
from alarms.delivery.words import headline
from alarms.models import Alarm, Notice, Route
from alarms.models.route import RESENT, STALE

_OVER = 2000  # ended alarms that one who was away is told of, the newest; those of an Alertmanager are minutes old
_SAYS = ("firing", "resolved", "number_firing", "number_resolved", "new", "grown")
_KIND, _STATE = Notice.Kind, Notice.State


def compose(now: datetime) -> list[int]:
    """Write every notice that is due, and let workers send them; seven queries or eight, and some for each notice."""
    routes = list(Route.objects.filter(enabled=True).exclude(kind=Route.Kind.HEARTBEAT).order_by("pk"))
    if not routes:
        return []
    made, renewed = list[int](), list[int]()
    with transaction.atomic():
        # Two at once: the second one waits here, and sees what the first one has told.
        list(Route.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
        for group in groups_of(routes, now):
            if group.taken(now):  # the next look sees what became of it
                continue
            if group.waiting:
                renewed += [group.waiting[0].pk] if _renew(group, now) else []
            elif kind := group.due(now):
                made.append(_write(group, kind, now))
            if group.over and not group.route.recovery:
                group.forget()
        for pk in made:
            enqueue(pk)
    return made + renewed


def _write(group: Group, kind: str, now: datetime) -> int:
    """The notice, and that its receiver knows."""
    over = [one.alarm for one in group.over] if group.route.recovery else []
    alarms = [*group.firing, *over]
    body = body_of(alarms[0].cluster.name, group.firing, over, now, group.change, group.route.kind)
    if group.machine:  # what it was told again is no news to keep
        sent = Notice.objects.filter(route=group.route, cluster_id=group.cluster).exclude(state=_STATE.WAITING)
        sent.filter(kind=_KIND.REPEAT).delete()
    notice = Notice.objects.create(
        route=group.route,
        cluster_id=group.cluster,
        kind=kind,
        title=headline(body),
        body=body,
        created_at=now,
        next_at=now,
    )
    notice.alarms.set(alarms)
    group.remember(group.firing, now)
    return notice.pk


def _renew(group: Group, now: datetime) -> bool:
    """Let what waits be one notice that says what is so now, and what ended meanwhile; whether it was another one."""
    first, *others = group.waiting
    wanted = {alarm.pk: alarm for one in group.waiting for alarm in one.alarms.all()}
    group.leave_out(wanted)
    firing, over = _present(group, wanted, now)
    mine = Notice.objects.filter(pk=first.pk, fence=first.fence, state=_STATE.WAITING)
    if not (firing or over):
        return bool(mine.delete()[0])
    _name_nodes([*firing, *over], first)
    body = body_of(first.body["cluster"], firing, over, now, group.change, group.route.kind)
    old = group.machine and first.created_at + timedelta(seconds=RESENT) <= now
    if not (others or old) and all(first.body.get(name) == body[name] for name in _SAYS):
        return False
    done = mine.update(
        body=body,
        title=headline(body),
        kind=_KIND.NEWS if group.news or any(one.kind == _KIND.NEWS for one in group.waiting) else _KIND.REPEAT,
        # Who took the text before this one without our hearing of it must not drop this one as known.
        key=uuid.uuid4(),
        created_at=now,
        attempts=Least(F("attempts"), Value(MOST // 2)) if group.news or group.machine else F("attempts"),
        fence=F("fence") + 1,
    )
    if done:
        Notice.objects.filter(pk__in=[one.pk for one in others]).delete()
        Notice.objects.get(pk=first.pk).alarms.set([*firing, *over])  # `first` knows only those that were read
        group.remember(firing, now)
    return bool(done)


def _present(group: Group, wanted: dict[int, Alarm], now: datetime) -> tuple[list[Alarm], list[Alarm]]:
    """What fires, and what is over, the newest first. wanted: what was to be told, so that it is, silence or not."""
    known = {alarm.pk for alarm in group.firing}
    quiet = [one for one in wanted.values() if one.state == Alarm.State.FIRING and one.pk not in known]
    over = {pk: one for pk, one in wanted.items() if one.state == Alarm.State.RESOLVED}
    if group.route.recovery:
        over |= {one.alarm_id: one.alarm for one in group.over}
    if group.machine:  # it forgets by itself what is silenced, and has forgotten what ended before that
        quiet = []
        over = {pk: one for pk, one in over.items() if one.resolved_at is None or one.resolved_at >= now - STALE}
    ended = sorted(over.values(), key=lambda one: (one.resolved_at or now, one.pk), reverse=True)
    return [*group.firing, *quiet], ended if group.machine else ended[:_OVER]


def _name_nodes(alarms: Iterable[Alarm], notice: Notice) -> None:
    """Load the nodes that are missing; those of what is over stay as the notice has them."""
    said = {one["id"]: one["nodes"] for one in notice.body["resolved"]}
    missing = {alarm.pk: alarm for alarm in alarms if "nodes" in alarm.get_deferred_fields()}
    asked = [pk for pk, alarm in missing.items() if pk not in said or alarm.state == Alarm.State.FIRING]
    if asked:
        said |= dict(Alarm.objects.filter(pk__in=asked).order_by().values_list("pk", "nodes"))
    for pk, alarm in missing.items():
        alarm.nodes = said.get(pk, [])
