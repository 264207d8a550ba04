"""Heartbeats: addresses that are hit after each sweep of all clusters, so that somebody notices when sweeps stop."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Min, Q

from alarms.delivery.attempt import attempt
from alarms.delivery.failure import DeliveryError
from alarms.delivery.outbox import route_told
from alarms.delivery.receivers import heartbeat
from alarms.matchers import match
from alarms.models import Route
from clusters.selectors import clusters_active
from speakers.models import Sweep

logger = logging.getLogger(__name__)
_AT_ONCE = 32  # addresses
_LEAST = 600.0  # seconds; a sweep that ended longer ago is no sign of life


class Due(NamedTuple):
    """Heartbeats that have something to tell: by route, the end of the sweep that it is. failing: as the last time."""

    fine: dict[int, datetime]
    failing: dict[int, datetime]


def due(now: datetime) -> Due:
    """Those of now; three queries."""
    oldest = now - timedelta(seconds=max(_LEAST, 3 * settings.BGPUI_SWEEP_INTERVAL))
    routes = list(Route.objects.filter(enabled=True, kind=Route.Kind.HEARTBEAT).order_by("pk"))
    swept = _swept() if routes else {}
    found = Due({}, {})
    for route in routes:
        ends = [end for name, end in swept.items() if match(route.all_matchers, {"cluster": (name,)})]
        whole = [end for end in ends if end is not None]
        if not ends or len(whole) < len(ends) or min(whole) < oldest:
            continue
        rest = timedelta(seconds=route.group_interval)
        if route.beaten_at is None or min(whole) >= route.beaten_at + rest:
            (found.fine if route.failed_at is None else found.failing)[route.pk] = min(whole)
    return found


def _swept() -> Mapping[str, datetime | None]:
    """When the last sweep of all of a cluster's nodes came to its end, by name; None = never."""
    rows = Sweep.objects.order_by().values_list("cluster_id").annotate(end=Min("ended_at"))
    ends = {pk: None if never else end for pk, end, never in rows.annotate(never=Count("pk", filter=Q(ended_at=None)))}
    return {name: ends.get(pk) for pk, name in clusters_active().values_list("pk", "name")}


def beat(ends: Mapping[int, datetime]) -> int:
    """Hit all addresses at once, each for the sweep that ended then, unless that was done; how many took it.

    The next look tries the others again.
    """
    rows = Route.objects.filter(pk__in=ends, enabled=True, kind=Route.Kind.HEARTBEAT).order_by("pk")
    routes = [route for route in rows if route.beaten_at is None or route.beaten_at < ends[route.pk]]
    if not routes:
        return 0
    with ThreadPoolExecutor(min(len(routes), _AT_ONCE)) as threads:
        tries = {threads.submit(attempt, route, partial(heartbeat, None)): route for route in routes}
        return sum(_noted(tries[done], ends[tries[done].pk], done) for done in as_completed(tries))


def _noted(route: Route, swept_at: datetime, done: Future[None]) -> bool:
    """Write how the try went; whether it was taken."""
    try:
        done.result()
    except DeliveryError as error:
        logger.warning("heartbeat of route %s: %s", route.name, error)
        route_told(route, str(error))
        return False
    Route.objects.filter(pk=route.pk).update(beaten_at=swept_at)
    route_told(route)
    return True
