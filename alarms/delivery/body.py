"""Alarms as a notice keeps them: as they were when it was decided to tell them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from alarms.models import Alarm, Route
from clusters.words import utc_stamp

KEPT = 200  # alarms of each sort in a notice to people, who read the first ones and how many there are
# A program reads on; None = all of them.
_KEPT_BY_KIND: dict[str, int | None] = {Route.Kind.WEBHOOK: 2000, Route.Kind.ALERTMANAGER: None}
_NODES = 10  # names of nodes of an alarm


@dataclass(frozen=True, slots=True)
class Change:
    """Of what fires, by id: what a receiver is told of for the first time, and what has grown since it was told."""

    new: frozenset[int] = frozenset()
    grown: frozenset[int] = frozenset()


def body_of(
    cluster: str, firing: Sequence[Alarm], over: Sequence[Alarm], now: datetime, change: Change, kind: str = ""
) -> dict[str, Any]:
    """What fires, first what is new, then the worst, and what is over. kind: of the receiver, "" = it is for people."""
    kept = _KEPT_BY_KIND.get(kind, KEPT)
    found = sorted(firing, key=lambda one: (_place(one.pk, change), _RANK[one.severity], -one.size, one.pk))
    new, grown = (sorted(ids & {alarm.pk for alarm in firing}) for ids in (change.new, change.grown - change.new))
    return {
        "version": 1,
        "test": False,
        "status": "firing" if firing else "resolved",
        "cluster": cluster,
        "at": utc_stamp(now),
        "number_firing": len(firing),
        "number_resolved": len(over),
        "number_new": len(new),
        "number_grown": len(grown),
        "new": new,
        "grown": grown,
        "firing": [_told(alarm) for alarm in found[:kept]],
        "resolved": [_told(alarm) for alarm in over[:kept]],
    }


def shortened(body: dict[str, Any]) -> dict[str, Any]:
    """As much of it as a list of notices has room for; its numbers stay."""
    return {**body, **{name: body[name][:KEPT] for name in ("firing", "resolved", "new", "grown") if name in body}}


def changed_in(bodies: Collection[dict[str, Any]]) -> Change:
    """What was new and had grown in any of them; those of an older release do not say."""
    new, grown = (frozenset(pk for body in bodies for pk in body.get(name, ())) for name in ("new", "grown"))
    return Change(new, grown)


def body_of_test(who: str, now: datetime) -> dict[str, Any]:
    """Of a notice that only shows that notices get there."""
    empty = body_of("", (), (), now, Change())
    return {**empty, "test": True, "status": "test", "asked_by": who}


def _place(pk: int, change: Change) -> int:
    return 0 if pk in change.new else 1 if pk in change.grown else 2


_RANK = {"critical": 0, "warning": 1, "info": 2}
_TEXTS = ("title", "severity", "kind", "vrf", "peer", "neighbor", "cause_kind", "cause", "reason", "resolution")


def _told(alarm: Alarm) -> dict[str, Any]:
    by = alarm.acknowledged_by
    return {
        "id": alarm.pk,
        **{name: str(getattr(alarm, name)) for name in _TEXTS},
        "rule": alarm.rule_name,
        "cluster": alarm.cluster.name,
        "nodes": alarm.nodes[:_NODES],
        "number_of_nodes": alarm.number_of_nodes,
        "sessions": alarm.sessions,
        "began_at": utc_stamp(alarm.began_at),
        "began_before": alarm.began_before,
        "resolved_at": utc_stamp(alarm.resolved_at) if alarm.resolved_at is not None else None,
        "acknowledged_by": by.get_username() if by is not None else "",
        "url": f"{settings.BGPUI_URL}{alarm.get_absolute_url()}" if settings.BGPUI_URL else "",
    }
