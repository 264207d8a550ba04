"""One at a time, over all processes: work that must not pile up behind itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from django.conf import settings
from redis.exceptions import LockNotOwnedError
from redis.lock import Lock

from clusters.nudges import connection

logger = logging.getLogger(__name__)


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else does this now. Only saves work: rows are written conditionally, should the lock vanish."""
    # A killed worker leaves its lock behind, which must not blind us for long: who lives renews it.
    seconds = 2 * settings.BGPUI_SWEEP_INTERVAL
    lock = connection().lock(f"bgpui:lock:{name}", timeout=seconds, thread_local=False)
    try:
        held = bool(lock.acquire(blocking=False))
    except redis.RedisError:
        yield True
        return
    if not held:
        yield False
        return
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lock, over, seconds / 3), daemon=True)
    keeper.start()
    try:
        yield True
    finally:
        over.set()
        keeper.join()
        try:
            lock.release()
        except redis.RedisError:
            logger.warning("lock %s was lost", name)


def _keep(lock: Lock, over: threading.Event, seconds: float) -> None:
    while not over.wait(seconds):
        try:
            lock.reacquire()
        except LockNotOwnedError:
            return
        except redis.RedisError:
            continue  # Redis may be back before the lock is over
