"""Celery tasks of alarms: they carry ids only and may run twice."""

from __future__ import annotations

from celery import shared_task

from alarms.evaluation import evaluate
from clusters import clock
from clusters.alone import alone
from clusters.nudges import nudge


@shared_task
def look() -> None:
    """Look at all rules, unless the last look is still at it."""
    with alone("alarms") as free:
        if free and evaluate(clock.now()).visible:
            nudge("alarms")
