"""Metrics of clusters: connection, event streams, edits, change sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count

from clusters.config_counts import WAITING, odd_objects
from clusters.models import ChangeSet, Cluster
from clusters.observing import interval_of
from clusters.watched import watching
from clusters.watching.term import watcher
from dashboard.metrics.families import Family, gauge, put


def clusters_told(clusters: list[Cluster]) -> Iterator[Family]:
    """Of each cluster that is looked after; no query beyond the one that read them with their credentials."""
    reachable = gauge("cluster_reachable", "Whether the last look at the cluster succeeded.", "cluster")
    contact = gauge("cluster_last_contact_timestamp_seconds", "When a look at the cluster last succeeded.", "cluster")
    labels = ("cluster", "mode", "metallb_version", "kubernetes_version")
    info = gauge("cluster_info", "Always 1; mode and versions are labels.", *labels)
    problems = gauge("cluster_problems", "Problems on the cluster's page: missing rights, kinds, speakers.", "cluster")
    expiry = gauge("cluster_credentials_expire_timestamp_seconds", "When stored credentials end.", "cluster")
    observing = gauge("cluster_observing", "Always 1; how sessions are observed is a label.", "cluster", "way")
    interval = gauge(
        "sweep_interval_seconds", "Between two questions to a speaker; none where none is asked.", "cluster"
    )
    for one in clusters:
        put(observing, [one.name, one.observing], 1)
        put(interval, [one.name], interval_of(one))
        put(reachable, [one.name], one.connected_at is not None and not one.error)
        put(contact, [one.name], one.connected_at)
        put(info, [one.name, one.mode, one.metallb_version, one.kubernetes_version], 1)
        put(problems, [one.name], len(one.problems))
        put(expiry, [one.name], one.credential.expires_at if hasattr(one, "credential") else None)
    return iter((reachable, contact, info, problems, expiry, observing, interval))


def watches_told(clusters: list[Cluster]) -> Iterator[Family]:
    """Of the event streams, from the same rows."""
    streams = gauge("watch_streams", "Event streams by state: live or not.", "cluster", "state")
    live = gauge(
        "watch_live", "Whether a watcher looks after the cluster's event streams and some are live.", "cluster"
    )
    heartbeat = gauge("watch_heartbeat_timestamp_seconds", "When the watcher last spoke of the cluster.", "cluster")
    event = gauge("watch_last_event_timestamp_seconds", "When the last event came in.", "cluster")
    lag = gauge("watch_event_lag_seconds", "From the arrival of the last event until the rows said so.", "cluster")
    for one in clusters:
        up = sum(bool(stream["live"]) for stream in one.streams)
        put(streams, [one.name, "live"], up)
        put(streams, [one.name, "not_live"], len(one.streams) - up)
        put(live, [one.name], watching(one) in ("live", "partly"))
        put(heartbeat, [one.name], one.watched_at)
        put(event, [one.name], one.event_at)
        put(lag, [one.name], one.event_lag)
    return iter((streams, live, heartbeat, event, lag))


def leader_told() -> Iterator[Family]:
    """Of the process that watches; one query."""
    heartbeat = gauge("watch_leader_heartbeat_timestamp_seconds", "When the process that watches last said so.")
    info = gauge("watch_leader_info", "Always 1; host and process that watches.", "holder")
    lease = watcher()
    if lease is not None and lease.holder:
        put(heartbeat, [], lease.beaten_at)
        put(info, [lease.holder], 1)
    return iter((heartbeat, info))


def edits_told(names: dict[int, str]) -> Iterator[Family]:
    """Edits that are not in force, and open change sets; two queries. names: of clusters, by id."""
    edits = gauge(
        "edits", "Objects whose edit is not in force: pending, rejected, conflict, deleting.", "cluster", "state"
    )
    found: Counter[tuple[int, str]] = Counter()
    for odd in odd_objects():
        found[odd.cluster_id, odd.state] += odd.number
    sets = gauge("changesets_open", "Change sets that have not got their outcome yet.", "cluster")
    opened = ChangeSet.objects.filter(cluster_id__in=names, state__in=ChangeSet.OPEN).order_by()
    by_cluster = dict(opened.values_list("cluster_id").annotate(number=Count("pk")))
    for pk, name in names.items():
        for state in WAITING:
            put(edits, [name, state], found[pk, state])
        put(sets, [name], by_cluster.get(pk, 0))
    return iter((edits, sets))
