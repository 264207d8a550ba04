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
MOST = 3  # look-ups of a cluster at once: each has every node asked, and holds a thread of the worker
_LIMIT = 64 << 20
log = logging.getLogger(__name__)


def _key(cluster: int, prefix: str) -> str:
    return f"bgpui:lookup:{cluster}:{prefix}"


def _marks(cluster: int) -> str:
    """The prefixes that are being looked up, each with the second of Redis' clock at which nobody waits any more."""
    return f"bgpui:lookup:{cluster}:pending"


class TooManyError(Exception):
    """As many look-ups of the cluster are under way as there may be."""

    def __init__(self) -> None:
        super().__init__(f"{MOST} other prefixes are being looked up in this cluster: ask again in a moment.")


def ask(cluster: Cluster, prefix: str) -> bool:
    """Let a worker look it up; False if that is under way, or nobody can be told. Raises TooManyError."""
    try:
        if not _begin(cluster, prefix):
            return False
        task = "dashboard.tasks.look_up"
        current_app.send_task(task, args=(cluster.pk, prefix), expires=PENDING_TTL, retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        log.warning("nobody can be asked for a prefix: %s", error)
        return False
    return True


def _begin(cluster: Cluster, prefix: str) -> bool:
    """Mark it; False if it is. Raises TooManyError, redis.RedisError."""
    key, now = _marks(cluster.pk), connection().time()[0]
    with connection().pipeline() as pipeline:
        pipeline.zremrangebyscore(key, "-inf", now)
        pipeline.zadd(key, {prefix: now + PENDING_TTL}, nx=True)
        pipeline.zcard(key)
        pipeline.expire(key, PENDING_TTL)
        _over, new, number, _kept = pipeline.execute()
    if new and number > MOST:
        connection().zrem(key, prefix)
        raise TooManyError
    return bool(new)


def pending(cluster: Cluster, prefix: str) -> bool:
    """Whether it is being looked up."""
    try:
        until = connection().zscore(_marks(cluster.pk), prefix)
        return until is not None and until > connection().time()[0]
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
        pipeline.zrem(_marks(cluster.pk), answer.prefix)
        pipeline.execute()
