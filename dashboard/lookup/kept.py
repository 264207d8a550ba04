"""Answers that wait in Redis, and marks of those that are under way."""

from __future__ import annotations

import logging
import zlib

import msgspec
import redis
from celery import current_app
from kombu.exceptions import OperationalError

from clusters.models import Cluster
from clusters.nudges import connection
from dashboard.lookup.answer import Lookup

TTL = 600  # seconds that an answer is kept
PENDING_TTL = 60
_LIMIT = 64 << 20
log = logging.getLogger(__name__)


def _key(cluster: int, prefix: str) -> str:
    return f"bgpui:lookup:{cluster}:{prefix}"


def ask(cluster: Cluster, prefix: str) -> bool:
    """Let a worker look it up; False if that is under way, or nobody can be told."""
    mark = _key(cluster.pk, prefix) + ":pending"
    try:
        if not connection().set(mark, b"1", nx=True, ex=PENDING_TTL):
            return False
        task = "dashboard.tasks.look_up"
        current_app.send_task(task, args=(cluster.pk, prefix), expires=PENDING_TTL, retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        log.warning("nobody can be asked for a prefix: %s", error)
        return False
    return True


def pending(cluster: Cluster, prefix: str) -> bool:
    """Whether it is being looked up."""
    try:
        return bool(connection().exists(_key(cluster.pk, prefix) + ":pending"))
    except redis.RedisError:
        return False


def last(cluster: Cluster, prefix: str) -> Lookup | None:
    """The answer that is kept, None if none is."""
    try:
        stored = connection().get(_key(cluster.pk, prefix))
        if not isinstance(stored, bytes):
            return None
        return msgspec.msgpack.decode(zlib.decompressobj().decompress(stored, _LIMIT), type=Lookup)
    except (redis.RedisError, zlib.error, msgspec.MsgspecError):
        return None


def answer_keep(cluster: Cluster, answer: Lookup) -> None:
    """Keep an answer for the pages, and end its pending mark. Raises redis.RedisError."""
    with connection().pipeline() as pipeline:
        pipeline.set(_key(cluster.pk, answer.prefix), zlib.compress(msgspec.msgpack.encode(answer), 1), ex=TTL)
        pipeline.delete(_key(cluster.pk, answer.prefix) + ":pending")
        pipeline.execute()
