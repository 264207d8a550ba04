"""Which nodes are asked what they tell their neighbors, and when: bounded, oldest first, never within the sweep.

A session is looked at again after BGPUI_COMPARE_INTERVAL; sooner if FRR's own counter of prefixes moved, if something
else is meant, or if something differed.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

import redis
from django.conf import settings

from clusters import clock
from clusters.doors import door_of
from clusters.kube.errors import KubeError
from clusters.models import Cluster
from clusters.nudges import connection, nudge
from clusters.observing import QUIET_INTERVAL, Way
from clusters.selectors import is_silent, snapshot_of
from clusters.stale import Refusal, by_node, refusals
from dashboard.turns import target_of
from intent.announcements import Announcement, Announcements
from intent.sessions import IntendedSession
from intent.sessions import sessions as intended_sessions
from speakers.comparison.asking import inquire
from speakers.comparison.inquiry import Inquiry, Key
from speakers.comparison.others import people_prefixes
from speakers.comparison.prefixes import Meant
from speakers.comparison.services import Looked, comparisons_write
from speakers.counts import UP
from speakers.models import Session, Speaker
from speakers.selectors import sessions

_NODES = 100  # that one look asks
_AGAIN = timedelta(seconds=25)  # until what differed, or was not answered, is looked at again
_REST = 9  # times as long as finding out took, nothing is found out again
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A session that is up, with what it is meant to tell."""

    row: Session
    meant: Meant
    digest: str

    @property
    def age(self) -> datetime | None:
        """When it was last tried; None = never."""
        known = getattr(self.row, "comparison", None)
        return known.attempted_at if known is not None else None

    def due(self, now: datetime, again: timedelta) -> bool:
        """Whether it has to be looked at. again: after which time, if something differed; a failure waits as long."""
        known = getattr(self.row, "comparison", None)
        if known is not None and known.error and known.attempted_at + again > now:
            return False
        if known is None or known.compared_at is None or known.attempted_at is None:
            return known is None or known.attempted_at is None or known.attempted_at + again <= now
        if known.digest != self.digest or known.sent != self.row.prefixes_sent:
            return True
        doubtful = bool(known.differences or known.error or known.compared_at < self.row.since)
        every = again if doubtful else timedelta(seconds=settings.BGPUI_COMPARE_INTERVAL)
        return bool(known.attempted_at + every <= now)


def cluster_compare(cluster: Cluster) -> int:
    """Look at what is due in a cluster; how many sessions were looked at."""
    if cluster.observing not in (Way.SWEEP, Way.QUIET) or is_silent(cluster) or not _rested(cluster):
        return 0
    began = time.monotonic()
    by_node_wanted = _wanted(cluster)
    _rest(cluster, time.monotonic() - began)
    now, again = clock.now(), timedelta(seconds=QUIET_INTERVAL) if cluster.observing == Way.QUIET else _AGAIN
    nodes: Collection[Sequence[_Wanted]] = by_node_wanted.values()
    if cluster.observing == Way.QUIET:  # whatever moved: one look a node and minute
        nodes = [some for some in nodes if not any(one.age and one.age + again > now for one in some)]
    due = [some for some in nodes if any(one.due(now, again) for one in some)]
    due.sort(key=lambda some: min((one.age.timestamp() if one.age else 0.0) for one in some))
    return _look(cluster, due[:_NODES]) if due else 0


def _wanted(cluster: Cluster) -> dict[str, list[_Wanted]]:
    """By node: all sessions that are up now, and intended."""
    up = sessions(cluster=cluster).filter(intended=True, health__in=UP).exclude(speaker__pod="")
    up = up.filter(speaker__source=Speaker.Source.VTYSH, speaker__misses=0)  # who else was heard says no families
    rows = list(up.select_related("speaker", "comparison").order_by("node", "vrf", "neighbor"))
    if not rows:
        return {}
    snapshot = snapshot_of(cluster)
    announcements, intended = Announcements(snapshot), intended_sessions(snapshot)
    digests, others = _Digests(), people_prefixes(snapshot)
    stale = by_node(refusals(cluster))
    found: dict[str, list[_Wanted]] = defaultdict(list)
    by_key: dict[str, dict[Key, IntendedSession]] = {}
    announced: dict[str, dict[str, tuple[Announcement, ...]]] = {}
    for row in rows:
        if row.node not in by_key:
            by_key[row.node] = {(one.vrf, one.neighbor): one for one in intended.get(row.node, ())}
            announced[row.node] = announcements.on(row.node)
        session = by_key[row.node].get((row.vrf, row.neighbor))
        if session is None:
            continue
        told = announced[row.node].get(session.peer, ())
        meant = Meant(
            session,
            digests.table(told),
            others.get((row.node, row.vrf), ()),
            row.differs,
            _words(stale.get((cluster.pk, row.node), ())),
            frozenset(row.families),
        )
        found[row.node].append(_Wanted(row, meant, digests.of(told)))
    return found


def _words(why: Sequence[Refusal]) -> str:
    return why[0].finding.message if why else ""


class _Digests:
    """Tables of announcements that many sessions share, each digested once."""

    def __init__(self) -> None:
        self._tables: dict[int, tuple[tuple[Announcement, ...], dict[str, Announcement]]] = {}
        self._digests: dict[int, str] = {}

    def table(self, announced: tuple[Announcement, ...]) -> dict[str, Announcement]:
        """By prefix."""
        if id(announced) not in self._tables:
            self._tables[id(announced)] = announced, {each.prefix: each for each in announced}
        return self._tables[id(announced)][1]

    def of(self, announced: tuple[Announcement, ...]) -> str:
        """Differs for others."""
        self.table(announced)
        if id(announced) not in self._digests:
            text = "\n".join(f"{one.prefix} {one.local_pref} {one.communities}" for one in announced)
            self._digests[id(announced)] = blake2b(text.encode(), digest_size=16).hexdigest()
        return self._digests[id(announced)]


def _look(cluster: Cluster, nodes: Iterable[Sequence[_Wanted]]) -> int:
    asked: dict[str, tuple[Speaker, Inquiry, Sequence[_Wanted]]] = {}
    for some in nodes:
        inquiry = Inquiry({(one.row.vrf, one.row.neighbor): one.meant for one in some})
        asked[some[0].row.node] = some[0].row.speaker, inquiry, some
    targets = {target_of(speaker): inquiry for speaker, inquiry, _ in asked.values()}
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
    by_name = {target.node: reason for target, reason in reasons.items()}
    looks = [look for node, (_, inquiry, some) in asked.items() for look in _looks(inquiry, some, by_name[node])]
    if comparisons_write(cluster.pk, looks, clock.now()):
        nudge("sessions", cluster.name)
    return len(looks)


def _looks(inquiry: Inquiry, some: Sequence[_Wanted], error: str) -> list[Looked]:
    compared = {} if error else inquiry.compared()
    looks = []
    for one in some:
        row, found, why = one.row, compared.get((one.row.vrf, one.row.neighbor)), error
        if found is not None and found.meant and not found.told and row.prefixes_sent:
            # FRR lists nothing of a session that has just gone down
            found, why = None, f"FRR lists no prefix, and counted {row.prefixes_sent} before: it is looked at again"
        looks.append(Looked(row.pk, row.since, one.digest, row.prefixes_sent, found, error=why))
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
