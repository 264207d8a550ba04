"""Where notices go."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import models
from django.urls import reverse

from alarms.matchers import Matcher, matchers_of
from alarms.models.alarm import Alarm

RESENT = 60  # seconds after which an Alertmanager is told again what fires
STALE = timedelta(seconds=5 * RESENT)  # it takes for over what it has not heard of until then


class Waits(NamedTuple):
    """In seconds: before the first notice of a group, between its notices, until one is repeated (0 = never)."""

    first: int
    between: int
    repeat: int


class Route(models.Model):
    """A receiver, and which alarms it is told of."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook"
        EMAIL = "email", "e-mail"
        SLACK = "slack", "Slack or compatible"
        ALERTMANAGER = "alertmanager", "Alertmanager"
        HEARTBEAT = "heartbeat"  # is hit after each sweep, so that somebody notices when sweeps stop

    uid = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    enabled = models.BooleanField(default=True)
    matchers = models.JSONField(default=list, blank=True, help_text="All must match; none = all alarms.")
    group_wait = models.PositiveIntegerField(
        default=30, help_text="Seconds before the first notice of a cluster, so that others can join it."
    )
    group_interval = models.PositiveIntegerField(
        default=300, help_text="Seconds between notices of a cluster; of a heartbeat, the least between two."
    )
    repeat_interval = models.PositiveIntegerField(
        default=4 * 3600, help_text="Seconds until what still fires is told again; 0 = never."
    )
    recovery = models.BooleanField(default=True, help_text="The end of an alarm is told, too.")
    recipients = models.JSONField(default=list, blank=True, help_text="Addresses, of e-mail.")
    target = models.CharField(max_length=300, blank=True, help_text="As much of the address as may be shown.")
    sealed = models.TextField(blank=True, help_text="Address, key and token, encrypted with a key of the environment.")

    beaten_at = models.DateTimeField(null=True, help_text="Of a heartbeat: the sweep that it was hit for.")
    failed_at = models.DateTimeField(null=True, help_text="When the last try failed; null = it did not.")
    error = models.CharField(max_length=300, blank=True, help_text="Why.")
    sent_total = models.PositiveBigIntegerField(default=0)
    failed_total = models.PositiveBigIntegerField(default=0, help_text="Tries that failed.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("alarm-route", args=[self.pk])

    @property
    def all_matchers(self) -> tuple[Matcher, ...]:
        """The matchers as such."""
        return matchers_of(self.matchers)

    @property
    def waits(self) -> Waits:
        """How notices are spread; an Alertmanager groups them itself, and forgets what it is not told again."""
        if self.kind == self.Kind.ALERTMANAGER:
            return Waits(0, 0, RESENT)
        return Waits(self.group_wait, self.group_interval, self.repeat_interval)

    @property
    def told(self) -> dict[str, Any]:
        """What it says, for the history, without secrets."""
        names = (
            "kind", "enabled", "matchers", "group_wait", "group_interval", "repeat_interval", "recovery", "recipients",
            "target",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


class Told(models.Model):
    """A receiver knows of an alarm, as it was at that time."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="told_of")
    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="told_to")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["route", "alarm"], name="told_once")]

    def __str__(self) -> str:
        return f"{self.route_id} of {self.alarm_id}"
