"""A look at all alarm rules at 200, 2,000, 8,000 and 40,000 sessions: all up, 1 % down, all down; and what is told."""

from __future__ import annotations

import time
from datetime import timedelta

from benchmarks.in_process import django_ready

SIZES = (200, 2_000, 8_000, 40_000)
ROUNDS = 5
STATES = {"up": 0, "few": 100, "none": 1}  # every which session is down, 0 = none


def look() -> tuple[float, int]:
    """Fastest time in ms of a look at all rules over ROUNDS, the rows being as they were found, and its queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from alarms.evaluation import evaluate
    from clusters import clock

    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        evaluate(clock.now())
        times.append((time.perf_counter() - begun) * 1000)
    with CaptureQueriesContext(connection) as queries:
        evaluate(clock.now())
    return min(times), len(queries)


def floor() -> float:
    """Fastest time in ms of what any look costs: one count of sessions by health."""
    from speakers.selectors import health_counts, sessions

    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        health_counts(sessions())
        times.append((time.perf_counter() - begun) * 1000)
    return min(times)


def lose(every: int) -> None:
    """Let one in so many sessions be down for an hour; 0 = none."""
    from clusters import clock
    from speakers.models import Session

    pks = Session.objects.values_list("pk", flat=True)
    lost = [pk for index, pk in enumerate(pks) if every and not index % every]
    down = {"state": "Active", "reason": "hold-timer-expired", "since": clock.now() - timedelta(hours=1)}
    for start in range(0, len(lost), 500):
        Session.objects.filter(pk__in=lost[start : start + 500]).update(**down)


def main() -> None:
    """Fill one SQLite database a size; figures alarms.<state>.{ms,queries,ratio}.<sessions> and more."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from alarms.delivery.news import compose
    from alarms.models import Alarm, Notice, Route
    from benchmarks.report import record
    from clusters import clock
    from clusters.models import Cluster
    from speakers.models import Session
    from tests.fleet import fleet

    settings.BGPUI_SWEEP_INTERVAL = 600.0  # the rows are of one moment; they must not grow old while they are measured
    call_command("migrate", verbosity=0)
    for size in SIZES:
        Cluster.objects.all().delete()
        Route.objects.all().delete()
        fleet(size // 4)
        Cluster.objects.update(source="added")  # looked after, without settings that name it
        Session.objects.update(state="Established", degraded="", reason="")
        Route.objects.create(name="hook", kind="webhook", group_wait=0)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        for state, every in STATES.items():
            lose(every)
            milliseconds, queries = look()
            record(f"alarms.{state}.ms.{size}", milliseconds, "ms", f"a look at all rules, fastest of {ROUNDS}, SQLite")
            record(f"alarms.{state}.queries.{size}", queries, "queries", "of one look")
            record(f"alarms.{state}.ratio.{size}", milliseconds / floor(), "x", "against one count by health")
        compose(clock.now())
        record(
            f"alarms.firing.{size}", Alarm.objects.filter(state="firing").count(), "alarms", "with all sessions down"
        )
        record(f"alarms.notices.{size}", Notice.objects.count(), "notices", "of them")


if __name__ == "__main__":
    with django_ready():
        main()
