"""A file that a process without a port keeps fresh while its loop turns, for a supervisor to look at."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

BEAT = 10.0  # seconds


def alive() -> None:
    """Touch the file that the settings name, if they name one."""
    if settings.BGPUI_ALIVE:
        Path(settings.BGPUI_ALIVE).touch()
