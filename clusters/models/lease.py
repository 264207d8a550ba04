"""Who of several processes does what only one shall do."""

from __future__ import annotations

from django.db import models


class Lease(models.Model):
    """Held for as long as `beats` moves; nobody compares clocks of different machines."""

    name = models.CharField(max_length=40, unique=True)
    holder = models.CharField(max_length=200, blank=True, help_text="host:pid; empty = nobody.")
    beats = models.PositiveBigIntegerField(default=0)
    beaten_at = models.DateTimeField(null=True, help_text="For people.")

    def __str__(self) -> str:
        return f"{self.name}: {self.holder or 'nobody'}"
