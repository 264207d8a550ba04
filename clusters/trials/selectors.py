"""What is known of trials."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from clusters import clock
from clusters.models import ChangeSet, Cluster, Resource, Trial
from clusters.selectors import clusters_active

_RUNNING = Q(state=Trial.State.RUNNING)
_GOING = Q(state=Trial.State.REVERTED, change_set__state=ChangeSet.State.ROLLING_BACK)


def trials() -> QuerySet[Trial]:
    """All of them, newest first."""
    return Trial.objects.select_related("change_set__cluster", "change_set__actor", "ended_by").order_by("-pk")


def running() -> QuerySet[Trial]:
    """Those that run, of clusters that are looked after, the most urgent first."""
    rows = trials().filter(_RUNNING, change_set__cluster__in=clusters_active())
    return rows.order_by("deadline", "pk")


def under_way() -> QuerySet[Trial]:
    """Those that run or are being reverted; what has to stay is left out."""
    return trials().filter(_RUNNING | _GOING).defer("stays").order_by("deadline", "pk")


def with_trials(clusters: QuerySet[Cluster]) -> QuerySet[Any]:
    """The clusters with `on_trial`: whether a trial is under way there."""
    here = Trial.objects.filter(_RUNNING | _GOING, change_set__cluster=OuterRef("pk"))
    return clusters.annotate(on_trial=Exists(here))


def trial_of(row: Resource) -> Trial | None:
    """The trial under way that an object is part of."""
    same = {"kind": row.KIND.kind, "namespace": row.namespace, "name": row.name}
    items = {f"change_set__items__{name}": value for name, value in same.items()}
    return under_way().filter(change_set__cluster=row.cluster_id, **items).first()


def seconds_left(trial: Trial) -> int:
    """How long it still has."""
    return max(0, int((trial.deadline - clock.now()).total_seconds())) if trial.state == Trial.State.RUNNING else 0
