"""Whether the event streams of a cluster are looked after, from what the watcher last wrote."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from clusters import clock
from clusters.models import Cluster

HEARTBEAT = 3.0  # seconds between two words of the watcher
_DEAD_AFTER = timedelta(seconds=15)
QUICK = 1.0  # seconds; a look at what is only read that takes less is part of every look at the cluster
_NET = 60.0  # seconds between two looks at what event streams bring anyway
_SHARE = 10  # of the time at most one tenth goes into looks that take longer


def watching(cluster: Cluster) -> str:
    """live, partly (some are missing), silent (the API server hangs), lost (nobody watches any more) or never."""
    if cluster.watched_at is None:
        return "never"
    silent = cluster.silent_since  # connections to an API server that hangs stay open
    if silent is not None and (cluster.event_at is None or cluster.event_at < silent):
        return "silent"
    if clock.now() - cluster.watched_at > _DEAD_AFTER or not any(stream["live"] for stream in cluster.streams):
        return "lost"
    return "live" if all(stream["live"] for stream in cluster.streams) else "partly"


def reading_is_watched(cluster: Cluster) -> bool:
    """Whether all that is only read comes by event streams, so that looks at it may be rare."""
    streams = [stream["live"] for stream in cluster.streams if stream["readonly"]]
    return watching(cluster) in ("live", "partly") and bool(streams) and all(streams)


def reading_pause(cluster: Cluster) -> float:
    """Seconds that have to lie between two looks at what is only read; the longer one takes, the rarer they are."""
    pause = _SHARE * cluster.readonly_took if cluster.readonly_took > QUICK else 0.0
    return max(pause, _NET) if reading_is_watched(cluster) else pause


def reading_interval(cluster: Cluster) -> float:
    """Seconds from one such look to when the next one is done, as long as they go on as the last one did."""
    return reading_pause(cluster) + settings.BGPUI_RELIST_INTERVAL + cluster.readonly_took
