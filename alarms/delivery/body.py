"""Alarms as a notice keeps them: as they were when it was decided to tell them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from alarms.models import Alarm
from clusters.words import utc_stamp

KEPT = 200  # alarms of each sort in a notice
_NODES = 10  # names of nodes of an alarm


def body_of(cluster: str, firing: Sequence[Alarm], over: Sequence[Alarm], now: datetime) -> dict[str, Any]:
    """What fires, the worst first, and what is over."""
    found = sorted(firing, key=lambda alarm: (_RANK[alarm.severity], -alarm.size, alarm.pk))
    return {
        "version": 1,
        "test": False,
        "status": "firing" if firing else "resolved",
        "cluster": cluster,
        "at": utc_stamp(now),
        "number_firing": len(firing),
        "number_resolved": len(over),
        "firing": [_told(alarm) for alarm in found[:KEPT]],
        "resolved": [_told(alarm) for alarm in over[:KEPT]],
    }


def body_of_test(who: str, now: datetime) -> dict[str, Any]:
    """Of a notice that only shows that notices get there."""
    empty = body_of("", (), (), now)
    return {**empty, "test": True, "status": "test", "asked_by": who}


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
        "resolved_at": utc_stamp(alarm.resolved_at) if alarm.resolved_at is not None else None,
        "acknowledged_by": by.get_username() if by is not None else "",
        "url": f"{settings.BGPUI_URL}{alarm.get_absolute_url()}" if settings.BGPUI_URL else "",
    }
