"""What is to be sent: the outbox."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from alarms.models.alarm import Alarm
from alarms.models.route import Route
from clusters.models import Cluster


class Notice(models.Model):
    """One message to one receiver about the alarms of a cluster, written with the decision to send it."""

    OUTLIVES_CLUSTER: ClassVar[bool] = True

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        DEAD = "dead", "given up"

    class Kind(models.TextChoices):
        NEWS = "news"
        REPEAT = "repeat"
        TEST = "test"

    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="The same in every try.")
    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="notices")
    cluster = models.ForeignKey(Cluster, null=True, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=6, choices=Kind)
    title = models.CharField(max_length=300)
    body = models.JSONField(help_text="The alarms as they were: firing and resolved.")
    alarms = models.ManyToManyField(Alarm, related_name="notices")
    created_at = models.DateTimeField()

    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(help_text="Not tried before then.")
    lease_until = models.DateTimeField(null=True, help_text="A worker has it until then.")
    fence = models.PositiveIntegerField(default=0, help_text="Only the newest claim may write the outcome.")
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, help_text="Why the last try failed.")

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["state", "next_at"], name="notice_by_state"),
            models.Index(fields=["route", "cluster", "state"], name="notice_by_group"),
        ]

    def __str__(self) -> str:
        return self.title
