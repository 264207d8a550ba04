"""What is known of change sets."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from clusters.models import ChangeSet


def changesets() -> QuerySet[ChangeSet]:
    """All of them, newest first, with cluster, actor and the number of their objects."""
    return ChangeSet.objects.select_related("cluster", "actor").annotate(size=Count("items")).order_by("-pk")
