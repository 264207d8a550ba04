"""How often somebody may do something: counted in Redis, for all processes together."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import redis

from clusters.nudges import connection

log = logging.getLogger(__name__)
_DOUBLINGS = 20  # after which every wait is at its longest


def early(name: str, *, most: int, seconds: int) -> int:
    """Count one more in this stretch of time; how many seconds it is too early by, 0 = it may be done."""
    key = f"bgpui:limit:{name}"
    try:
        with connection().pipeline() as pipeline:
            pipeline.set(key, 0, nx=True, ex=seconds)
            pipeline.incr(key)
            pipeline.ttl(key)
            _made, number, left = pipeline.execute()
    except redis.RedisError as error:
        log.warning("%s is not counted: %s", name.partition(":")[0], error)
        return 0
    return max(1, int(left)) if number > most else 0


@dataclass(frozen=True, slots=True)
class Tries:
    """At something that should not fail often. free: failures that cost no wait.

    After each further one there is a wait, of `first` seconds and then twice as long each time, at most `longest`.
    kept: seconds that a failure counts.
    """

    name: str
    free: int
    first: int
    longest: int
    kept: int

    def begin(self) -> int:
        """Count a try as one that failed, before it is made, so that many at once are counted, too.

        How many seconds it is too early by, 0 = it may be made. Raises redis.RedisError.
        """
        with connection().pipeline() as pipeline:
            pipeline.incr(self._key)
            pipeline.expire(self._key, self.kept, nx=True)  # what is tried later lengthens nothing
            number, _kept = pipeline.execute()
        if number <= self.free:
            return 0
        wait = min(self.first * 2 ** min(number - self.free - 1, _DOUBLINGS), self.longest)
        if connection().set(self._gate, 1, nx=True, ex=wait):
            return 0
        self._uncount()
        return max(1, int(connection().ttl(self._gate)))

    def take_back(self) -> None:
        """The try did not fail, or was not made. Raises redis.RedisError."""
        self._uncount()
        connection().delete(self._gate)

    def forget(self) -> None:
        """Nothing has failed. Raises redis.RedisError."""
        connection().delete(self._key, self._gate)

    @property
    def _key(self) -> str:
        return f"bgpui:tries:{self.name}"

    @property
    def _gate(self) -> str:
        return f"{self._key}:wait"

    def _uncount(self) -> None:
        connection().decr(self._key)
