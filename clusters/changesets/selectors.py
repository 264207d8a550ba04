"""What is known of change sets."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from clusters.models import ChangeSet


def changesets() -> QuerySet[ChangeSet]:
    """All of them, newest first, with cluster, actor, trial and the number of their objects."""
    rows = ChangeSet.objects.select_related("cluster", "actor", "trial").defer("trial__stays")
    return rows.annotate(size=Count("items")).order_by("-pk")
