"""That an administrator took an object over from the tool that looks after it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from clusters.models.cluster import Cluster


class TakeOver(models.Model):
    """The newest take-over of an object; it counts for the object with this uid alone."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="take_overs")
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    owner = models.CharField(max_length=253, help_text="From whom, in words.")
    reason = models.CharField(max_length=500)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now=True)
    moved = models.BooleanField(default=False, help_text="Its fields belong to bgpui by now.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "kind", "namespace", "name"], name="takeover_once_per_object"),
        ]

    def __str__(self) -> str:
        return f"take-over of {self.kind} {self.namespace}/{self.name}"
