"""What is watched for."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse


class Severity(models.TextChoices):
    """How bad it is, worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Kind(models.TextChoices):
    """What a rule can watch for."""

    DOWN = "session-down", "session down"
    FLAPPING = "session-flapping", "session flapping"
    UNKNOWN = "session-unknown", "session state unknown"
    FEW = "few-established", "too few sessions established"
    STALE = "configuration-stale", "old configuration kept"
    CLUSTER = "cluster-unreachable", "cluster unreachable"
    NODE = "node-not-ready", "node not ready"
    MISSING = "prefix-missing", "prefix missing"
    EXTRA = "prefix-unintended", "prefix not intended"
    ATTRIBUTES = "attributes-differ", "attributes of a prefix differ"
    ORPHAN = "session-orphan", "session not intended"
    SETTINGS = "settings-differ", "settings of a neighbor differ"


class Rule(models.Model):
    """One condition, where it counts, and how bad it is."""

    class Per(models.TextChoices):
        PEER = "peer", "BGPPeer"
        VRF = "vrf", "VRF"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20, choices=Kind, help_text="What it watches for.")
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.WARNING)
    enabled = models.BooleanField(default=True)
    seconds = models.PositiveIntegerField(default=60, help_text="How long it has to last before it is an alarm.")
    number = models.PositiveIntegerField(
        default=1, help_text="Flapping: drops within the window. Too few: fewer than this are established."
    )
    window = models.PositiveIntegerField(default=900, help_text="Flapping: seconds in which drops are counted.")
    per = models.CharField(max_length=4, choices=Per, default=Per.PEER, help_text="Too few: of each of these.")
    clusters = models.JSONField(default=list, blank=True, help_text="Names, none = all; `edge-*` = all that begin so.")
    nodes = models.JSONField(default=list, blank=True, help_text="The same of nodes.")
    peers = models.JSONField(default=list, blank=True, help_text="The same of BGPPeers.")
    vrfs = models.JSONField(default=list, blank=True, help_text="The same of VRFs; `default` for none.")
    changed_at = models.DateTimeField(auto_now=True)
    error = models.CharField(
        max_length=300, blank=True, help_text="Why the last look could not look at it: its alarms stay; empty = it did."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("alarm-rule", args=[self.pk])

    @property
    def told(self) -> dict[str, Any]:
        """What it says, for the history."""
        names = ("kind", "severity", "enabled", "seconds", "number", "window", "per")
        return {name: getattr(self, name) for name in (*names, "clusters", "nodes", "peers", "vrfs")}
