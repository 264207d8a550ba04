"""Nudges: "look again" over Redis, for whoever watches. They carry no facts, so a lost one costs nothing but time."""

from __future__ import annotations

import logging
from functools import lru_cache

import msgspec
import redis
from django.conf import settings

CHANNEL = "bgpui:nudges"


class Nudge(msgspec.Struct, frozen=True):
    """One event, and the name of the cluster that it happened in, "" = any."""

    event: str
    cluster: str = ""


log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def connection() -> redis.Redis:
    """The pool of this process. Every call on it may raise redis.RedisError: Redis may be away."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def nudge(event: str, cluster: str = "") -> None:
    """Tell all open pages that `event` happened ("sweep", "sessions", "resources", "session-42"); never raises."""
    try:
        connection().publish(CHANNEL, msgspec.json.encode(Nudge(event, cluster)))
    except redis.RedisError as error:
        log.warning("no nudge %s: %s", event, error)
