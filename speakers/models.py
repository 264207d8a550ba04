"""What FRR said: one row a node that runs FRR, one a session, one a change of state."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse

from clusters.models import Cluster
from speakers.comparison.models import Comparison, PrefixDifference

__all__ = [
    "Comparison", "CounterDay", "Gap", "PrefixDifference", "Session", "Speaker", "Sweep", "Transition",
    "TransitionTotal",
]  # fmt: skip


class Speaker(models.Model):
    """The FRR of one node. The age of all its sessions is the age of `observed_at`."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="speakers")
    node = models.CharField(max_length=253)
    namespace = models.CharField(max_length=63, blank=True)
    pod = models.CharField(max_length=253, blank=True, help_text="Empty = no pod with FRR on this node.")
    pod_uid = models.CharField(max_length=64, blank=True)
    container = models.CharField(max_length=63, default="frr")
    image = models.CharField(max_length=300, blank=True)
    ready = models.CharField(max_length=10, blank=True, help_text="Ready containers, '4/4'.")
    phase = models.CharField(max_length=20, blank=True)
    restarts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    frr_version = models.CharField(max_length=40, blank=True)

    class Source(models.TextChoices):
        """Who was heard."""

        VTYSH = "vtysh"
        STATUS = "status"  # frr-k8s, in BGPSessionStates
        METRICS = "metrics"  # the speaker of native mode

    observed_at = models.DateTimeField(null=True, help_text="When FRR was last asked and answered in full.")
    source = models.CharField(max_length=10, choices=Source, default=Source.VTYSH, help_text="Who was heard then.")
    asked_at = models.DateTimeField(null=True, help_text="When a command was last run there.")
    every = models.PositiveIntegerField(default=0, help_text="Seconds between two answers; 0 = each sweep has one.")
    attempted_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True, help_text="Wall time of the last exec.")
    misses = models.PositiveIntegerField(default=0, help_text="Failed attempts since `observed_at`.")
    retry_at = models.DateTimeField(null=True, help_text="Backed off until then.")
    error = models.CharField(max_length=500, blank=True, help_text="Why the last attempt failed; empty = it did not.")
    revision = models.PositiveBigIntegerField(default=0, help_text="Grows whenever a session of it is written.")

    class Meta:
        ordering = ["cluster__name", "node"]
        constraints = [models.UniqueConstraint(fields=["cluster", "node"], name="speaker_once_per_node")]

    def __str__(self) -> str:
        return self.node

    @property
    def quiet(self) -> bool:
        """Whether it is asked rarely."""
        return bool(self.every) and self.source == self.Source.VTYSH


