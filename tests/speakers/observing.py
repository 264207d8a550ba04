"""How a cluster is observed, and who is asked when, for tests in a lab in FRR-K8s mode."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clusters import clock
from clusters.doors import door_of
from clusters.models import Cluster
from clusters.sync import status
from speakers.models import Speaker
from tests.speakers.lab import Observer


def look(observer: Observer, *, live: bool = True) -> None:
    """What the watcher does at first: everything is read, and the streams are said to be live."""
    observer.cluster.refresh_from_db()
    for kind, room in status.status_needs(observer.cluster):
        status.status_look(observer.cluster, door_of(observer.cluster), kind, room)
    name = f"bgpsessionstates in {observer.cluster.frr_namespace}"
    streams = [{"name": name, "live": live, "readonly": True, "error": ""}]
    now = clock.now()
    Cluster.objects.filter(pk=observer.cluster.pk).update(streams=streams, watched_at=now, readonly_at=now)
    observer.cluster.refresh_from_db()


def choose(observer: Observer, way: str) -> None:
    """Choose how the cluster is observed."""
    Cluster.objects.filter(pk=observer.cluster.pk).update(observe=way)
    observer.cluster.refresh_from_db()


def a_minute_passes() -> None:
    """Every node was asked longer ago than that, as far as bgpui knows."""
    ago = clock.now() - timedelta(seconds=61)
    Speaker.objects.update(asked_at=ago)
    Speaker.objects.filter(retry_at__isnull=False).update(retry_at=ago)


def asked(observer: Observer) -> dict[str, Any]:
    """When each node was asked last."""
    return dict(Speaker.objects.filter(cluster=observer.cluster).values_list("node", "asked_at"))
