"""What MetalLB and frr-k8s report in objects of their own, and nmstate's policies; only ever read."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from clusters.models.services import Mirrored
from intent.kinds import READ_KINDS, Kind

_DOWN = ("Idle", "Connect", "Active", "OpenSent", "OpenConfirm")  # states of RFC 4271 before Established
BAD = ("Invalid", "failed", "Degraded", *_DOWN)
GOOD = ("Valid", "success", "Established", "Available")


class StatusObject(Mirrored):
    """One object of a kind of `intent.kinds.READ_KINDS`, without secrets; columns that its kind lacks are empty."""

    kind = models.CharField(max_length=63, choices=[(kind, kind) for kind in READ_KINDS])
    namespace = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    node = models.CharField(max_length=253, blank=True)
    service_namespace = models.CharField(max_length=63, blank=True)
    service_name = models.CharField(max_length=253, blank=True)
    peer = models.CharField(
        max_length=253, blank=True, help_text="Address of the router in canonical text, or interface."
    )
    vrf = models.CharField(max_length=63, blank=True, help_text='"default" for none.')
    result = models.CharField(max_length=63, blank=True, help_text="Valid, Invalid, success, failed, Established, ...")
    message = models.CharField(max_length=2000, blank=True, help_text="The reporter's own words about it.")
    body = models.JSONField(default=dict, help_text="The object without secrets and without what the server sets.")
    shortened = models.BooleanField(default=False, help_text="The object is larger than what is kept of it.")
    created_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(help_text="When it was first seen like this.")

    class Meta:
        ordering = ["kind", "namespace", "name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "kind", "namespace", "name"], name="status_once_per_object")
        ]
        indexes = [
            models.Index(fields=["kind", "node"], name="status_by_node"),
            models.Index(fields=["kind", "service_namespace", "service_name"], name="status_by_service"),
            models.Index(fields=["kind", "peer"], name="status_by_peer"),
            models.Index(fields=["kind", "result"], name="status_by_result"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def tone(self) -> str:
        """What the result means, for `state`: up, no or unknown; "" = there is none."""
        if not self.result:
            return ""
        return "no" if self.result in BAD else "up" if self.result in GOOD else "unknown"

    @property
    def description(self) -> Kind:
        """The kind's fields and words."""
        return READ_KINDS[self.kind]

    def get_absolute_url(self) -> str:
        return reverse(
            "status-object", args=[self.description.plural, self.cluster.name, self.namespace or "-", self.name]
        )
