"""The notices that wait: a row is claimed by one worker at a time, and tried until it is taken or given up."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from functools import partial

from celery import current_app
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from alarms.delivery.attempt import attempt
from alarms.delivery.failure import DeliveryError
from alarms.delivery.places import places
from alarms.delivery.receivers import RECEIVERS, longest
from alarms.models import Notice, Route, Told
from alarms.models.route import RESENT
from clusters import clock

MOST = 12  # tries: for about an hour and a half
_FIRST, _LONGEST = 5.0, 900.0  # seconds between tries
_TASK = "alarms.tasks.deliver"
_EXPIRES = 30.0
OFF = "The route is switched off."
_SENT, _WAITING, _DEAD = Notice.State.SENT, Notice.State.WAITING, Notice.State.DEAD
logger = logging.getLogger(__name__)


def enqueue(pk: int) -> None:
    """Let a worker send it as soon as the transaction is committed; what no task picks up, beat finds."""
    transaction.on_commit(partial(send, pk))


def send(pk: int) -> bool:
    """Send the task; False if the broker is away."""
    try:
        current_app.send_task(_TASK, args=(pk,), expires=_EXPIRES, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("cannot enqueue notice %s, the next look will: %s", pk, error)
        return False
    return True


def left_over(now: datetime, limit: int = 200) -> list[int]:
    """Those whose time has come and that no worker has: of routes that fail last, else the oldest first."""
    rows = _due(now).order_by(F("route__failed_at").asc(nulls_first=True), "pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def lease_of(notice: Notice) -> timedelta:
    """Twice what its try may take, so that the outcome is written by whoever tried."""
    return timedelta(seconds=2 * longest(notice))


def _due(now: datetime) -> QuerySet[Notice]:
    """The notices of a receiver about a cluster keep their order: only the oldest one that waits is due.

    None is while a worker has one of the same receiver: that may be away, and shall not hold up more than one thread.
    """
    waiting = Notice.objects.filter(route=OuterRef("route"), state=_WAITING)
    older = waiting.filter(cluster=OuterRef("cluster"), pk__lt=OuterRef("pk"))
    held = waiting.filter(lease_until__gt=now)
    return Notice.objects.filter(~Exists(older), ~Exists(held), state=_WAITING, next_at__lte=now)


def deliver(pk: int) -> bool:
    """One try; whether the notice was taken. Nothing happens if it is not due, or its route is another worker's.

    Nor if its route failed last time and there is no place for such: whoever leaves one sends the next.
    """
    now = clock.now()
    row = _due(now).select_related("route").filter(pk=pk).first()
    if row is None:
        return False
    with places().taken(row.route) as free:
        if not free or not _claimed(row, now):
            return False
        done = _carried_out(row)
    _send_next(row.route)
    return done


def _carried_out(row: Notice) -> bool:
    mine = Notice.objects.filter(pk=row.pk, fence=row.fence)
    if row.route.enabled:
        return _tried(row, mine)
    with transaction.atomic():
        mine.update(state=_DEAD, lease_until=None, error=OFF)
        # What it was to hear of first it has not heard of: it is told when the route is on again.
        Told.objects.filter(route=row.route, alarm__in=row.body.get("new", ())).delete()
    return False


def _send_next(route: Route) -> None:
    """What was not due meanwhile, as the route had a worker; and what found no place, should this one have had it."""
    due = _due(clock.now())
    following = due.filter(route=route).order_by("pk").values_list("pk", flat=True).first()
    if route.failed_at is not None:
        others = due.filter(route__failed_at__isnull=False).exclude(route=route).order_by("next_at", "pk")
        found = (following, others.values_list("pk", flat=True).first())
    else:
        found = (following, None)
    for pk in found:
        if pk is not None:
            send(pk)


@transaction.atomic
def _claimed(row: Notice, now: datetime) -> bool:
    """Whether it is ours now. Two workers that claim notices of the same route come one after the other."""
    _lock(row.route_id)
    mine = _due(now).filter(pk=row.pk, fence=row.fence)
    if not mine.update(fence=row.fence + 1, lease_until=now + lease_of(row), attempts=F("attempts") + 1):
        return False
    row.fence, row.attempts = row.fence + 1, row.attempts + 1
    return True


def _lock(route: int) -> None:
    """Looks at what there is to say hold it, too; SQLite has one writer anyway."""
    Route.objects.select_for_update(no_key=True).filter(pk=route).values_list("pk").first()


def _tried(notice: Notice, mine: QuerySet[Notice]) -> bool:
    try:
        attempt(notice.route, partial(RECEIVERS[notice.route.kind], notice))
    except DeliveryError as error:
        _failed(notice, mine, error)
        return False
    done = mine.update(state=_SENT, sent_at=clock.now(), lease_until=None, error="")
    if done:
        route_told(notice.route)
    return bool(done)


def _failed(notice: Notice, mine: QuerySet[Notice], error: DeliveryError) -> None:
    text = str(error)
    logger.warning("notice %s to route %s, try %s: %s", notice.pk, notice.route.name, notice.attempts, text)
    _put_off(notice, error)
    with transaction.atomic():
        _lock(notice.route_id)
        done = mine.update(state=notice.state, next_at=notice.next_at, lease_until=None, error=text)
        if done and error.away:
            _put_off_others(notice, error)
    if done:
        route_told(notice.route, text)


def _put_off(notice: Notice, error: DeliveryError) -> None:
    # An Alertmanager that is there again has to hear of what fires before it forgets that.
    longest = float(RESENT) if notice.route.kind == Route.Kind.ALERTMANAGER else _LONGEST
    pause = min(_FIRST * 2 ** (notice.attempts - 1) * random.uniform(0.8, 1.2), longest)  # noqa: S311
    notice.next_at = clock.now() + timedelta(seconds=max(pause, min(error.after, longest)))
    notice.state = _DEAD if notice.attempts >= MOST else _WAITING
    notice.error = str(error)


def _put_off_others(notice: Notice, error: DeliveryError) -> None:
    """Nobody is there: that was a try of all that would be tried before the next one, or each would take its time."""
    rows = Notice.objects.filter(route=notice.route, state=_WAITING, next_at__lt=notice.next_at)
    others = list(rows.exclude(pk=notice.pk).select_related("route").defer("body"))
    for one in others:
        one.attempts += 1
        _put_off(one, error)
    Notice.objects.bulk_update(others, ["attempts", "next_at", "state", "error"])


def route_told(route: Route, error: str = "") -> None:
    """Note how the last try went."""
    if error:
        values = {"failed_at": clock.now(), "error": error, "failed_total": F("failed_total") + 1}
    else:
        values = {"failed_at": None, "error": "", "sent_total": F("sent_total") + 1}
    Route.objects.filter(pk=route.pk).update(**values)


def again(notice: Notice) -> bool:
    """Try one that was given up from the beginning; False if it was not."""
    rows = Notice.objects.filter(pk=notice.pk, state=_DEAD)
    done = bool(rows.update(state=_WAITING, attempts=0, next_at=clock.now(), lease_until=None, fence=F("fence") + 1))
    if done:
        enqueue(notice.pk)
    return done
