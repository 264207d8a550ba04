"""Several edits as one change: accepted together, applied in order, taken back if one of them is refused."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from clusters import clock
from clusters.models.cluster import Cluster
from intent.findings import ObjectRef


class ChangeSet(models.Model):
    """One claim and one ordered task: the rows of its items are worked on by nobody else until it is settled."""

    OUTLIVES_CLUSTER: ClassVar[bool] = True

    class State(models.TextChoices):
        PENDING = "pending"
        APPLYING = "applying"
        APPLIED = "applied"
        ROLLING_BACK = "rolling_back", "rolling back"
        ROLLED_BACK = "rolled_back", "rolled back"
        FAILED_ROLLBACK = "failed_rollback", "not wholly rolled back"

    OPEN: ClassVar[tuple[str, ...]] = (State.PENDING, State.APPLYING, State.ROLLING_BACK)

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="change_sets")
    state = models.CharField(max_length=15, choices=State, default=State.PENDING)
    note = models.CharField(max_length=500, blank=True, help_text="What whoever made it says of it.")
    message = models.TextField(blank=True, help_text="Why it waits, or why it was rolled back; names the object.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=10)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    settled_at = models.DateTimeField(null=True)

    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0, help_text="Tries of the present item; resets with it.")
    retry_at = models.DateTimeField(null=True, help_text="Not before this; backs off while the cluster is away.")
    tried = models.PositiveIntegerField(default=0, help_text="Items that the API server was asked about so far.")

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["retry_at"],
                name="changeset_outbox",
                condition=models.Q(state__in=["pending", "applying", "rolling_back"]),
            ),
        ]

    def __str__(self) -> str:
        return f"change set {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("changeset", args=[self.pk])

    @property
    def open(self) -> bool:
        """Whether it has not got its outcome yet."""
        return self.state in self.OPEN


class ChangeSetItem(models.Model):
    """One object of a change set. before, after, left: manifests without secrets, None = no such object."""

    class Action(models.TextChoices):
        CREATE = "create"
        UPDATE = "update"
        DELETE = "delete"
        RECREATE = "recreate", "delete and recreate"

    class State(models.TextChoices):
        PENDING = "pending", "waiting"
        TRYING = "trying", "being applied"
        DELETED = "deleted", "deleted, to be made anew"
        APPLIED = "applied"
        REFUSED = "refused"
        CONFLICT = "conflict"
        SKIPPED = "skipped", "not applied"
        UNDOING = "undoing", "being rolled back"
        UNDONE = "undone", "rolled back"
        LEFT = "left", "not rolled back"

    change_set = models.ForeignKey(ChangeSet, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    api_version = models.CharField(max_length=100)
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64, blank=True, help_text="Of the object that was reviewed.")
    action = models.CharField(max_length=10, choices=Action)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    left = models.JSONField(null=True, help_text="The object as it was left, to see whether others changed it since.")
    stood = models.JSONField(null=True, help_text="The refused edit that the row held before, to be put back.")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    words = models.TextField(blank=True, help_text="The API server's or webhook's own words, or why it was left.")

    class Meta:
        ordering = ["change_set", "position"]
        constraints = [
            models.UniqueConstraint(fields=["change_set", "position"], name="changesetitem_position"),
            models.UniqueConstraint(
                fields=["change_set", "kind", "namespace", "name"], name="changesetitem_once_per_object"
            ),
        ]
        indexes = [models.Index(fields=["kind", "namespace", "name"], name="changesetitem_by_object")]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.namespace}/{self.name}"

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef(self.kind, self.namespace, self.name)
