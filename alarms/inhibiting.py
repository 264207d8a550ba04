"""Which alarms follow from others that fire: these are shown with their cause, and send no notices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from alarms.matchers import Labels, match
from alarms.models import Alarm, Inhibition
from alarms.quietness import covers

GRACE = timedelta(seconds=60)  # what follows ends later than its cause, and is no news in between


def inhibit(standing: Iterable[Alarm], now: datetime) -> list[Alarm]:
    """Say of each alarm from which other one it follows; those of which that is new. Rows with primary keys.

    One query.
    """
    alarms = sorted(standing, key=lambda alarm: (alarm.began_at, alarm.pk))
    labels = {alarm.pk: alarm.labels for alarm in alarms}
    firing = [alarm for alarm in alarms if alarm.state == Alarm.State.FIRING]
    rules = [
        (rule, [alarm for alarm in firing if match(rule.source_matchers, labels[alarm.pk])])
        for rule in Inhibition.objects.filter(enabled=True).order_by("name")
    ]
    changed = []
    explained: dict[int, int] = {}  # by its id, that of the cause
    for alarm in alarms:
        causes = (cause for rule, sources in rules for cause in _causes(alarm, rule, sources, labels))
        found = (cause for cause in causes if not _follows(cause.pk, alarm.pk, explained))
        cause = min(found, key=lambda one: (one.began_at, one.pk), default=None)
        if cause is None and alarm.inhibited_by is not None and _lingers(alarm.inhibited_by, firing, now):
            continue
        if cause is not None:
            explained[alarm.pk] = cause.pk
        if (cause.pk if cause else None) != alarm.inhibited_by_id:
            alarm.inhibited_by = cause
            changed.append(alarm)
    return changed


def _causes(alarm: Alarm, rule: Inhibition, sources: Sequence[Alarm], labels: Mapping[int, Labels]) -> Iterator[Alarm]:
    """The alarms that explain it by this rule."""
    if not sources or not covers(rule.target_matchers, alarm):
        return
    explains = match(rule.source_matchers, labels[alarm.pk])
    for source in sources:
        # As in Alertmanager: two alarms that match both sides do not silence each other.
        both = explains and covers(rule.target_matchers, source)
        if source.pk != alarm.pk and not both and all(_same(name, source, alarm) for name in rule.equal):
            yield source


def _follows(cause: int, alarm: int, explained: Mapping[int, int]) -> bool:
    """Whether the cause itself follows from the alarm: then they would silence each other, and nobody hears of it."""
    at: int | None = cause
    while at is not None and at != alarm:
        at = explained.get(at)
    return at == alarm


def _same(name: str, source: Alarm, target: Alarm) -> bool:
    if name != "node":
        return source.labels[name] == target.labels[name]
    those, these = _nodes(source), _nodes(target)
    return bool(these) and these <= those


def _nodes(alarm: Alarm) -> frozenset[str]:
    """All of them; none if they are not all known."""
    return frozenset(alarm.nodes if alarm.knows_its_nodes else ())


def _lingers(source: Alarm, firing: Iterable[Alarm], now: datetime) -> bool:
    """Whether it has just ended. As it was read before this look, it has no end yet if it ends with it."""
    if any(source.pk == alarm.pk for alarm in firing):
        return False  # it fires, and explains this one no more
    return source.resolved_at is None or source.resolved_at + GRACE > now
