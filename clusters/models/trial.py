"""A change on trial: it is reverted unless somebody confirms it in time."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from clusters.models.changeset import ChangeSet


class Trial(models.Model):
    """The trial of a change set, begun in the transaction that accepts it.

    It ends once, by a conditional UPDATE of `state`; a revert turns the change set around in the same transaction.
    """

    class State(models.TextChoices):
        RUNNING = "running", "on trial"
        KEPT = "kept", "kept"
        REVERTED = "reverted", "reverted"
        VOID = "void", "did not come into force"

    change_set = models.OneToOneField(ChangeSet, primary_key=True, on_delete=models.CASCADE, related_name="trial")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    window = models.PositiveIntegerField(help_text="Seconds in which it has to be confirmed once it is in force.")
    deadline = models.DateTimeField(help_text="By the database's clock; of the window that began last.")
    in_force_at = models.DateTimeField(null=True, help_text="When the last object was applied.")
    stays = models.JSONField(default=list, help_text="What has to stay, see clusters.trials.stays.")
    reason = models.CharField(max_length=500, blank=True, help_text="Why it ended; empty = it runs.")
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["deadline"], name="trial_running", condition=models.Q(state="running")),
        ]

    def __str__(self) -> str:
        return f"trial of change set {self.pk}"

    def get_absolute_url(self) -> str:
        return self.change_set.get_absolute_url()
