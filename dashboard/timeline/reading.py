"""The rows that a timeline is made of, each sort read once, however much happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from clusters.models import Cluster
from dashboard.timeline.asked import Asked
from dashboard.timeline.changed import changes as changed
from dashboard.timeline.happened import events
from dashboard.timeline.items import CONFIG, FRR, NODE, SESSIONS, UNSEEN, Item
from dashboard.timeline.order import Cursor, lines, page
from dashboard.timeline.rows import MOST
from dashboard.timeline.turned import turned
from dashboard.timeline.unseen import gaps, silences

SHOWN = 300  # lines of a page


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, newest first. unread: there is more than was read, so that the oldest part is missing."""

    asked: Asked
    items: tuple[Item, ...]
    shown: tuple[Item, ...]
    following: Cursor | None = None
    unread: bool = False

    @property
    def cut(self) -> bool:
        """Whether there is more than this page and those before it show."""
        return self.unread or self.following is not None

    @property
    def length(self) -> timedelta:
        """How long a time it is."""
        return self.asked.end - self.asked.begin


def timeline(asked: Asked, *, changes: bool) -> Timeline:
    """What happened in that time; six queries. changes: whether those of objects may be told."""
    clusters = dict(Cluster.objects.values_list("pk", "name"))
    together = timedelta(seconds=settings.BGPUI_SWEEP_INTERVAL)
    silent = silences(asked)
    readers: dict[str, Callable[[], tuple[list[Item], bool]]] = {
        SESSIONS: lambda: turned(asked, clusters, together, silent),
        NODE: lambda: events(asked, clusters, together),
        FRR: lambda: events(asked, clusters, together),
        UNSEEN: lambda: (gaps(silent, clusters, together), silent.more),
        CONFIG: lambda: changed(asked, together) if changes else ([], False),
    }
    wanted = [asked.lane] if asked.lane else [SESSIONS, NODE, UNSEEN, CONFIG]
    found, unread = list[Item](), False
    for lane in wanted:
        items, more = readers[lane]()
        found += [item for item in items if not asked.lane or item.lane == asked.lane]
        found += [_end_of_reading(asked, lane, items)] if more else []
        unread |= more
    placed = lines(found)
    shown, following = page(placed, asked.after, SHOWN)
    return Timeline(asked, tuple(line.item for line in placed), tuple(line.item for line in shown), following, unread)


def _end_of_reading(asked: Asked, lane: str, items: list[Item]) -> Item:
    """Where a lane ends that others go beyond: what is missing below must not look like calm."""
    oldest = min(item.at for item in items)
    title = f"More than {MOST:,} changes since then: what this lane has from before is not shown"
    told = "Choose a shorter time, one node or one peer."
    before = oldest + timedelta(microseconds=1)  # of the last moment not all may have been read
    return Item(lane, oldest, oldest, "", "unknown", title, told, href=asked.page(lane=lane, until=before))
