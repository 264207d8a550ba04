"""The look at all rules, once a beat: what began, what goes on, what is over. Never from a page's request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from alarms.conditions import CONDITIONS
from alarms.conditions.facts import Facts
from alarms.conditions.finding import Found, Judged
from alarms.inhibiting import inhibit
from alarms.models import Alarm, Rule
from clusters.models import Cluster
from clusters.selectors import clusters_active
from clusters.sync.upsert import chunks
from clusters.words import bounded

_BATCH = 500
_TITLE, _CAUSE = 300, 500  # characters
_OVER = "The rule does not hold any more."
_READ = ("cluster", "inhibited_by")
_SAID = (  # columns that repeat what was found
    "cause_kind", "title", "cause", "reason", "vrf", "neighbor", "peer", "number_of_nodes", "sessions",
)  # fmt: skip
_WRITTEN = (
    *_SAID, "rule_name", "severity", "state", "nodes", "evidence", "worst",
    "began_at", "fired_at", "resolved_at", "resolution", "blind",
)  # fmt: skip


@dataclass(slots=True)
class Evaluated:
    """What a look changed."""

    new: list[Alarm] = field(default_factory=list)
    changed: list[Alarm] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    found: list[tuple[Alarm, Found]] = field(default_factory=list)

    @property
    def visible(self) -> bool:
        """Whether a page looks different now."""
        return bool(self.new or self.changed or self.dropped)


def evaluate(now: datetime) -> Evaluated:
    """Look at every rule, and write what is new. Rows are read first, so that the transaction is short."""
    rules = list(Rule.objects.filter(enabled=True).order_by("pk"))
    facts = Facts(now, tuple(clusters_active().order_by("pk").values_list("pk", flat=True)))
    judged = {rule.pk: CONDITIONS[rule.kind](rule, facts) for rule in rules}
    done = Evaluated()
    with transaction.atomic():
        # Two looks at once: the second one waits here, and starts from what the first one wrote.
        list(Rule.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
        still = {
            (alarm.rule_id, alarm.cluster_id, alarm.key): alarm
            for alarm in Alarm.objects.filter(state__in=Alarm.OPEN).select_related(*_READ).order_by("pk")
        }
        known = list(still.values())
        for rule in rules:
            _of_rule(rule, judged[rule.pk], still, facts, done)
        _without_rule(still.values(), facts, done)
        Alarm.objects.bulk_create(done.new, batch_size=_BATCH)
        _inhibit(known, facts.now, done)
        _write(done)
    return done


Open = dict[tuple[int | None, int, str], Alarm]


def _of_rule(rule: Rule, judged: Judged, still: Open, facts: Facts, done: Evaluated) -> None:
    """What was found, and the end of what was not; takes the rule's alarms out of `still`."""
    for found in judged.found:
        alarm = still.pop((rule.pk, found.cluster, found.key[:200]), None)
        if alarm is None:
            alarm = Alarm(rule=rule, cluster_id=found.cluster, key=found.key[:200], kind=rule.kind, began_at=facts.now)
            alarm.state = Alarm.State.PENDING
            _say(alarm, rule, found, facts.now)
            done.new.append(alarm)
        elif _say(alarm, rule, found, facts.now):
            done.changed.append(alarm)
        done.found.append((alarm, found))
    for key, alarm in list(still.items()):
        if alarm.rule_id != rule.pk or alarm.cluster_id not in facts.active:
            continue
        del still[key]
        if judged.unclear(alarm):
            if not alarm.blind:
                alarm.blind = True
                done.changed.append(alarm)
        else:
            _end(alarm, _OVER, facts.now, done)


def _say(alarm: Alarm, rule: Rule, found: Found, now: datetime) -> bool:
    """Put what was found into the row; whether that made it another one."""
    before = {name: getattr(alarm, name) for name in _WRITTEN}
    for name in _SAID:
        setattr(alarm, name, getattr(found, name))
    alarm.title, alarm.cause = bounded(found.title, _TITLE), bounded(found.cause, _CAUSE)
    alarm.nodes, alarm.evidence = list(found.nodes), [list(pair) for pair in found.evidence]
    alarm.rule_name, alarm.severity, alarm.blind = rule.name, rule.severity, False
    alarm.began_at = min(alarm.began_at, found.began_at or now)
    alarm.worst = max(alarm.worst, alarm.size)
    if alarm.state == Alarm.State.PENDING and alarm.began_at + timedelta(seconds=rule.seconds) <= now:
        alarm.state, alarm.fired_at = Alarm.State.FIRING, now
    return any(getattr(alarm, name) != value for name, value in before.items())


def _end(alarm: Alarm, why: str, now: datetime, done: Evaluated) -> None:
    """It is over; what never was an alarm leaves no trace."""
    if alarm.state == Alarm.State.PENDING:
        done.dropped.append(alarm.pk)
        return
    alarm.state, alarm.resolved_at, alarm.resolution, alarm.blind = Alarm.State.RESOLVED, now, why, False
    alarm.inhibited_by = None
    done.changed.append(alarm)


def _without_rule(left: Iterable[Alarm], facts: Facts, done: Evaluated) -> None:
    for alarm in left:
        inactive = alarm.cluster_id not in facts.active
        why = "The cluster is not looked after any more." if inactive else "The rule is switched off or removed."
        _end(alarm, why, facts.now, done)


def _inhibit(known: Iterable[Alarm], now: datetime, done: Evaluated) -> None:
    """What follows from what, once all of it is known and has a row."""
    standing = [*(alarm for alarm in known if alarm.state in Alarm.OPEN and alarm.pk not in done.dropped), *done.new]
    clusters = Cluster.objects.in_bulk({alarm.cluster_id for alarm in done.new}) if done.new else {}
    for alarm in done.new:
        alarm.cluster = clusters[alarm.cluster_id]
    nodes = {alarm.pk: frozenset(found.every) for alarm, found in done.found if found.every}
    changed = {alarm.pk for alarm in done.changed}
    done.changed += [alarm for alarm in inhibit(standing, nodes, now) if alarm.pk not in changed]


def _write(done: Evaluated) -> None:
    Alarm.objects.bulk_update(done.changed, (*_WRITTEN, "inhibited_by"), batch_size=_BATCH)
    for some in chunks(done.dropped):
        Alarm.objects.filter(pk__in=some).delete()
