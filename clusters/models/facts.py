"""Facts about a cluster that rules and pages need: nodes, and what is known of Secrets (never their values)."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from clusters.models.cluster import Cluster
from clusters.models.services import Mirrored


class Node(Mirrored):
    """A Kubernetes Node as last listed."""

    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    labels = models.JSONField(default=dict)
    zone = models.CharField(max_length=63, blank=True, help_text="Value of the label that BGPUI_ZONE_LABEL names.")
    zone_print = models.BigIntegerField(default=0, help_text="Of name and zone: another sum tells that a node moved.")
    addresses = models.JSONField(default=list, help_text="InternalIP and ExternalIP addresses.")
    subnets = models.JSONField(default=list, help_text="Networks that it is connected to; empty = not known.")
    ready = models.BooleanField(default=True)
    unschedulable = models.BooleanField(default=False)
    network_unavailable = models.BooleanField(default=False, help_text="The condition NetworkUnavailable is true.")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["cluster", "name"], name="node_once_per_cluster")]
        indexes = [
            models.Index(fields=["cluster", "zone_print"], name="node_by_zone_print"),
            models.Index(fields=["cluster", "digest_print", "id"], name="node_by_print"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("node", args=[self.cluster.name, self.name])


class SecretFact(models.Model):
    """What is known of a Secret that a BGPPeer refers to, or could; values are never kept."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="secret_facts")
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    exists = models.BooleanField(default=False)
    type = models.CharField(max_length=253, blank=True, help_text="kubernetes.io/basic-auth is the right one.")
    has_password = models.BooleanField(default=False, help_text="The key `password` is there.")
    length_ok = models.BooleanField(default=False, help_text="1 to 80 bytes, as FRR accepts.")
    trailing_newline = models.BooleanField(default=False, help_text="A newline would become part of the key.")
    readable = models.BooleanField(default=True, help_text="False = we may not look; nothing else is known then.")
    listed = models.BooleanField(default=False, help_text="It is among the basic-auth Secrets that were listed.")
    managed_by = models.CharField(max_length=253, blank=True, help_text="The tool that looks after it.")
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "namespace", "name"], name="secretfact_once_per_secret")
        ]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
