"""Which nodes are asked what they tell their neighbors, and when: bounded, oldest first, never within the sweep.

A session is looked at again after BGPUI_COMPARE_INTERVAL; sooner if FRR's own counter of prefixes moved, if something
else is meant, or if something differed.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

import redis
from django.conf import settings
from django.db.models import F

from clusters import clock
from clusters.doors import door_of
from clusters.kube.errors import KubeError
from clusters.models import Cluster
from clusters.nudges import connection, nudge
from clusters.observing import QUIET_INTERVAL, Way
from clusters.selectors import is_silent
from dashboard.meant import Intentions
from dashboard.turns import target_of
from speakers.comparison.asking import inquire
from speakers.comparison.inquiry import Inquiry
from speakers.comparison.services import Looked, comparisons_write
from speakers.frr.commands import vrf_unfit
from speakers.models import Session, Speaker
from speakers.reach import UP
from speakers.selectors import sessions
from speakers.sweep import Target

_NODES = 100  # that one look asks
_AGAIN = timedelta(seconds=25)  # until what differed, or was not answered, is looked at again
_REST = 9  # times as long as finding out took, nothing is found out again
log = logging.getLogger(__name__)


class _Known(NamedTuple):
    """A session that is up, and what the last look at it gave; None = there was none."""

    pk: int
    node: str
    vrf: str
    neighbor: str
    since: datetime
    prefixes_sent: int | None
    attempted_at: datetime | None
    compared_at: datetime | None
    error: str | None
    digest: str | None
    sent: int | None
    differences: int | None

    def due(self, now: datetime, again: timedelta, digest: str) -> bool:
        """Whether it has to be looked at. again: after which time, if something differed; a failure waits as long.

        digest: of what it is meant to tell now.
        """
        if self.attempted_at is None:
            return True
        if vrf_unfit(self.vrf):  # that is known now, and does not change
            return False
        if self.error and self.attempted_at + again > now:
            return False
        if self.compared_at is None:
            return self.attempted_at + again <= now
        if self.digest != digest or self.sent != self.prefixes_sent:
            return True
        doubtful = bool(self.differences or self.error or self.compared_at < self.since)
        every = again if doubtful else timedelta(seconds=settings.BGPUI_COMPARE_INTERVAL)
        return self.attempted_at + every <= now


class Wanted(NamedTuple):
    """A session that is up and intended, and the digest of what it is meant to tell."""

    known: _Known
    digest: str


def cluster_compare(cluster: Cluster) -> int:
    """Look at what is due in a cluster; how many sessions were looked at."""
    if cluster.observing not in (Way.SWEEP, Way.QUIET) or is_silent(cluster) or not _rested(cluster):
        return 0
    began = time.monotonic()
    intentions = Intentions(cluster)
    by_node = wanted(cluster, intentions)
    _rest(cluster, time.monotonic() - began)
    now, again = clock.now(), timedelta(seconds=QUIET_INTERVAL) if cluster.observing == Way.QUIET else _AGAIN
    nodes: Iterable[Sequence[Wanted]] = by_node.values()
    if cluster.observing == Way.QUIET:  # whatever moved: one look a node and minute
        nodes = [some for some in nodes if not any(_age(one) + again.total_seconds() > now.timestamp() for one in some)]
    due = [some for some in nodes if any(one.known.due(now, again, one.digest) for one in some)]
    due.sort(key=lambda some: min(map(_age, some)))
    return _look(cluster, intentions, due[:_NODES]) if due else 0


def _age(one: Wanted) -> float:
    """When it was last tried; 0 = never."""
    return one.known.attempted_at.timestamp() if one.known.attempted_at else 0.0


def wanted(cluster: Cluster, intentions: Intentions) -> dict[str, list[Wanted]]:
    """By node: all sessions that are up now, and intended. A cluster may have very many: no row is made an object."""
    up = sessions(cluster=cluster).filter(intended=True, health__in=UP).exclude(speaker__pod="")
    up = up.filter(speaker__source=Speaker.Source.VTYSH, speaker__misses=0)  # who else was heard says no families
    last = [f"comparison__{name}" for name in ("attempted_at", "compared_at", "error", "digest", "sent")]
    differences = F("comparison__missing") + F("comparison__extra") + F("comparison__attributes")
    own = ("pk", "node", "vrf", "neighbor", "since", "prefixes_sent")
    rows = up.order_by("node", "vrf", "neighbor").values_list(*own, *last, differences)
    found: dict[str, list[Wanted]] = {}
    for node, some in groupby(map(_Known._make, rows.iterator(chunk_size=5000)), key=lambda row: row.node):
        digests = intentions.digests_on(node)
        intended = [Wanted(row, digests[row.vrf, row.neighbor]) for row in some if (row.vrf, row.neighbor) in digests]
        if intended:
            found[node] = intended
    return found


def _look(cluster: Cluster, intentions: Intentions, nodes: Sequence[Sequence[Wanted]]) -> int:
    rows = Session.objects.select_related("speaker").in_bulk([one.known.pk for some in nodes for one in some])
    asked: dict[str, tuple[Target, Inquiry, Sequence[Wanted]]] = {}
    for some in nodes:
        here = [row for one in some if (row := rows.get(one.known.pk)) is not None]
        if here:
            node = here[0].node
            meant = {key: one for key, one in intentions.meant_on(node, here).items() if not vrf_unfit(key[0])}
            asked[node] = target_of(here[0].speaker), Inquiry(meant), some
    targets = {target: inquiry for target, inquiry, _ in asked.values() if inquiry.meant}
    try:
        reasons = asyncio.run(
            inquire(
                door_of(cluster).connection,
                targets,
                concurrency=settings.BGPUI_EXEC_CONCURRENCY,
                seconds=settings.BGPUI_EXEC_TIMEOUT,
            )
        )
    except KubeError as error:
        reasons = dict.fromkeys(targets, error.message)
    looks = [
        look for target, inquiry, some in asked.values() for look in _looks(inquiry, some, reasons.get(target, ""))
    ]
    if comparisons_write(cluster.pk, looks, clock.now()):
        nudge("sessions", cluster.name)
    return len(looks)


def _looks(inquiry: Inquiry, some: Sequence[Wanted], error: str) -> list[Looked]:
    compared = {} if error else inquiry.compared()
    looks = []
    for row, digest in some:
        found, why = compared.get((row.vrf, row.neighbor)), vrf_unfit(row.vrf) or error
        if found is not None and found.meant and not found.told and row.prefixes_sent:
            # FRR lists nothing of a session that has just gone down
            found, why = None, f"FRR lists no prefix, and counted {row.prefixes_sent} before: it is looked at again"
        looks.append(Looked(row.pk, row.since, digest, row.prefixes_sent, found, error=why))
    return looks


def _rested(cluster: Cluster) -> bool:
    """Whether finding out may begin again; without Redis it may."""
    try:
        return not connection().exists(f"bgpui:compare:{cluster.pk}")
    except redis.RedisError:
        return True


def _rest(cluster: Cluster, seconds: float) -> None:
    try:
        if (rest := math.ceil(seconds * _REST * 1000)) > 0:
            connection().set(f"bgpui:compare:{cluster.pk}", b"1", px=rest)
    except redis.RedisError as error:
        log.warning("comparisons are not paced: %s", error)
