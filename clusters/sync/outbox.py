"""The row is the outbox; a task is only a nudge to look at it. What no task picks up, beat finds."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from clusters.models import ChangeSet, Cluster, Exclusion, Resource
from clusters.registry import resource_models
from clusters.selectors import clusters_active, silent_clusters
from clusters.sync.held import free_rows

logger = logging.getLogger(__name__)
_APPLY = "clusters.tasks.apply_resource"
_APPLY_SET = "clusters.tasks.apply_changeset"
_EXCLUDE = "clusters.tasks.exclude_node"
_EXPIRES = 30.0  # seconds; older nudges are worth nothing, beat gives new ones


def enqueue(row: Resource) -> None:
    """Let a worker look at the row as soon as the transaction is committed."""
    transaction.on_commit(partial(send, row.KIND.kind, row.pk))


def enqueue_set(change_set: ChangeSet) -> None:
    """The same for a change set."""
    transaction.on_commit(partial(send_set, change_set.pk))


def enqueue_exclusion(row: Exclusion) -> None:
    """The same for a node's label."""
    transaction.on_commit(partial(send_exclusion, row.pk))


def send(kind: str, pk: int) -> bool:
    """Send the task; False if the broker is away, which costs time and nothing else."""
    return _send(_APPLY, kind, pk)


def send_set(pk: int) -> bool:
    """The same for a change set."""
    return _send(_APPLY_SET, pk)


def send_exclusion(pk: int) -> bool:
    """The same for a node's label."""
    return _send(_EXCLUDE, pk)


def _send(task: str, *args: str | int) -> bool:
    try:
        current_app.send_task(task, args=args, expires=_EXPIRES, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("cannot enqueue %s %s, the next sweep of the outbox will: %s", task, args, error)
        return False
    return True


def is_empty(cluster: Cluster) -> bool:
    """Whether every edit of a cluster is through, but for those that wait for better times."""
    waiting = Q(cluster=cluster, retry_at=None) & ~Q(revision=F("applied_revision"))
    return not any(free_rows(kind).filter(waiting).exists() for kind in resource_models())


def _timely(now: datetime) -> Q:
    due = Q(retry_at=None) | Q(retry_at__lte=now)
    return due & Q(cluster__in=clusters_active()) & ~Q(cluster__in=silent_clusters())


def _due(now: datetime) -> Q:
    return _timely(now) & (Q(lease_until=None) | Q(lease_until__lt=now))


def left_over(now: datetime, limit: int = 500) -> list[tuple[str, int]]:
    """Pending rows of active clusters whose time has come and that no worker or change set holds, oldest first."""
    found = []
    for kind in resource_models():
        rows = free_rows(kind).exclude(revision=F("applied_revision")).filter(_due(now))
        found += [(kind, pk) for pk in rows.order_by("updated_at").values_list("pk", flat=True)[:limit]]
    return found


def sets_left_over(now: datetime, limit: int = 100) -> list[int]:
    """Open change sets of active clusters whose time has come and that no worker holds, oldest first."""
    rows = ChangeSet.objects.filter(_due(now), state__in=ChangeSet.OPEN).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def exclusions_left_over(now: datetime, limit: int = 500) -> list[int]:
    """Labels of nodes of active clusters that are to be set or taken off and whose time has come, oldest first."""
    rows = Exclusion.objects.filter(_timely(now), state=Exclusion.State.PENDING).order_by("asked_at")
    return list(rows.values_list("pk", flat=True)[:limit])
