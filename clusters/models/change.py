"""The audit trail: who changed which object, when, from where, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from clusters import clock
from clusters.models.changeset import ChangeSet
from clusters.models.cluster import Cluster
from intent.findings import ObjectRef


class Change(models.Model):
    """One accepted edit, or one change by others that was seen in the cluster. Append-only; never holds a secret."""

    OUTLIVES_CLUSTER: ClassVar[bool] = True

    class Action(models.TextChoices):
        CREATE = "create"
        UPDATE = "update"
        DELETE = "delete"

    class Source(models.TextChoices):
        BROWSER = "browser"
        API = "api"
        CLUSTER = "cluster"

    class DryRun(models.TextChoices):
        """What the API server said of it when it was tried, before it was accepted or applied."""

        NONE = "", "not tried"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        UNKNOWN = "unknown", "could not be asked"

    at = models.DateTimeField(default=clock.now, editable=False)
    cluster = models.ForeignKey(
        Cluster, null=True, on_delete=models.CASCADE, related_name="changes", help_text="Null = of bgpui itself."
    )
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    action = models.CharField(max_length=10, choices=Action)
    source = models.CharField(max_length=10, choices=Source)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    manager = models.CharField(max_length=253, blank=True, help_text="Field manager, for changes by others.")
    token = models.CharField(max_length=100, blank=True, help_text="Name of the API token; empty = none was used.")
    address = models.GenericIPAddressField(null=True, help_text="Of the client, if the settings say so.")
    message = models.CharField(max_length=500, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    revision = models.PositiveBigIntegerField(default=0, help_text="Revision of the row that this edit made.")
    accepted = models.JSONField(default=list, help_text="Codes of documented rules that were acknowledged.")
    overridden = models.JSONField(default=list, help_text="Codes of rules that an administrator overrode.")
    override_reason = models.CharField(max_length=500, blank=True, help_text="Why, in the administrator's words.")
    dry_run = models.CharField(max_length=10, choices=DryRun, blank=True)
    dry_run_message = models.CharField(max_length=500, blank=True, help_text="The API server's own words.")
    new_password = models.BooleanField(default=False, help_text="A new password was written with it, into a Secret.")
    change_set = models.ForeignKey(ChangeSet, null=True, on_delete=models.SET_NULL, related_name="changes")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["cluster", "kind", "namespace", "name", "-at"], name="change_by_object"),
            models.Index(fields=["-at", "-id"], name="change_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.namespace}/{self.name}"

    def get_absolute_url(self) -> str:
        return reverse("change", args=[self.pk])

    @property
    def of(self) -> Cluster:
        """The cluster that it was made in. Raises Cluster.DoesNotExist for one of bgpui itself."""
        if self.cluster is None:
            raise Cluster.DoesNotExist(f"change {self.pk} is of no cluster")
        return self.cluster

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef(self.kind, self.namespace, self.name)