class Session(models.Model):
    """A BGP session of a node: what FRR last said of it, and whether it is intended. Written only when that changes."""

    class State(models.TextChoices):
        """`bgpState` of FRR (RFC 4271, section 8.2.2), and two words of our own."""

        IDLE = "Idle"
        CONNECT = "Connect"
        ACTIVE = "Active"
        OPEN_SENT = "OpenSent"
        OPEN_CONFIRM = "OpenConfirm"
        ESTABLISHED = "Established"
        CLEARING = "Clearing"
        DELETED = "Deleted"
        ABSENT = "Absent"  # intended, but FRR has no such neighbor
        UNKNOWN = "Unknown"  # intended, and never observed

    speaker = models.ForeignKey(Speaker, on_delete=models.CASCADE, related_name="sessions")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="sessions")
    node = models.CharField(max_length=253)
    vrf = models.CharField(max_length=63, default="default")
    neighbor = models.CharField(max_length=100, help_text="Address in canonical text, or interface (unnumbered).")
    peer = models.CharField(max_length=253, blank=True, help_text="Name of the BGPPeer; empty = none intends it.")
    intended = models.BooleanField(default=False)

    state = models.CharField(max_length=20, choices=State, default=State.UNKNOWN)
    degraded = models.CharField(max_length=200, blank=True, help_text="Why an Established session is not whole.")
    since = models.DateTimeField(help_text="When `state` was first seen, or FRR's time of establishment or last reset.")
    began_before = models.BooleanField(
        default=False, help_text="It was in that state before `since`; nobody looked when that began."
    )
    reason = models.CharField(max_length=40, blank=True, help_text="Code of the cause, see speakers.frr.reasons.")
    cause = models.CharField(max_length=300, blank=True, help_text="The cause in plain words.")
    evidence = models.JSONField(default=dict, help_text="FRR's own fields that say so.")

    remote_as = models.BigIntegerField(null=True)
    local_as = models.BigIntegerField(null=True)
    remote_router_id = models.CharField(max_length=50, blank=True)
    local_router_id = models.CharField(max_length=50, blank=True)
    link = models.CharField(
        max_length=20, blank=True, help_text="internal, external, or either within a confederation."
    )
    bgp_version = models.PositiveSmallIntegerField(null=True)
    hostname = models.CharField(max_length=253, blank=True)
    established_at = models.DateTimeField(null=True)
    hold_time = models.PositiveIntegerField(null=True, help_text="Negotiated, seconds.")
    keepalive_time = models.PositiveIntegerField(null=True, help_text="Negotiated, seconds.")
    families = models.JSONField(default=list, help_text="Address families active on this side, ['ipv4Unicast'].")
    bfd = models.CharField(max_length=20, blank=True, help_text="Status of BFD as BGP sees it; empty = no BFD.")
    prefixes_sent = models.PositiveIntegerField(null=True)
    prefixes_received = models.PositiveIntegerField(null=True)
    differs = models.CharField(
        max_length=500, blank=True, help_text="Settings in FRR that are not those of the BGPPeer; empty = none."
    )
    differs_since = models.DateTimeField(null=True)
    connections_established = models.PositiveIntegerField(default=0)
    connections_dropped = models.PositiveIntegerField(default=0)
    whole = models.GeneratedField(  # the few others are found without a look at all sessions
        expression=models.Case(
            models.When(state=State.ESTABLISHED, degraded="", differs="", intended=True, then=True), default=False
        ),
        output_field=models.BooleanField(),
        db_persist=True,
        help_text="Intended, Established, and as it should be; the prefixes and the age of the answer do not count.",
    )

    class Meta:
        ordering = ["cluster__name", "node", "vrf", "neighbor"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "node", "vrf", "neighbor"], name="session_once_per_node_vrf"),
        ]
        indexes = [
            models.Index(fields=["cluster", "state"], name="session_by_state"),
            models.Index(fields=["cluster", "peer"], name="session_by_peer"),
            models.Index(fields=["cluster", "vrf", "neighbor"], name="session_by_neighbor"),
            models.Index(fields=["whole"], name="session_by_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.vrf} {self.neighbor}"

    def get_absolute_url(self) -> str:
        return reverse("session", args=[self.pk])


class Transition(models.Model):
    """One change of a session's state, as observed."""

    OUTLIVES_CLUSTER: ClassVar[bool] = True

    session = models.ForeignKey(Session, null=True, on_delete=models.SET_NULL, related_name="transitions")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="transitions")
    node = models.CharField(max_length=253)
    vrf = models.CharField(max_length=63)
    neighbor = models.CharField(max_length=100)
    peer = models.CharField(max_length=253, blank=True)
    at = models.DateTimeField(help_text="Time of the observation that showed it.")
    old_state = models.CharField(max_length=20, blank=True, help_text="Empty = first seen.")
    new_state = models.CharField(max_length=20, blank=True, help_text="Empty = gone from FRR and not intended.")
    reason = models.CharField(max_length=40, blank=True)
    cause = models.CharField(max_length=300, blank=True)
    evidence = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["session", "-at"], name="transition_by_session"),
            models.Index(fields=["cluster", "-at"], name="transition_by_cluster"),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.vrf} {self.neighbor}: {self.old_state} to {self.new_state}"

    @property
    def words(self) -> str:
        """The change for people; within a state only its reason is another one, or it was lost between two looks."""
        if self.old_state != self.new_state:
            return f"{self.old_state or 'first seen'} → {self.new_state or 'gone'}"
        return f"still {self.new_state}{', lost and back in between' if self.lost_between else ''}"

    @property
    def lost_between(self) -> bool:
        """Whether it was lost and came back between two looks."""
        return self.old_state == self.new_state == Session.State.ESTABLISHED and "connectionsDropped" in self.evidence


class Gap(models.Model):
    """A time in which nobody heard the FRR of a node: from its last answer before to its first one after."""

    OUTLIVES_CLUSTER: ClassVar[bool] = True

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="gaps")
    node = models.CharField(max_length=253)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        ordering = ["-ended_at", "-pk"]
        indexes = [models.Index(fields=["cluster", "node", "-ended_at"], name="gap_by_node")]

    def __str__(self) -> str:
        return f"{self.node}: nothing heard from {self.began_at} to {self.ended_at}"


class CounterDay(models.Model):
    """What the FRR of a node counted within a day (UTC), a point in five minutes: see speakers.counters."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="counter_days")
    node = models.CharField(max_length=253, blank=True, help_text="Empty = sums over all nodes, by VRF and BGPPeer.")
    day = models.DateField()
    slot = models.PositiveSmallIntegerField(default=0, help_text="Number of the last five minutes that have a point.")
    points = models.BinaryField(help_text="As speakers.counters.packing packs them.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "node", "day"], name="counter_day_once")]
        indexes = [models.Index(fields=["day"], name="counter_by_day")]

    def __str__(self) -> str:
        return f"{self.node or 'all nodes'}, {self.day}"


class TransitionTotal(models.Model):
    """How many transitions there ever were, whatever the history still has."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="transition_totals")
    vrf = models.CharField(max_length=63)
    state = models.CharField(max_length=20, blank=True, help_text="The new one; empty = gone.")
    total = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "vrf", "state"], name="transition_total_once")]

    def __str__(self) -> str:
        return f"{self.vrf} {self.state}: {self.total}"


class Sweep(models.Model):
    """The last sweep of one shard of a cluster's nodes, and how many there ever were."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="sweeps")
    shard = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="Empty = none has come to its end yet.")
    nodes = models.PositiveIntegerField(default=0)
    unanswered = models.PositiveIntegerField(default=0, help_text="Of these nodes.")
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0, help_text="Sweeps for which the cluster did not answer.")
    unanswered_total = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "shard"], name="sweep_once_per_shard")]

    def __str__(self) -> str:
        return f"shard {self.shard} of {self.cluster_id}"
