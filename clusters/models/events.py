"""What happened to nodes and to FRR on them, for the timeline beside the changes of sessions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from clusters.models.cluster import Cluster


class NodeEvent(models.Model):
    """One thing that was seen to have happened to a node. Append-only."""

    OUTLIVES_CLUSTER: ClassVar[bool] = True

    class Kind(models.TextChoices):
        ADDED = "node-added", "joined the cluster"
        REMOVED = "node-removed", "left the cluster"
        READY = "node-ready", "became ready"
        NOT_READY = "node-not-ready", "is not ready"
        CORDONED = "node-cordoned", "was cordoned"
        UNCORDONED = "node-uncordoned", "was uncordoned"
        NETWORK_LOST = "node-network-lost", "has no network, says its condition NetworkUnavailable"
        NETWORK_BACK = "node-network-back", "has its network back"
        LABELS = "node-labels", "has other labels"
        FRR_REPLACED = "frr-replaced", "runs FRR in another pod"
        FRR_GONE = "frr-gone", "has no pod with FRR any more"
        FRR_RESTARTED = "frr-restarted", "had containers of its FRR pod restarted"
        FRR_RELOADED = "frr-reloaded", "loaded another FRR configuration"
        FRR_REFUSED = "frr-refused", "could not load an FRR configuration"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="node_events")
    node = models.CharField(max_length=253)
    at = models.DateTimeField(help_text="When it was seen.")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.CharField(max_length=300, blank=True, help_text="What differs, in plain words.")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["cluster", "-at"], name="nodeevent_by_cluster")]

    def __str__(self) -> str:
        return f"{self.node} {self.get_kind_display()}"
