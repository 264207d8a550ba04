"""Clusters that do not answer in time: only looks at them find out whether they do again, everything else waits.

Else each of their edits and sweeps would hold a worker for as long as a request may take, and other clusters with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from django.db.models import F

from clusters import clock
from clusters.models import ChangeSet, Cluster
from clusters.registry import rows_of
from clusters.sync.relist import relist

_AT_ONCE = 32


def edit_waits(kind: str, pk: int, cluster: Cluster) -> None:
    """The edit of a row waits for a silent cluster, and says so."""
    waiting = rows_of(kind).filter(pk=pk).exclude(revision=F("applied_revision"))
    waiting.exclude(sync_message=cluster.error).update(sync_message=cluster.error, sync_at=clock.now())


def set_waits(change_set: ChangeSet) -> None:
    """The same of a change set."""
    waiting = ChangeSet.objects.filter(pk=change_set.pk, state__in=ChangeSet.OPEN, message="")
    waiting.update(message=change_set.cluster.error)


def silent_look(clusters: Iterable[Cluster]) -> list[Cluster]:
    """Look at all of these at the same time, since each may take long; those where something has changed."""
    found = list(clusters)
    if not found:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(found)), thread_name_prefix="silent") as pool:
        changed = list(pool.map(_look, found))
    return [cluster for cluster, new in zip(found, changed, strict=True) if new]


def _look(cluster: Cluster) -> bool:
    try:
        return relist(cluster)
    finally:
        connections.close_all()
