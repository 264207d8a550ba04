"""Tests that move the clock of their own process."""

from __future__ import annotations

import pytest
from django.conf import settings

# Ages and leases are counted by the database's clock, which SQLite does not have.
OWN_CLOCK = pytest.mark.skipif(
    "postgresql" in settings.DATABASES["default"]["ENGINE"], reason="moves its own clock, and PostgreSQL's counts"
)
