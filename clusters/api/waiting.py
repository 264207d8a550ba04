"""`?wait=10s`: hold the answer until the cluster has spoken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep
from typing import TypeVar

from rest_framework.request import Request

from clusters.api.problems import BadParameter, fault
from clusters.models import Resource
from clusters.selectors import resource_list
from intent.durations import parse_duration

LONGEST = timedelta(seconds=60)
_PAUSE = 0.1  # seconds between two looks
T = TypeVar("T")


def wait_of(request: Request) -> timedelta:
    """How long the caller is ready to wait; zero if not at all. Raises BadParameter."""
    text = request.query_params.get("wait")
    if text is None:
        return timedelta()
    try:
        wait = parse_duration(text)
        message = "" if timedelta() <= wait <= LONGEST else "must be from 0s to 60s"
    except ValueError as error:
        message = str(error)
    if message:
        raise BadParameter(f"wait {message}.", findings=[fault("wait", message, code="wait", value=text)])
    return wait


def until(probe: Callable[[], T | None], wait: timedelta) -> T | None:
    """What the probe finds first; None if it finds nothing in this time. Looks at least once."""
    deadline = monotonic() + wait.total_seconds()
    while (found := probe()) is None and monotonic() < deadline:
        sleep(_PAUSE)
    return found


def settled(row: Resource, wait: timedelta) -> Resource | None:
    """The row as it stands when the edit has its outcome, or when the time is over; None if it is gone by then."""
    rows = resource_list(row.KIND.kind).filter(pk=row.pk)
    deadline = monotonic() + wait.total_seconds()
    while (found := rows.first()) is not None and found.pending and monotonic() < deadline:
        sleep(_PAUSE)
    return found
