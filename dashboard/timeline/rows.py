"""How every sort of row of the timeline is read: those that are asked for, the newest, and alike ones together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from dashboard.timeline.asked import Asked

MOST = 5000  # rows of a sort that are read, the newest


def within(rows: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
    """Those of the time and the cluster that are asked for."""
    return of_cluster(rows.filter(at__gte=asked.begin, at__lt=asked.end), asked)


def of_cluster(rows: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
    """Those of the cluster that is asked for."""
    return rows.filter(cluster__name=asked.cluster) if asked.cluster else rows


def newest(rows: QuerySet[Any], *fields: str) -> tuple[list[Any], bool]:
    """The newest of them as tuples, and whether there are more."""
    found = list(rows.values_list(*fields)[: MOST + 1])
    return found[:MOST], len(found) > MOST


def alike(
    rows: Iterable[tuple[Any, ...]], together: timedelta
) -> Iterator[tuple[tuple[Any, ...], list[tuple[datetime, str]]]]:
    """Runs of rows (at, …, node) that say the same, each following the one before in time: what, and when on which."""
    kinds: dict[tuple[Any, ...], list[tuple[datetime, str]]] = defaultdict(list)
    for at, *same, node in rows:
        kinds[tuple(same)].append((at, node))
    for what, found in kinds.items():
        run: list[tuple[datetime, str]] = []
        for at, node in sorted(found):
            if run and at - run[-1][0] > together:
                yield what, run
                run = []
            run.append((at, node))
        yield what, run
