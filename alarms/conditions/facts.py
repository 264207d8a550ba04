"""What all rules of one evaluation look at, each part read once, however many rules ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from alarms.models import Alarm, Kind, Rule
from alarms.scope import Scope
from clusters.stale import Refusal, by_node, refusals
from speakers.causes import Cause, causes
from speakers.counts import Counts


@dataclass(frozen=True)
class Facts:
    """active: the clusters that are looked after, by id."""

    now: datetime
    active: Sequence[int]
    _counts: dict[Scope, tuple[Counts, list[Cause]]] = field(default_factory=dict)

    def scope(self, rule: Rule) -> Scope:
        """Where it counts."""
        return Scope.of(rule, self.active)

    def causes(self, scope: Scope) -> tuple[Counts, list[Cause]]:
        """The sessions of a scope by cause: at most eleven queries, once for all rules with the same scope."""
        if scope not in self._counts:
            counts = Counts.of(scope)
            self._counts[scope] = counts, causes(counts)
        return self._counts[scope]

    @cached_property
    def lost(self) -> dict[tuple[int | None, int], Alarm]:
        """The open alarms about nodes that lost all peers, by rule and cluster; one query."""
        rows = Alarm.objects.filter(state__in=Alarm.OPEN, kind=Kind.DOWN, cause_kind="node")
        return {(alarm.rule_id, alarm.cluster_id): alarm for alarm in rows}

    @cached_property
    def stale(self) -> dict[tuple[int, str], list[Refusal]]:
        """Why nodes keep their old configuration; a query a kind."""
        return by_node(refusals())
