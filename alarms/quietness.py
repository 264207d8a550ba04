"""Which alarms are silent now, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from alarms.matchers import NODE, Matcher, match
from alarms.models import Alarm, MaintenanceWindow, Silence

Quiet = Silence | MaintenanceWindow


def quiet_now(now: datetime) -> list[Quiet]:
    """Silences and maintenance windows that count; two queries."""
    silences = Silence.objects.filter(starts_at__lte=now, ends_at__gt=now).select_related("author")
    windows = MaintenanceWindow.objects.filter(enabled=True).select_related("author")
    return [*silences, *(window for window in windows if window.active(now))]


def silenced_by(alarm: Alarm, quiets: Sequence[Quiet]) -> Quiet | None:
    """The first of them that is about the alarm, alone or with those before it: each may be about some of its nodes."""
    left: Collection[str] = alarm.nodes
    for quiet in quiets:
        spared = left_out(alarm, quiet.all_matchers, left)
        if spared is not None and not spared:
            return quiet
        left = left if spared is None else spared
    return None


def covers(matchers: Collection[Matcher], alarm: Alarm) -> bool:
    """Whether all of an alarm is meant: with a node, all of its nodes. Some that nobody can name are not meant."""
    left = left_out(alarm, matchers, alarm.nodes)
    return left is not None and not left


def left_out(alarm: Alarm, matchers: Collection[Matcher], nodes: Collection[str]) -> Collection[str] | None:
    """Those of the nodes that are not meant; None = nothing of the alarm is."""
    named = [matcher for matcher in matchers if matcher.name == NODE]
    if not match((matcher for matcher in matchers if matcher.name != NODE), alarm.labels):
        return None
    if not named:
        return ()
    if not alarm.nodes:
        return () if not alarm.number_of_nodes and match(named, {}) else None
    return [node for node in nodes if not match(named, {NODE: (node,)})] if alarm.knows_its_nodes else None
