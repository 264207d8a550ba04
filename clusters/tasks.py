"""Celery tasks: edits to the cluster, what is in the cluster to the rows. They carry ids only and may run twice."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings

from clusters import clock, nudges
from clusters.alone import alone
from clusters.changesets.signals import changeset_applied
from clusters.excluding.work import exclusion_apply
from clusters.models import ChangeSet, Cluster, Exclusion
from clusters.registry import rows_of
from clusters.secret_looks import secrets_answer
from clusters.selectors import clusters_active, is_active, is_silent, silent_clusters
from clusters.services import clusters_left_close, clusters_sync_from_settings
from clusters.silent import edit_waits, set_waits, silent_look
from clusters.sync import outbox
from clusters.sync.apply import apply_pending
from clusters.sync.changesets.carry import apply_set
from clusters.sync.claim import Fate
from clusters.sync.findings import findings_write
from clusters.sync.relist import relist
from clusters.trials.watch import trials_watch

logger = logging.getLogger(__name__)
_APPLY_LIMIT = 100  # seconds; the lease runs out long before, so another worker can go on


@shared_task(time_limit=_APPLY_LIMIT)
def apply_resource(kind: str, pk: int) -> None:
    """Bring the newest edit of one row into the cluster."""
    cluster = Cluster.objects.filter(pk__in=rows_of(kind).filter(pk=pk).values("cluster_id")).first()
    if cluster is None or not is_active(cluster):
        return
    if is_silent(cluster):
        edit_waits(kind, pk, cluster)
        return
    if not (fates := apply_pending(kind, pk)):
        return
    # Rules look at all objects of a cluster: of many edits the last one to get through pays for that.
    if {Fate.IN_SYNC, Fate.GONE} & set(fates) and outbox.is_empty(cluster):
        findings_write(cluster)
    nudges.nudge("resources", cluster.name)


@shared_task(time_limit=_APPLY_LIMIT)
def apply_changeset(pk: int) -> None:
    """Bring a change set forward; one that needs more time than a task has goes on in the next."""
    change_set = ChangeSet.objects.select_related("cluster").filter(pk=pk).first()
    if change_set is None or not is_active(change_set.cluster):
        return
    if is_silent(change_set.cluster):
        set_waits(change_set)
        return
    if not apply_set(pk):
        return
    change_set.refresh_from_db()
    if change_set.open and change_set.retry_at is None:
        outbox.send_set(pk)
    elif not change_set.open and outbox.is_empty(change_set.cluster):
        findings_write(change_set.cluster)
    if change_set.state == ChangeSet.State.APPLIED:
        changeset_applied.send(ChangeSet, change_set=change_set)
    nudges.nudge("resources", change_set.cluster.name)


@shared_task(time_limit=_APPLY_LIMIT)
def exclude_node(pk: int) -> None:
    """Set the label that excludes a node from load balancing, or take it off."""
    row = Exclusion.objects.select_related("cluster").filter(pk=pk).first()
    if row is not None and is_active(row.cluster) and not is_silent(row.cluster) and exclusion_apply(pk):
        nudges.nudge("resources", row.cluster.name)


@shared_task
def sweep_outbox() -> None:
    """Enqueue every edit, every change set and every label of a node that is due and that nobody works on."""
    now = clock.now()
    # The first one that cannot be sent ends it: the broker is away.
    (
        all(outbox.send(kind, pk) for kind, pk in outbox.left_over(now))
        and all(outbox.send_set(pk) for pk in outbox.sets_left_over(now))
        and all(outbox.send_exclusion(pk) for pk in outbox.exclusions_left_over(now))
    )


@shared_task
def watch_trials() -> None:
    """Revert the changes on trial that nobody confirmed in time, or that lost what had to stay."""
    trials_watch()


@shared_task
def relist_clusters() -> None:
    """Let each cluster that is looked after be looked at."""
    clusters_sync_from_settings()
    clusters_left_close()
    silent = set(silent_clusters().values_list("pk", flat=True))
    active = list(clusters_active().values_list("pk", flat=True))
    for pk in active:
        if pk not in silent:
            relist_cluster.apply_async((pk,), expires=settings.BGPUI_RELIST_INTERVAL)
    if silent.intersection(active):
        relist_silent.apply_async((), expires=settings.BGPUI_RELIST_INTERVAL)


@shared_task(time_limit=110)
def relist_silent() -> None:
    """Look at the clusters that do not answer, all at once: they wait for each other, and nobody for them."""
    with alone("relist:silent") as free:
        for cluster in silent_look(clusters_active() & silent_clusters()) if free else ():
            nudges.nudge("resources", cluster.name)


@shared_task(time_limit=110)
def relist_cluster(cluster_id: int) -> None:
    """Look at one cluster and write what is new, unless the last look is still at it."""
    with alone(f"relist:{cluster_id}") as free:
        cluster = clusters_active().filter(pk=cluster_id).first() if free else None
        if cluster is not None and relist(cluster):
            nudges.nudge("resources", cluster.name)


@shared_task
def look_at_secrets(cluster_id: int, names: list[str], key: str) -> None:
    """Leave what may be known of these Secrets in Redis for the process that waits for it."""
    cluster = clusters_active().filter(pk=cluster_id).first()
    if cluster is not None:
        secrets_answer(cluster, names, key)
