"""The time source that everything in a simulated cluster shares."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since 1970, never going back."""

    def now(self) -> float:
        """The current time."""


class WallClock:
    """The machine's clock, held against going back."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._offset + time.monotonic()


class ManualClock:
    """A clock that stands until it is moved; for tests."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Where it stands."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move it forward."""
        self._now += seconds
