"""Every clock that the product reads, standing where a test puts it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

import clusters.clock

# A function of the test's own transaction. Where the path names pg_catalog, what stands before it is found first:
# https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SEARCH-PATH
_STANDS = """
CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT timestamptz '{}'$$;
SET search_path = public, pg_catalog
"""


def differ(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Let the database's clock differ from this machine's, as far as this process knows."""
    found = clusters.clock._Seen(timezone.now() + by, time.monotonic())
    monkeypatch.setattr(clusters.clock.clock, "_seen", found)


class StandingClocks:
    """This process's clock, and the database's where that one counts."""

    def __init__(self) -> None:
        self._here: time_machine.Traveller | None = None
        self._travel: time_machine.travel | None = None
        self._counting = pytest.MonkeyPatch()

    def stand(self, moment: datetime) -> None:
        """Let it be this moment until it is told to be another one."""
        if self._here is None:
            self._travel = time_machine.travel(moment, tick=False)
            self._here = self._travel.start()
            # What is counted between two looks at the database's clock.
            self._counting.setattr(clusters.clock, "time", SimpleNamespace(monotonic=lambda: 0.0))
        self._here.move_to(moment)
        self._tell(_STANDS.format(moment.isoformat()))

    def go_on(self) -> None:
        """Let the clocks show the time again."""
        if self._travel is not None:
            self._travel.stop()
            self._counting.undo()
            self._tell("RESET search_path")

    def _tell(self, statement: str) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(statement)
            clusters.clock.clock.read(connection)
