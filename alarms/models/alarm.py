"""What was found."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from alarms.models.rule import Kind, Rule, Severity
from clusters.models import Cluster

VRF = 63  # characters of its name, as sessions have it


class Alarm(models.Model):
    """One cause for which a rule holds in a cluster, from its beginning to its end."""

    OUTLIVES_CLUSTER: ClassVar[bool] = True  # the next look ends it, and whoever heard of it is told

    class State(models.TextChoices):
        PENDING = "pending"  # not for long enough yet
        FIRING = "firing"
        RESOLVED = "resolved"
        PASSED = "passed"  # over before it fired

    OPEN = (State.PENDING, State.FIRING)

    rule = models.ForeignKey(Rule, null=True, on_delete=models.SET_NULL, related_name="alarms")
    rule_name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind)
    severity = models.CharField(max_length=10, choices=Severity)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="alarms")
    key = models.CharField(max_length=200, help_text="What tells causes of a rule in a cluster apart.")
    state = models.CharField(max_length=10, choices=State)

    cause_kind = models.CharField(
        max_length=15,
        help_text="What is to blame, or shared: router, node, vrf, peer, speaker, configuration, cluster.",
    )
    title = models.CharField(max_length=300)
    cause = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=40, blank=True, help_text="Code of the cause, see speakers.frr.reasons.")
    vrf = models.CharField(max_length=VRF, blank=True, help_text="Empty = several, or none.")
    neighbor = models.CharField(max_length=100, blank=True)
    peer = models.CharField(max_length=253, blank=True, help_text="Name of the BGPPeer.")
    nodes = models.JSONField(default=list, help_text="Their names, at most 5,000.")
    number_of_nodes = models.PositiveIntegerField(default=0)
    sessions = models.PositiveIntegerField(default=0, help_text="How many it is about now.")
    known = models.PositiveIntegerField(
        null=True, help_text="The size over which it has grown: what is not seen for now does not make it less."
    )
    worst = models.PositiveIntegerField(default=0, help_text="The most that it was about; without sessions, nodes.")
    evidence = models.JSONField(default=list, help_text="Pairs of words that say so.")

    began_at = models.DateTimeField(help_text="Since when it is so.")
    began_before = models.BooleanField(default=False, help_text="Some of it was so before, when nobody looked.")
    grown_at = models.DateTimeField(null=True, help_text="When a look last found more, or other nodes, than before.")
    fired_at = models.DateTimeField(null=True, help_text="When it had lasted for long enough.")
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=200, blank=True, help_text="How it ended.")
    blind = models.BooleanField(
        default=False, help_text="Nobody knows whether it is still so: speakers are silent, or its rule has an error."
    )

    inhibited_by = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="explained", help_text="It follows from this one."
    )

    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    acknowledgement = models.CharField(max_length=300, blank=True, help_text="What was said with it.")

    class Meta:
        ordering = ["-began_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "cluster", "key"],
                condition=Q(state__in=["pending", "firing"]),
                name="alarm_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-fired_at"], name="alarm_by_state"),
            models.Index(fields=["resolved_at"], name="alarm_by_end"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("alarm", args=[self.pk])

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """What matchers compare with, by name."""
        return {**self.labels_but_nodes, "node": tuple(self.nodes)}

    @property
    def labels_but_nodes(self) -> dict[str, tuple[str, ...]]:
        """The same of a row whose nodes were not read."""
        found = {name: (getattr(self, name),) for name in ("severity", "kind", "vrf", "peer", "neighbor")}
        return {"rule": (self.rule_name,), "cluster": (self.cluster.name,), **found}

    @property
    def since(self) -> datetime:
        """The same as every row of what lasts has it."""
        return self.began_at

    @property
    def looked_after(self) -> bool:
        """Whether it is acknowledged as it is: what was added since then nobody has seen."""
        return self.acknowledged_at is not None and not self.grew(self.acknowledged_at)

    def grew(self, since: datetime) -> bool:
        """Whether something was added to it since then."""
        return self.grown_at is not None and self.grown_at > since

    @property
    def knows_its_nodes(self) -> bool:
        """Whether `nodes` names them all."""
        return len(self.nodes) >= self.number_of_nodes

    @property
    def size(self) -> int:
        """Sessions that it is about; without sessions, nodes."""
        return self.sessions or self.number_of_nodes
