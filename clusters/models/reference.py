"""Which objects name which others, so that "what uses this?" is one query."""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import Cluster
from intent.findings import ObjectRef


class Reference(models.Model):
    """A name in one object that means another, in what the cluster holds of it or in what it shall be."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="references")
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    field = models.CharField(max_length=200, help_text="Where the name stands: spec.peers[0].")
    to_kind = models.CharField(max_length=63)
    to_name = models.CharField(max_length=253, help_text="In MetalLB's namespace; of a Community, an alias.")
    resolved = models.BooleanField(null=True, help_text="Whether the cluster holds what is meant; None = not known.")

    class Meta:
        ordering = ["kind", "namespace", "name", "field"]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "kind", "namespace", "name", "field", "to_kind", "to_name"], name="reference_once"
            ),
        ]
        indexes = [models.Index(fields=["cluster", "to_kind", "to_name"], name="reference_by_target")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.field} = {self.to_kind} {self.to_name}"

    @property
    def ref(self) -> ObjectRef:
        """The object that holds the name."""
        return ObjectRef(self.kind, self.namespace, self.name)
