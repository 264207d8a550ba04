"""What sessions did. Where more was than is read, those of the routers with the most of it do not crowd out others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import Case, Q, QuerySet, Value, When

from clusters.words import bounded, listed
from dashboard.timeline.asked import FOLDED, Asked
from dashboard.timeline.flaps import flaps_item
from dashboard.timeline.folding import Flapping, folded
from dashboard.timeline.grouping import Turn, grouped
from dashboard.timeline.items import SESSIONS, Item
from dashboard.timeline.rows import MOST, end_of_reading, newest, within
from dashboard.timeline.unseen import Silences
from speakers.history import LOST
from speakers.models import Session, Transition

_MUCH = MOST // 10  # rows of one router, of those that were read
_NAMED = 3
_Router = tuple[int, str, str]


def turned(asked: Asked, clusters: dict[int, str], together: timedelta, silences: Silences) -> tuple[list[Item], bool]:
    """Entries, those of what flaps if it is asked for so; two queries at most. Second: whether there are more rows."""
    rows, items = _rows(asked), list[Item]()
    turns, more = _read(rows)
    if more and not asked.neighbor and (routers := _loud(turns)):
        oldest = turns[-1].at
        turns = [turn for turn in turns if turn.router in routers]
        items.append(_end(asked, turns, oldest))
        places = (Q(cluster=cluster, vrf=vrf, neighbor=neighbor) for cluster, vrf, neighbor in routers)
        others, more = _read(rows.exclude(reduce(or_, places)))
        turns += others
    if asked.flaps == FOLDED:
        flapping = Flapping(settings.BGPUI_FLAP_COUNT, timedelta(seconds=settings.BGPUI_FLAP_WINDOW))
        groups, turns = folded(turns, silences.by_node, flapping, together)
        for group in groups:
            cluster = clusters.get(group[0].turns[0].cluster, "")
            items.append(flaps_item(group, cluster, asked, flapping, silences.unheard))
    return items + grouped(turns, clusters, together), more


def _rows(asked: Asked) -> QuerySet[Any]:
    rows = within(Transition.objects.order_by("-at", "-pk"), asked)
    wanted = {name: getattr(asked, name) for name in ("node", "peer", "vrf", "neighbor")}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    rows = rows.exclude(old_state="", new_state__in=(Session.State.ABSENT, Session.State.UNKNOWN))
    told: QuerySet[Any] = rows.annotate(lost=Case(When(LOST, then=Value(1)), default=Value(0)))
    return told


def _read(rows: QuerySet[Any]) -> tuple[list[Turn], bool]:
    place = ("cluster_id", "node", "vrf", "neighbor", "peer")
    found, more = newest(rows, "at", *place, "old_state", "new_state", "cause", "lost", "session_id")
    return [Turn(*row) for row in found], more


def _loud(turns: Collection[Turn]) -> frozenset[_Router]:
    """The routers whose sessions have a good part of these."""
    counts = Counter(turn.router for turn in turns)
    return frozenset(router for router, number in counts.items() if number >= _MUCH)


def _end(asked: Asked, turns: Collection[Turn], oldest: datetime) -> Item:
    """Where the reading of these routers ends."""
    names = list(dict.fromkeys(bounded(f"{turn.peer} {turn.neighbor}".strip(), 120) for turn in turns))
    whose = f"what sessions to {listed(names, _NAMED)} have"
    return end_of_reading(asked, SESSIONS, oldest, whose)
