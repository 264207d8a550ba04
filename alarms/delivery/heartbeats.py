"""Heartbeats: addresses that are hit after each sweep of all clusters, so that somebody notices when sweeps stop."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

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
_LEAST = 600.0  # seconds; a sweep that ended longer ago is no sign of life


def due(now: datetime) -> list[tuple[int, datetime]]:
    """The heartbeats that have something to tell: the route, and the end of the sweep that it is; three queries."""
    oldest = now - timedelta(seconds=max(_LEAST, 3 * settings.BGPUI_SWEEP_INTERVAL))
    routes = list(Route.objects.filter(enabled=True, kind=Route.Kind.HEARTBEAT).order_by("pk"))
    swept = _swept() if routes else {}
    found = []
    for route in routes:
        ends = [end for name, end in swept.items() if match(route.all_matchers, {"cluster": (name,)})]
        whole = [end for end in ends if end is not None]
        if not ends or len(whole) < len(ends) or min(whole) < oldest:
            continue
        rest = timedelta(seconds=route.group_interval)
        if route.beaten_at is None or min(whole) >= route.beaten_at + rest:
            found.append((route.pk, min(whole)))
    return found


def _swept() -> Mapping[str, datetime | None]:
    """When the last sweep of all of a cluster's nodes came to its end, by name; None = never."""
    rows = Sweep.objects.order_by().values_list("cluster_id").annotate(end=Min("ended_at"))
    ends = {pk: None if never else end for pk, end, never in rows.annotate(never=Count("pk", filter=Q(ended_at=None)))}
    return {name: ends.get(pk) for pk, name in clusters_active().values_list("pk", "name")}


def beat(pk: int, swept_at: datetime) -> bool:
    """Hit the address for this sweep, unless that was done; whether it was taken. If not, the next look tries again."""
    route = Route.objects.filter(pk=pk, enabled=True, kind=Route.Kind.HEARTBEAT).first()
    if route is None or (route.beaten_at is not None and route.beaten_at >= swept_at):
        return False
    if not Route.objects.filter(pk=pk, beaten_at=route.beaten_at).update(beaten_at=swept_at):
        return False
    try:
        attempt(route, partial(heartbeat, None))
    except DeliveryError as error:
        logger.warning("heartbeat of route %s: %s", route.name, error)
        route_told(route, str(error))
        Route.objects.filter(pk=pk, beaten_at=swept_at).update(beaten_at=route.beaten_at)
        return False
    route_told(route)
    return True
