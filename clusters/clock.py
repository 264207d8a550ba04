"""The clock that all processes share, the database's: those of the machines that they run on may differ by minutes.

Leases, pauses, and the age of what was observed are counted by it. SQLite has none of its own, and one machine.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone


class _Seen(NamedTuple):
    """The database's time, and this process's monotonic clock at that moment."""

    at: datetime
    monotonic: float


class Clock:
    """Read with each new connection to the database; between two of them this process only counts seconds."""

    def __init__(self) -> None:
        self._seen: _Seen | None = None
        self._alone = False  # the database has no clock of its own

    def now(self) -> datetime:
        """The time by the database's clock; by our own as long as the database cannot be asked."""
        if self._seen is None and not self._alone:
            self._ask()
        seen = self._seen
        return timezone.now() if seen is None else seen.at + timedelta(seconds=time.monotonic() - seen.monotonic)

    def read(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        """Read it; connected to `connection_created`."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                asked = time.monotonic()
                cursor.execute("SELECT clock_timestamp()")
                (at,) = cursor.fetchone()
                # Question and answer were some time on their way: at most half of that is wrong (RFC 5905, section 8).
                self._seen = _Seen(at, (asked + time.monotonic()) / 2)

    def _ask(self) -> None:
        self._alone = connection.vendor != "postgresql"
        if self._alone:
            return
        if connection.connection is not None:
            self.read(connection)
            return
        try:
            connection.ensure_connection()  # which reads it
        except DatabaseError:
            return
        connection.close()


clock = Clock()


def now() -> datetime:
    """The time by the clock of this process; a function, since migrations name it."""
    return clock.now()
