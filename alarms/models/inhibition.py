"""Alarms that others explain."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse

from alarms.matchers import Matcher, matchers_of

EQUAL = ("cluster", "node", "vrf", "peer", "neighbor")


class Inhibition(models.Model):
    """While an alarm that matches `sources` fires, those that match `targets` send no notices: they follow from it.

    equal: what both must share. Of nodes: all that the target is about are among those of the source.
    """

    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    sources = models.JSONField(default=list, help_text="Each with name, op and value; all must match.")
    targets = models.JSONField(default=list, help_text="The same.")
    equal = models.JSONField(default=list, blank=True, help_text=f"Of {', '.join(EQUAL)}.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("inhibition", args=[self.pk])

    @property
    def source_matchers(self) -> tuple[Matcher, ...]:
        """Those of the alarm that explains."""
        return matchers_of(self.sources)

    @property
    def target_matchers(self) -> tuple[Matcher, ...]:
        """Those of the alarms that are explained."""
        return matchers_of(self.targets)

    @property
    def told(self) -> dict[str, Any]:
        """What it says, for the history."""
        return {name: getattr(self, name) for name in ("enabled", "sources", "targets", "equal")}
