"""What bgpui connects with to a cluster that was added here, encrypted."""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import Cluster


class Credential(models.Model):
    """One context of a kubeconfig. What is not `sealed` may be shown."""

    class Kind(models.TextChoices):
        BEARER = "token", "token"
        CERTIFICATE = "certificate", "client certificate"

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="credential")
    sealed = models.TextField(help_text="Server, trust and credentials, encrypted with a key of the environment.")
    server = models.CharField(max_length=500)
    kind = models.CharField(max_length=12, choices=Kind)
    expires_at = models.DateTimeField(null=True, help_text="As the credential itself says; empty = it does not.")
    stored_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} for {self.server}"
