"""How every sort of row of the timeline is read: those that are asked for, the newest, and alike ones together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from dashboard.timeline.asked import Asked
from dashboard.timeline.items import Item

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


def end_of_reading(asked: Asked, lane: str, oldest: datetime, whose: str) -> Item:
    """Where a lane, or a part of it, ends that others go beyond: what is missing below must not look like calm."""
    title = f"More than {MOST:,} changes since then: {whose} from before is not shown"
    told = "Choose a shorter time, one node or one peer."
    before = oldest + timedelta(microseconds=1)  # of the last moment not all may have been read
    page = asked.page(lane=lane, until=before)
    return Item(lane, oldest, oldest, "", "unknown", title, told, href=page, unread=True)


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
