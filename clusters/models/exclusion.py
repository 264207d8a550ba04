"""That a node is excluded from load balancing, or no longer, by a label that bgpui sets or takes off."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from clusters.models.cluster import Cluster


class Exclusion(models.Model):
    """What was last asked for of a node: its label, there or not, and how far a worker has got with it.

    The row is the outbox: a worker carries out the newest revision, and repeating that changes nothing.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="exclusions")
    node = models.CharField(max_length=253)
    uid = models.CharField(max_length=64, help_text="Of the node that was looked at; another one is left alone.")
    wanted = models.BooleanField(help_text="The label shall be there.")
    revision = models.PositiveBigIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    message = models.CharField(max_length=500, blank=True, help_text="Why it has not got there; empty = it has.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, help_text="When the API server accepted it.")
    attempts = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, help_text="Not before then.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "node"], name="exclusion_once_per_node")]

    def __str__(self) -> str:
        return f"{self.node}: {'excluded' if self.wanted else 'not excluded'}"
