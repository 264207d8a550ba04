"""Which tries may take a thread of a worker: routes whose last try failed leave one to all others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery.signals import celeryd_after_setup

from alarms.models import Route


class Places:
    """Those of one process for tries that may last as long as they can. threads: that it has."""

    def __init__(self, threads: int = 1) -> None:
        self._free = threading.Semaphore(max(1, threads - 1))

    @contextmanager
    def taken(self, route: Route) -> Iterator[bool]:
        """Whether the route may be tried now; one that failed last time only if that leaves a thread free."""
        if route.failed_at is None:
            yield True
        elif not self._free.acquire(blocking=False):
            yield False
        else:
            try:
                yield True
            finally:
                self._free.release()


class _Process:
    """The places of this process, once it is a worker."""

    places = Places()


@celeryd_after_setup.connect
def _set_up(instance: Any, **_: Any) -> None:
    """Of a worker that is about to begin: by its --concurrency."""
    _Process.places = Places(instance.concurrency)


def places() -> Places:
    """Those of this process."""
    return _Process.places
