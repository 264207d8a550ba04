"""What is left of a cluster that was removed: its history, and nothing else."""

from __future__ import annotations

from django.db.models import QuerySet

from clusters.models import Cluster
from clusters.retention import expire


def rows_clear(cluster: Cluster) -> int:
    """Delete every row of the cluster but those of models that say `OUTLIVES_CLUSTER`; returns how many."""
    related = (relation.related_model for relation in Cluster._meta.related_objects)  # noqa: SLF001  # Django's name
    models = [model for model in related if not getattr(model, "OUTLIVES_CLUSTER", False)]
    return sum(expire(model._default_manager.filter(cluster=cluster)) for model in models)  # noqa: SLF001


def removed_clear() -> int:
    """The same for all that were removed: a sweep that was at it may have written once more."""
    removed: QuerySet[Cluster] = Cluster.objects.exclude(removed_at=None)
    return sum(rows_clear(cluster) for cluster in removed)
