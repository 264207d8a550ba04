"""The look at all rules, once a beat: what began, what goes on, what is over. Never from a page's request."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from alarms.conditions import CONDITIONS
from alarms.conditions.facts import Facts
from alarms.conditions.finding import Found, Judged
from alarms.inhibiting import inhibit
from alarms.models import Alarm, Rule
from clusters.models import Cluster
from clusters.selectors import clusters_active
from clusters.words import bounded

_BATCH = 500
_TITLE, _CAUSE, _ERROR = 300, 500, 300  # characters
_OVER = "The rule does not hold any more."
_PASSED = "It did not last for long enough to fire, so nobody was told."
_OFF = "The rule is switched off or removed."
_LEFT = "The cluster is not looked after any more."
_OF_A_CLUSTER = ("node", "speaker", "configuration")  # kinds of causes: all that there are are one alarm
_READ = ("cluster", "inhibited_by")
_SAID = (  # columns that repeat what was found
    "cause_kind", "title", "cause", "reason", "vrf", "neighbor", "peer", "number_of_nodes", "sessions",
)  # fmt: skip
_WRITTEN = (
    *_SAID, "rule_name", "severity", "state", "nodes", "evidence", "known", "worst",
    "began_at", "began_before", "grown_at", "fired_at", "resolved_at", "resolution", "blind", "inhibited_by",
)  # fmt: skip


# What data that no rule expects looks like: in it, or in the database.
_BROKEN = (DatabaseError, ArithmeticError, LookupError, TypeError, ValueError)
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Evaluated:
    """What a look changed. standing: the alarms that there were before it, as they are now."""

    new: list[Alarm] = field(default_factory=list)
    changed: list[Alarm] = field(default_factory=list)
    standing: list[Alarm] = field(default_factory=list)

    @property
    def visible(self) -> bool:
        """Whether a page looks different now."""
        return bool(self.new or self.changed)

    def add(self, other: Evaluated) -> None:
        """What a part of the look changed."""
        for name in self.__slots__:
            getattr(self, name).extend(getattr(other, name))


def evaluate(now: datetime) -> Evaluated:
    """Look at every rule, and write what is new. Rows are read first, so that the transaction is short.

    A rule that cannot be looked at keeps its alarms, says why, and keeps no other one from being looked at.
    """
    every = list(Rule.objects.order_by("pk"))
    rules = [rule for rule in every if rule.enabled]
    facts = Facts(now, tuple(clusters_active().order_by("pk").values_list("pk", flat=True)))
    judged = {rule.pk: _judged(rule, facts) for rule in rules}
    done, failed = Evaluated(), dict[int, str]()
    with transaction.atomic():
        # Two looks at once: the second one waits here, and starts from what the first one wrote.
        list(Rule.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
        still: dict[int | None, list[Alarm]] = defaultdict(list)
        for alarm in _open():
            still[alarm.rule_id].append(alarm)
        for rule in rules:
            part, failed[rule.pk] = _of_rule(rule, judged[rule.pk], still.pop(rule.pk, []), facts)
            done.add(part)
        done.add(_without_rule([alarm for alarms in still.values() for alarm in alarms], facts))
        _inhibit(facts.now, done)
        for rule in every:
            if rule.error != failed.get(rule.pk, ""):
                Rule.objects.filter(pk=rule.pk).update(error=failed.get(rule.pk, ""))
    return done


def _open() -> QuerySet[Alarm]:
    return Alarm.objects.filter(state__in=Alarm.OPEN).select_related(*_READ).order_by("pk")


def _judged(rule: Rule, facts: Facts) -> Judged:
    try:
        return CONDITIONS[rule.kind](rule, facts)
    except _BROKEN as error:
        return _failed(rule, error)


def _failed(rule: Rule, error: Exception) -> Judged:
    why = bounded(f"{type(error).__name__}: {error}", _ERROR)
    if why != rule.error:  # once, not with every look
        logger.error("rule %s could not be looked at", rule.name, exc_info=error)
    return Judged.not_at_all(why)


def _of_rule(rule: Rule, judged: Judged, standing: list[Alarm], facts: Facts) -> tuple[Evaluated, str]:
    """What is new of a rule, written; and why it could not be looked at, "" = it was."""
    try:
        with transaction.atomic():
            return _compared(rule, judged, standing, facts), judged.failed
    except _BROKEN as error:
        judged = _failed(rule, error)
    standing = list(_open().filter(rule=rule))  # as they were
    return _compared(rule, judged, standing, facts), judged.failed


def _compared(rule: Rule, judged: Judged, standing: list[Alarm], facts: Facts) -> Evaluated:
    """What was found, and the end of what was not."""
    still = {(alarm.cluster_id, alarm.key): alarm for alarm in standing}
    done = Evaluated(standing=standing)
    for found in judged.found:
        alarm = still.pop((found.cluster, found.row_key), None)
        if alarm is None:
            alarm = Alarm(rule=rule, cluster_id=found.cluster, key=found.row_key, kind=rule.kind, began_at=facts.now)
            alarm.state = Alarm.State.PENDING
            _say(alarm, rule, found, facts.now)
            alarm.known = alarm.size
            done.new.append(alarm)
        elif _again(alarm, rule, found, judged, facts.now):
            done.changed.append(alarm)
    _take_rows(rule, done.new)
    for alarm in still.values():
        if alarm.cluster_id not in facts.active:
            _end(alarm, _LEFT, facts.now, done)
        elif not judged.unseen(alarm):
            _end(alarm, _OVER, facts.now, done)
        elif not alarm.blind:
            alarm.blind = True
            done.changed.append(alarm)
    _write(done)
    return done


def _take_rows(rule: Rule, new: list[Alarm]) -> None:
    """What comes back has the row that it had when it passed: one for each cause, however often it comes and goes."""
    if new:
        rows = Alarm.objects.filter(rule=rule, kind=rule.kind, state=Alarm.State.PASSED)
        rows = rows.filter(key__in={alarm.key for alarm in new}).order_by()
        known = {(cluster, key): pk for pk, cluster, key in rows.values_list("pk", "cluster_id", "key")}
        for alarm in new:
            alarm.pk = known.get((alarm.cluster_id, alarm.key))


def _again(alarm: Alarm, rule: Rule, found: Found, judged: Judged, now: datetime) -> bool:
    """Put what was found again into the row; whether that made it another one."""
    before = {name: getattr(alarm, name) for name in _WRITTEN}
    known = alarm.size if alarm.known is None else alarm.known
    named = set(alarm.nodes) if alarm.knows_its_nodes else None
    _say(alarm, rule, found, now)
    if found.cause_kind in _OF_A_CLUSTER and named is not None and alarm.knows_its_nodes:
        grown = not named.issuperset(alarm.nodes)  # other nodes than before may be as many
    else:
        grown = alarm.size > known
    if grown:
        alarm.grown_at = now
    # What is only not seen for a while, and seen again, is nothing new.
    alarm.known = alarm.size if alarm.size >= known else min(known, alarm.size + judged.unseen(alarm))
    return any(getattr(alarm, name) != value for name, value in before.items())


def _say(alarm: Alarm, rule: Rule, found: Found, now: datetime) -> None:
    """Put what was found into the row."""
    for name in _SAID:
        setattr(alarm, name, getattr(found, name))
    alarm.title, alarm.cause = bounded(found.title, _TITLE), bounded(found.cause, _CAUSE)
    alarm.nodes, alarm.evidence = list(found.nodes), [list(pair) for pair in found.evidence]
    alarm.rule_name, alarm.severity, alarm.blind = rule.name, rule.severity, found.blind
    began = found.began_at or now
    alarm.began_before = found.began_before or (alarm.began_before and alarm.began_at < began)
    alarm.began_at = min(alarm.began_at, began)
    alarm.worst = max(alarm.worst, alarm.size)
    if alarm.state == Alarm.State.PENDING and alarm.began_at + timedelta(seconds=rule.seconds) <= now:
        alarm.state, alarm.fired_at = Alarm.State.FIRING, now


def _end(alarm: Alarm, why: str, now: datetime, done: Evaluated) -> None:
    """It is over; what never fired is kept for whoever has looked at it."""
    if alarm.state == Alarm.State.PENDING:
        alarm.state, why = Alarm.State.PASSED, _PASSED if why == _OVER else f"{why} {_PASSED}"
    else:
        alarm.state = Alarm.State.RESOLVED
    alarm.resolved_at, alarm.resolution, alarm.blind, alarm.inhibited_by = now, why, False, None
    done.changed.append(alarm)


def _without_rule(left: list[Alarm], facts: Facts) -> Evaluated:
    done = Evaluated(standing=left)
    for alarm in left:
        _end(alarm, _LEFT if alarm.cluster_id not in facts.active else _OFF, facts.now, done)
    _write(done)
    return done


def _inhibit(now: datetime, done: Evaluated) -> None:
    """What follows from what, once all of it is known and has a row."""
    known = (alarm for alarm in done.standing if alarm.state in Alarm.OPEN)
    clusters = Cluster.objects.in_bulk({alarm.cluster_id for alarm in done.new}) if done.new else {}
    for alarm in done.new:
        alarm.cluster = clusters[alarm.cluster_id]
    changed = inhibit([*known, *done.new], now)
    Alarm.objects.bulk_update(changed, ["inhibited_by"], batch_size=_BATCH)
    done.changed += changed


def _write(done: Evaluated) -> None:
    again = [alarm for alarm in done.new if alarm.pk is not None]
    Alarm.objects.bulk_create([alarm for alarm in done.new if alarm.pk is None], batch_size=_BATCH)
    Alarm.objects.bulk_update([*done.changed, *again], _WRITTEN, batch_size=_BATCH)
