"""The collector that a scrape reads: rows and lengths of queues as they are at that moment."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import redis
from django.conf import settings
from prometheus_client.registry import Collector

from clusters import clock
from clusters.nudges import connection
from clusters.selectors import clusters_active
from dashboard.metrics import alarms as of_alarms
from dashboard.metrics import clusters as of_clusters
from dashboard.metrics import sessions as of_sessions
from dashboard.metrics.families import Family, gauge, put

QUEUES = ("apply", "relist", "ask", "observe", "alarm", "notice")
logger = logging.getLogger(__name__)


class RowsCollector(Collector):
    """Everything of the clusters that are looked after; what is only remembered is no news."""

    def collect(self) -> Iterator[Family]:
        """All families, empty ones too, so that a scrape shows every name. Raises DatabaseError."""
        clusters = list(clusters_active().select_related("credential").order_by("name"))
        names = {cluster.pk: cluster.name for cluster in clusters}
        yield from of_clusters.clusters_told(clusters)
        yield from of_clusters.watches_told(clusters)
        yield from of_clusters.leader_told()
        yield from of_clusters.edits_told(names)
        yield from of_sessions.sessions_told(names)
        yield from of_sessions.comparisons_told(names, clock.now())
        yield from of_sessions.transitions_told(names)
        yield from of_sessions.flapping_told(names, clock.now())
        yield from of_sessions.speakers_told(names, clock.now())
        yield from of_sessions.sweeps_told(names)
        yield from of_alarms.alarms_told(names)
        yield from of_alarms.notices_told()
        if settings.BGPUI_METRICS_SESSIONS:
            yield from of_sessions.each_session_told(names)
        yield from _queues()


def _queues() -> Iterator[Family]:
    up = gauge("redis_up", "Whether Redis answers.")
    length = gauge("queue_length", "Tasks that wait for a worker.", "queue")
    try:
        with connection().pipeline(transaction=False) as pipe:
            for queue in QUEUES:
                pipe.llen(queue)
            lengths = pipe.execute()
    except redis.RedisError as error:
        logger.warning("lengths of queues are not known: %s", error)
        lengths = []
    put(up, [], bool(lengths))
    for queue, number in zip(QUEUES, lengths, strict=False):
        put(length, [queue], number)
    return iter((up, length))
