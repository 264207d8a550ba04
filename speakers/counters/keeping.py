"""Writing series: the first answer of a node within its five minutes is a point; two statements for many nodes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from django.db import transaction
from django.db.models import Count, Sum

from clusters.models import Cluster
from clusters.retention import expire
from speakers.counters.packing import SLOT, Day, Place, Values, pack, unpack
from speakers.counters.taking import taken
from speakers.models import CounterDay
from speakers.selectors import sessions
from speakers.sweep import Observation

FLEET = ""  # stands for a node where all of a cluster are meant
HEALTHS = {"up": "up", "degraded": "up", "down": "down", "absent": "down", "unknown": "unknown", "late": "unknown"}
_PHASES = 5  # of the five minutes: not all nodes of a large cluster are written in one sweep


def due(node: str, before: datetime | None, at: datetime) -> bool:
    """Whether an answer is the first one within the node's five minutes. before: when it answered last."""
    shift = zlib.crc32(node.encode()) % _PHASES * (SLOT // _PHASES)
    return before is None or (before.timestamp() - shift) // SLOT < (at.timestamp() - shift) // SLOT


def points_write(cluster_id: int, seen: Iterable[Observation]) -> None:
    """Keep a point of each answer."""
    answers = ((one.node, one.at, taken(one.answer)) for one in seen if one.answer is not None)
    _append(cluster_id, [(node, at, values) for node, at, values in answers if values])


def fleet_write(cluster: Cluster, now: datetime) -> bool:
    """Keep sums of a cluster by VRF and BGPPeer, once within five minutes: sessions by health, and prefixes."""
    if CounterDay.objects.filter(cluster=cluster, node=FLEET, day=_day(now), slot__gte=_slot(now)).exists():
        return False
    rows = sessions(cluster=cluster, now=now).filter(intended=True).order_by()
    sums = rows.values_list("vrf", "peer", "health").annotate(
        Count("pk"), Sum("prefixes_sent"), Sum("prefixes_received")
    )
    found: dict[Place, dict[str, int]] = {}
    for vrf, peer, health, number, sent, received in sums:
        totals = found.setdefault((vrf, peer), {"up": 0, "down": 0, "unknown": 0})
        totals[HEALTHS[health]] += number
        if HEALTHS[health] == "up":
            for name, value in (("prefixes_sent", sent), ("prefixes_received", received)):
                totals[name] = totals.get(name, 0) + (value or 0)
    return _append(cluster.pk, [(FLEET, now, found)])


def _append(cluster_id: int, points: list[tuple[str, datetime, Mapping[Place, Values]]]) -> bool:
    if not points:
        return False
    wanted = {(node, _day(at)) for node, at, _values in points}
    with transaction.atomic():
        rows = CounterDay.objects.select_for_update().filter(
            cluster=cluster_id, node__in={node for node, _ in wanted}, day__in={day for _, day in wanted}
        )
        known = {(row.node, row.day): row for row in rows.order_by("pk")}
        changed = []
        for node, at, values in points:
            row = known.get((node, _day(at))) or CounterDay(cluster_id=cluster_id, node=node, day=_day(at))
            day = unpack(row.points) if row.pk is not None else Day([], [])
            if day.append(_slot(at), values):
                row.points, row.slot = pack(day), _slot(at)
                changed.append(row)
        CounterDay.objects.bulk_create(
            changed,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["cluster", "node", "day"],
            update_fields=["points", "slot"],
        )
    return bool(changed)


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _slot(at: datetime) -> int:
    return int(at.timestamp()) % 86_400 // SLOT


def counters_expire(*, before: datetime) -> int:
    """Delete the days that ended before a time; returns how many rows."""
    return expire(CounterDay.objects.filter(day__lt=_day(before)))
