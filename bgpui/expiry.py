"""Messages that are too old are dropped; how old they are is counted by the clock that sender and worker share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from celery import Task
from celery.worker.request import Request
from celery.worker.state import revoked
from django.utils import timezone

from clusters import clock


class SharedClockRequest(Request):
    """A task that came to a worker; Celery's own compares the sender's clock with the worker's."""

    def maybe_expire(self) -> Literal[True] | None:
        """Whether it is not to be carried out any more."""
        if not self.expires or clock.now() <= self.expires:
            return None
        revoked.add(self.id)
        return True


class SharedClockTask(Task[Any, Any]):
    """All tasks of the application."""

    Request = "bgpui.expiry:SharedClockRequest"


def by_the_shared_clock(headers: dict[str, Any], **_: Any) -> None:
    """Put the end of a message that is about to be sent, which our own clock has given it, right."""
    if headers.get("expires"):
        end = datetime.fromisoformat(headers["expires"])
        headers["expires"] = (end + (clock.now() - timezone.now())).isoformat()
