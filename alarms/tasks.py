"""Celery tasks of alarms: they carry ids only and may run twice."""

from __future__ import annotations

from datetime import datetime

from celery import shared_task
from django.conf import settings

from alarms.delivery import heartbeats, outbox
from alarms.delivery.news import compose
from alarms.evaluation import evaluate
from clusters import clock
from clusters.alone import alone
from clusters.nudges import nudge


@shared_task
def look() -> None:
    """Look at all rules and write what there is to tell, unless the last look is still at it; see to the outbox."""
    try:
        with alone("alarms") as free:
            if free:
                _look(clock.now())
    finally:  # whatever became of the rules, what waits is sent, and heartbeats beat
        now = clock.now()
        all(outbox.send(pk) for pk in outbox.left_over(now))
        for name, ends in heartbeats.due(now)._asdict().items():
            told = [(pk, swept_at.isoformat()) for pk, swept_at in ends.items()]
            if told:
                beats.apply_async((told, name), expires=settings.BGPUI_SWEEP_INTERVAL)


def _look(now: datetime) -> None:
    try:
        visible = evaluate(now).visible
    finally:  # what is known already is told all the same
        told = compose(now)
    if told or visible:
        nudge("alarms")


@shared_task
def deliver(pk: int) -> None:
    """Try to send one notice."""
    if outbox.deliver(pk):
        nudge("alarms")


@shared_task
def beats(ends: list[tuple[int, str]], name: str) -> None:
    """Hit the addresses of heartbeats, each for the sweep that ended then, unless somebody waits for such of this name.

    Those that fail have a name of their own, so that nothing waits for them.
    """
    with alone(f"heartbeats-{name}") as free:
        if free:
            heartbeats.beat({pk: datetime.fromisoformat(swept_at) for pk, swept_at in ends})
