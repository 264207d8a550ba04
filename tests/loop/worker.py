"""A worker without a process of its own: takes tasks out of the broker's queues and runs them, one after the other."""

from __future__ import annotations

from celery import current_app
from django.conf import settings
from kombu import Queue


def work() -> int:
    """Run tasks until no queue holds one, those too that a task has sent; how many there were."""
    current_app.loader.import_default_modules()
    done = 0
    names = dict.fromkeys(route["queue"] for route in settings.CELERY_TASK_ROUTES.values())
    with current_app.connection_for_read() as connection, connection.channel() as channel:
        queues = [Queue(name, channel=channel) for name in names]
        for queue in queues:
            queue.declare()
        while message := next((found for queue in queues if (found := queue.get(accept=["json"]))), None):
            message.ack()
            positional, named, _ = message.payload
            current_app.tasks[message.headers["task"]](*positional, **named)
            done += 1
    return done
