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
from dashboard.timeline.rows import end_of_reading
from dashboard.timeline.turned import turned
from dashboard.timeline.unseen import gaps, silences

SHOWN = 300  # lines of a page


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, newest first: items are all of it, shown those of the page that is asked for."""

    asked: Asked
    items: tuple[Item, ...]
    shown: tuple[Item, ...]
    following: Cursor | None = None

    @property
    def unread(self) -> bool:
        """Whether there is more than was read, so that the oldest part is missing."""
        return any(item.unread for item in self.items)

    @property
    def cut(self) -> bool:
        """Whether there is more than this page and those before it show."""
        return self.unread or self.following is not None

    @property
    def length(self) -> timedelta:
        """How long a time it is."""
        return self.asked.end - self.asked.begin


def timeline(asked: Asked, *, changes: bool) -> Timeline:
    """What happened in that time; six queries, one more where sessions did more than is read.

    changes: whether those of objects may be told.
    """
    clusters = dict(Cluster.objects.values_list("pk", "name"))
    together = timedelta(seconds=settings.BGPUI_SWEEP_INTERVAL)
    silent = silences(asked)
    readers: dict[str, Callable[[], tuple[list[Item], bool]]] = {
        SESSIONS: lambda: turned(asked, clusters, together, silent),
        NODE: lambda: events(asked, clusters, together),
        FRR: lambda: events(asked, clusters, together),
        UNSEEN: lambda: (gaps(silent, asked, clusters, together), False),
        CONFIG: lambda: changed(asked, together) if changes else ([], False),
    }
    wanted = [asked.lane] if asked.lane else [SESSIONS, NODE, UNSEEN, CONFIG]
    found = list[Item]()
    for lane in wanted:
        items, more = readers[lane]()
        found += [item for item in items if not asked.lane or item.lane == asked.lane]
        if more:
            oldest = min(item.at for item in items if not item.unread)
            found.append(end_of_reading(asked, lane, oldest, "what this lane has"))
    placed = lines(found)
    shown, following = page(placed, asked.after, SHOWN)
    return Timeline(asked, tuple(line.item for line in placed), tuple(line.item for line in shown), following)
