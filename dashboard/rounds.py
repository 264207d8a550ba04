"""Rounds of a sweep: what is counted over a whole cluster is counted once, when the last of its shards is through.

Kept in Redis; without it, or outside of a round, every shard is the last one. A shard that never ends costs a round.
"""

from __future__ import annotations

import redis

from clusters.nudges import connection

_TTL = 600  # seconds


def round_begin(cluster_id: int, shards: int) -> bool:
    """So many shards begin; whether the last round has left something to count."""
    try:
        with connection().pipeline() as pipeline:
            pipeline.set(_left(cluster_id), shards, ex=_TTL)
            pipeline.getdel(_changed(cluster_id))
            return pipeline.execute()[1] is not None
    except redis.RedisError:
        return False


def shard_over(cluster_id: int, *, changed: bool) -> bool:
    """A shard is through; whether it is now time to count: it was the last one, and one of them changed something."""
    try:
        with connection().pipeline() as pipeline:
            if changed:
                pipeline.set(_changed(cluster_id), 1, ex=_TTL)
            pipeline.decr(_left(cluster_id))
            if pipeline.execute()[-1] > 0:
                return False
        return connection().getdel(_changed(cluster_id)) is not None
    except redis.RedisError:
        return changed


def _left(cluster_id: int) -> str:
    return f"bgpui:round:{cluster_id}:left"


def _changed(cluster_id: int) -> str:
    return f"bgpui:round:{cluster_id}:changed"
