"""Nodes of which an event stream has brought news, so that their sessions are looked at without waiting for a sweep."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import redis
from celery import current_app
from kombu.exceptions import OperationalError

from clusters.models import Cluster
from clusters.nudges import connection

logger = logging.getLogger(__name__)
_TASK = "dashboard.tasks.sweep_told"
_KEPT = 600  # seconds
_EXPIRES = 30.0  # seconds; by then sweeps have seen it anyway
MOST = 500  # nodes that are taken at once


def nodes_told(cluster: Cluster, nodes: Iterable[str]) -> None:
    """Let a worker look at these nodes now; without Redis the next sweep does."""
    if names := sorted(set(nodes) - {""}):
        put_back(cluster.pk, names)
        send(cluster.pk)


def send(pk: int, countdown: float = 0.0) -> None:
    """Send the task for a cluster; what cannot be sent is left to the next sweep."""
    try:
        current_app.send_task(_TASK, args=(pk,), countdown=countdown or None, expires=_EXPIRES, retry=False)
    except (OperationalError, redis.RedisError, OSError) as error:
        logger.warning("cluster %s: the next sweep sees what was told: %s", pk, error)


def put_back(pk: int, names: Iterable[str]) -> None:
    """Keep the names of nodes that are to be looked at."""
    try:
        with connection().pipeline() as pipeline:
            pipeline.sadd(_key(pk), *names)
            pipeline.expire(_key(pk), _KEPT)
            pipeline.execute()
    except redis.RedisError as error:
        logger.warning("cluster %s: the next sweep sees what was told: %s", pk, error)


def take(pk: int) -> list[str]:
    """Some of these nodes, which nobody else gets then; none without Redis."""
    try:
        names = connection().spop(_key(pk), MOST)
    except redis.RedisError:
        return []
    return sorted(name.decode() for name in names or () if isinstance(name, bytes))


def waiting(pk: int) -> bool:
    """Whether there are any."""
    try:
        return bool(connection().exists(_key(pk)))
    except redis.RedisError:
        return False


def _key(pk: int) -> str:
    return f"bgpui:told:{pk}"
