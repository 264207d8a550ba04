"""How workers and beat show that their loops turn."""

from __future__ import annotations

from typing import Any

from celery import beat, bootsteps

from clusters.alive import BEAT, alive


class Worker(bootsteps.StartStopStep):
    """A worker's own timer, which its event loop turns; it stands still while the broker is away."""

    requires = ("celery.worker.components:Timer",)

    def start(self, parent: Any) -> None:
        """From now on."""
        alive()
        parent.timer.call_repeatedly(BEAT, alive)


class Scheduler(beat.Scheduler):
    """Beat's own, in memory."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """Run what is due; the seconds until the next."""
        alive()
        return super().tick(*args, **kwargs)
