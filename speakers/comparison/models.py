"""How what a session tells compares with what it is meant to tell; rows are written by the look, not by the sweep."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from clusters.models import Cluster
from speakers.comparison.prefixes import Kind

STALE = 3  # intervals after which nobody relies on a comparison


class Comparison(models.Model):
    """The last look at the prefixes of one session. Its age is that of `compared_at`; None = never looked at."""

    session = models.OneToOneField(
        "speakers.Session", on_delete=models.CASCADE, primary_key=True, related_name="comparison"
    )
    compared_at = models.DateTimeField(null=True)
    attempted_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, help_text="Why the last look said nothing; empty = it did.")
    digest = models.CharField(max_length=32, blank=True, help_text="Of what was meant then.")
    sent = models.PositiveIntegerField(null=True, help_text="FRR's counter of prefixes when it was looked at.")
    meant = models.PositiveIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    extra = models.PositiveIntegerField(default=0)
    attributes = models.PositiveIntegerField(default=0, help_text="Told with attributes that are not meant.")

    class Meta:
        ordering = ["session"]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.as_meant} of {self.meant}"

    def late(self, now: datetime) -> bool:
        """Whether it is too old to be relied on, or of before the session came up."""
        most = timedelta(seconds=STALE * settings.BGPUI_COMPARE_INTERVAL)
        return self.compared_at is None or self.compared_at < max(now - most, self.session.since)

    @property
    def as_meant(self) -> int:
        """Prefixes that are told as they are meant."""
        return self.meant - self.missing - self.attributes

    @property
    def differences(self) -> int:
        """Prefixes that are not as they are meant to be."""
        return self.missing + self.extra + self.attributes


class PrefixDifference(models.Model):
    """One prefix of one session that is not as it is meant to be; the first of a session, all are counted."""

    class Kind(models.TextChoices):
        MISSING = Kind.MISSING.value, "missing"
        EXTRA = Kind.EXTRA.value, "not intended"
        ATTRIBUTES = Kind.ATTRIBUTES.value, "attributes differ"

    session = models.ForeignKey("speakers.Session", on_delete=models.CASCADE, related_name="prefix_differences")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="prefix_differences")
    prefix = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=Kind)
    words = models.CharField(max_length=300, help_text="What differs, and the cause as far as FRR shows it.")
    since = models.DateTimeField()

    class Meta:
        ordering = ["session", "kind", "prefix"]
        constraints = [models.UniqueConstraint(fields=["session", "kind", "prefix"], name="prefix_difference_once")]
        indexes = [models.Index(fields=["cluster", "kind"], name="prefix_difference_by_kind")]

    def __str__(self) -> str:
        return f"{self.prefix} {self.kind}: {self.words}"
