"""What a cluster is held against: manifests that were pinned for it, and how each of its objects differs from them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from clusters.models.cluster import Cluster
from intent.findings import ObjectRef


class Baseline(models.Model):
    """The pinned baseline of a cluster."""

    class Source(models.TextChoices):
        MANIFESTS = "manifests"
        MOMENT = "moment"

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="baseline")
    source = models.CharField(max_length=10, choices=Source)
    moment = models.DateTimeField(null=True, help_text="In the history; null = it comes from manifests.")
    note = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    pinned_at = models.DateTimeField(auto_now_add=True)
    drifted = models.PositiveIntegerField(default=0, help_text="Objects that differ.")

    def __str__(self) -> str:
        return f"baseline of {self.cluster_id}"

    def get_absolute_url(self) -> str:
        return reverse("baseline", args=[self.cluster.name])


class BaselineObject(models.Model):
    """An object of the baseline, or one that the cluster has besides (manifest None). Never holds a secret."""

    class State(models.TextChoices):
        EQUAL = "", "equal"
        MISSING = "missing"
        EXTRA = "extra"
        CHANGED = "changed"

    baseline = models.ForeignKey(Baseline, on_delete=models.CASCADE, related_name="objects_pinned")
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    manifest = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=State, blank=True)
    diff = models.JSONField(default=list, help_text="The fields that differ: path, before = pinned, after = there.")

    class Meta:
        ordering = ["kind", "namespace", "name"]
        constraints = [
            models.UniqueConstraint(fields=["baseline", "kind", "namespace", "name"], name="baselineobject_once"),
        ]
        indexes = [models.Index(fields=["baseline", "state", "kind"], name="baselineobject_by_state")]

    def __str__(self) -> str:
        return f"{self.state or 'equal'} {self.kind} {self.namespace}/{self.name}"

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef(self.kind, self.namespace, self.name)
