"""What sessions did."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Case, Value, When

from dashboard.timeline.asked import FOLDED, Asked
from dashboard.timeline.flaps import flaps_item
from dashboard.timeline.folding import Flapping, folded
from dashboard.timeline.grouping import Turn, grouped
from dashboard.timeline.items import Item
from dashboard.timeline.rows import newest, within
from dashboard.timeline.unseen import Silences
from speakers.history import LOST
from speakers.models import Session, Transition


def turned(asked: Asked, clusters: dict[int, str], together: timedelta, silences: Silences) -> tuple[list[Item], bool]:
    """Entries, those of what flaps if it is asked for so; one query. Second: whether there are more rows."""
    turns, more = _turns(asked)
    items = list[Item]()
    if asked.flaps == FOLDED:
        flapping = Flapping(settings.BGPUI_FLAP_COUNT, timedelta(seconds=settings.BGPUI_FLAP_WINDOW))
        groups, turns = folded(turns, silences.by_node, flapping, together)
        for group in groups:
            cluster = clusters.get(group[0].turns[0].cluster, "")
            items.append(flaps_item(group, cluster, asked, flapping, silences.unheard))
    return items + grouped(turns, clusters, together), more


def _turns(asked: Asked) -> tuple[list[Turn], bool]:
    rows = within(Transition.objects.order_by("-at", "-pk"), asked)
    wanted = {name: getattr(asked, name) for name in ("node", "peer", "vrf", "neighbor")}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    rows = rows.exclude(old_state="", new_state__in=(Session.State.ABSENT, Session.State.UNKNOWN))
    rows = rows.annotate(lost=Case(When(LOST, then=Value(1)), default=Value(0)))
    place = ("cluster_id", "node", "vrf", "neighbor", "peer")
    found, more = newest(rows, "at", *place, "old_state", "new_state", "cause", "lost", "session_id")
    return [Turn(*row) for row in found], more
