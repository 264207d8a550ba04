"""The notices that wait: a row is claimed by one worker at a time, and tried until it is taken or given up."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from functools import partial

from celery import current_app
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from alarms.delivery.failure import DeliveryError
from alarms.delivery.receivers import RECEIVERS
from alarms.models import Notice, Route
from alarms.models.route import RESENT
from alarms.secrets import ClosedError, Secrets, secrets_of
from clusters import clock
from clusters.words import bounded

MOST = 12  # tries: for about an hour and a half
LEASE = timedelta(seconds=60)  # twice what the longest try takes: that of a mail
_FIRST, _LONGEST = 5.0, 900.0  # seconds between tries
_TASK = "alarms.tasks.deliver"
_EXPIRES = 30.0
_ERROR = 300
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
    """Those whose time has come and that no worker has, oldest first."""
    return list(_due(now).order_by("pk").values_list("pk", flat=True)[:limit])


def _due(now: datetime) -> QuerySet[Notice]:
    """The notices of a receiver about a cluster keep their order: only the oldest one that waits is due."""
    older = Notice.objects.filter(
        route=OuterRef("route"), cluster=OuterRef("cluster"), state=_WAITING, pk__lt=OuterRef("pk")
    )
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    return Notice.objects.filter(free, ~Exists(older), state=_WAITING, next_at__lte=now)


def deliver(pk: int) -> bool:
    """One try; whether the notice was taken. Nothing happens if it is not due, or another worker has it."""
    now = clock.now()
    row = _due(now).select_related("route").filter(pk=pk).first()
    if row is None:
        return False
    mine = Notice.objects.filter(pk=pk, fence=row.fence, state=_WAITING)
    if not mine.update(fence=row.fence + 1, lease_until=now + LEASE, attempts=F("attempts") + 1):
        return False
    row.fence, row.attempts = row.fence + 1, row.attempts + 1
    mine = Notice.objects.filter(pk=pk, fence=row.fence)
    if not row.route.enabled:
        mine.update(state=_DEAD, lease_until=None, error=OFF)
        return False
    return _tried(row, mine)


def _tried(notice: Notice, mine: QuerySet[Notice]) -> bool:
    secrets = None
    try:
        secrets = secrets_of(notice.route)
        RECEIVERS[notice.route.kind](notice, secrets)
    except (DeliveryError, ClosedError) as error:
        after = error.after if isinstance(error, DeliveryError) else 0.0
        _failed(notice, mine, told(error, secrets), after)
        return False
    done = mine.update(state=_SENT, sent_at=clock.now(), lease_until=None, error="")
    if done:
        route_told(notice.route)
        following = _due(clock.now()).filter(route=notice.route, cluster=notice.cluster_id)
        all(send(pk) for pk in following.values_list("pk", flat=True))
    return bool(done)


def told(error: Exception, secrets: Secrets | None) -> str:
    """The error without what is secret, should it repeat that."""
    text = str(error)
    for word in secrets.words if secrets is not None else ():
        text = text.replace(word, "…")
    return bounded(text, _ERROR)


def _failed(notice: Notice, mine: QuerySet[Notice], error: str, after: float) -> None:
    logger.warning("notice %s to route %s, try %s: %s", notice.pk, notice.route.name, notice.attempts, error)
    given_up = notice.attempts >= MOST
    # An Alertmanager that is there again has to hear of what fires before it forgets that.
    longest = float(RESENT) if notice.route.kind == Route.Kind.ALERTMANAGER else _LONGEST
    pause = min(_FIRST * 2 ** (notice.attempts - 1) * random.uniform(0.8, 1.2), longest)  # noqa: S311
    next_at = clock.now() + timedelta(seconds=max(pause, min(after, longest)))
    done = mine.update(state=_DEAD if given_up else _WAITING, next_at=next_at, lease_until=None, error=error)
    if done:
        route_told(notice.route, error)


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
