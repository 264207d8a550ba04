"""Writing what was observed: only what changed, in bulk, and never over something newer."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from clusters.models import Cluster, NodeEvent
from clusters.observing import QUIET_INTERVAL, reports_are_watched
from clusters.retention import expire
from clusters.watched import reading_interval
from intent.sessions import IntendedSession
from speakers.changes import Changes, changes
from speakers.counters.keeping import due, points_write
from speakers.losses import watched
from speakers.models import Gap, Session, Speaker, Transition
from speakers.selectors import EVERY, MISSES_UNKNOWN, SESSION_FIELDS, session_rows
from speakers.sweep import Observation
from speakers.totals import transitions_count
from speakers.unchanged import Look, different, keep, looks

BATCH = 500  # rows of one statement
_NODES = 100  # of one transaction
_TRIES = 3
RETRY_LIMIT = 300.0  # seconds, give or take a fifth
_HEAR = (  # Django's bulk_update takes ten times as long
    "UPDATE speakers_speaker SET observed_at = %s, attempted_at = %s, retry_at = %s, asked_at = %s, duration_ms = %s,"
    " misses = %s, error = %s, frr_version = %s, source = %s, every = %s WHERE id = %s"
)


@dataclass(slots=True)
class Written:
    """How many rows were written. turned: speakers that are late, became unknown, or were heard again.

    unanswered: nodes that did not answer, or were not asked again yet.
    """

    sessions: int = 0
    removed: int = 0
    transitions: int = 0
    speakers: int = 0
    turned: int = 0
    unanswered: int = 0

    def __iadd__(self, other: Written) -> Written:
        for name in ("sessions", "removed", "transitions", "speakers", "turned", "unanswered"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    @property
    def visible(self) -> bool:
        """Whether a page of sessions looks different now."""
        return bool(self.sessions or self.removed or self.transitions or self.turned)


@dataclass(slots=True)
class _Plan:
    """What one transaction is to write, and `read`: the state of the speakers that it was decided on."""

    cluster: int
    speakers: list[Speaker] = field(default_factory=list)
    read: dict[int, datetime | None] = field(default_factory=dict)
    changes: dict[int, Changes] = field(default_factory=dict)
    turned: set[int] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    counted: list[Observation] = field(default_factory=list)
    looks: Mapping[str, Look] = field(default_factory=dict)


def observations_write(
    *,
    cluster: Cluster,
    observations: Sequence[Observation],
    expected: Mapping[str, Sequence[IntendedSession]],
) -> Written:
    """Bring the rows of the observed nodes up to date.

    expected: what should run, by node. The rows are compared without a lock; the transaction that writes then makes
    sure that nobody wrote the same speaker meanwhile, else the comparison is repeated. An observation that is not newer
    than what is known of its node is dropped, and so is one of a node that has no speaker any more.
    """
    written = Written()
    for start in range(0, len(observations), _NODES):
        waiting = {seen.node: seen for seen in observations[start : start + _NODES]}
        for _ in range(_TRIES):
            plan = _plan(cluster, waiting, expected)
            overtaken = _write(plan, written) if plan.speakers else set()
            if not overtaken:
                break
            waiting = {node: seen for node, seen in waiting.items() if node in overtaken}
    return written


def _plan(
    cluster: Cluster, waiting: Mapping[str, Observation], expected: Mapping[str, Sequence[IntendedSession]]
) -> _Plan:
    speakers = {row.node: row for row in Speaker.objects.filter(cluster=cluster, node__in=waiting).order_by("pk")}
    plan = _Plan(cluster.pk, looks=looks(cluster.pk, waiting, expected))
    rows = session_rows(cluster.pk, different(cluster.pk, waiting, plan.looks))
    for node, seen in waiting.items():
        speaker = speakers.get(node)
        if speaker is None or (speaker.attempted_at is not None and speaker.attempted_at >= seen.at):
            continue
        plan.read[speaker.pk] = speaker.attempted_at
        if node in rows:
            plan.changes[speaker.pk] = changes(speaker, rows[node], seen, expected.get(node, ()))
        before = _silence(speaker)
        if not seen.skipped:
            plan.gaps += _gap(speaker, seen)
            plan.counted += [seen] if seen.answer and due(seen.node, speaker.observed_at, seen.at) else []
            _hear(speaker, seen, every=_every(cluster, seen))
            if before != _silence(speaker):
                plan.turned.add(speaker.pk)
        plan.speakers.append(speaker)
    return plan


def _gap(speaker: Speaker, seen: Observation) -> list[Gap]:
    """The time since its last answer, if that is too long for its sessions to be known in between."""
    heard = speaker.observed_at
    if not seen.heard or heard is None or watched(speaker, seen.at):
        return []
    return [Gap(cluster_id=speaker.cluster_id, node=speaker.node, began_at=heard, ended_at=seen.at)]


def _silence(speaker: Speaker) -> str:
    """What its misses make of its sessions: "", late or unknown."""
    if speaker.observed_at is None or speaker.misses >= MISSES_UNKNOWN:
        return "unknown"
    return "late" if speaker.misses else ""


def _every(cluster: Cluster, seen: Observation) -> int:
    """How rarely such answers come: what is reported is as old as the last look at it, unless a stream brings it."""
    quiet = int(QUIET_INTERVAL) if cluster.observing == Cluster.Observing.QUIET else 0
    read = seen.source == Speaker.Source.STATUS and not reports_are_watched(cluster)
    seconds = reading_interval(cluster) if read else 0.0
    rare = 0 if seconds <= settings.BGPUI_SWEEP_INTERVAL else next((n for n in EVERY if n >= seconds), EVERY[-1])
    return max(quiet, rare)


def _hear(speaker: Speaker, seen: Observation, *, every: int) -> None:
    speaker.attempted_at = seen.at
    if seen.some:
        return
    speaker.duration_ms, speaker.error = seen.duration_ms, seen.error[:500]
    if seen.duration_ms is not None:
        speaker.asked_at = seen.asked_at or seen.at
    if seen.heard:
        speaker.observed_at, speaker.misses, speaker.retry_at = seen.at, 0, None
        speaker.source, speaker.every = seen.source, every
        speaker.frr_version = (seen.answer.version if seen.answer else "") or speaker.frr_version
        return
    speaker.retry_at = seen.at + timedelta(seconds=QUIET_INTERVAL) if seen.forbidden else None
    if seen.resting:
        speaker.misses = 0
        return
    speaker.misses = min(speaker.misses + 1, 10_000)
    if speaker.misses >= MISSES_UNKNOWN and speaker.pod and not seen.kept_out:
        doublings = min(speaker.misses - MISSES_UNKNOWN + 1, 10)
        pause = min(settings.BGPUI_SWEEP_INTERVAL * 2**doublings, RETRY_LIMIT)
        speaker.retry_at = seen.at + timedelta(seconds=pause * random.uniform(0.8, 1.2))  # noqa: S311


def _write(plan: _Plan, written: Written) -> set[str]:
    """Write the plan in one transaction but for the speakers that moved since; these are returned by node."""
    with transaction.atomic():
        locked = Speaker.objects.select_for_update().filter(pk__in=plan.read).order_by("pk")
        now = dict(locked.values_list("pk", "attempted_at"))
        same = [row for row in plan.speakers if row.pk in now and now[row.pk] == plan.read[row.pk]]
        parts = [plan.changes[row.pk] for row in same if row.pk in plan.changes]
        save = [row for part in parts for row in part.save]
        remove = [row for part in parts for row in part.remove]
        lines = [line for part in parts for line in part.transitions]
        if remove:
            Session.objects.filter(pk__in=[row.pk for row in remove]).delete()
        sessions_save(save)
        Transition.objects.bulk_create(lines, batch_size=BATCH)
        transitions_count(lines)
        nodes = {row.node for row in same}
        Gap.objects.bulk_create([gap for gap in plan.gaps if gap.node in nodes], batch_size=BATCH)
        heard = [row for row in same if row.attempted_at != plan.read[row.pk]]
        _speakers_hear(heard)
        moved = {row.speaker_id for row in (*save, *remove)} | {row.pk for row in same if row.pk in plan.turned}
        if moved:
            Speaker.objects.filter(pk__in=moved).update(revision=F("revision") + 1)
    keep(plan.cluster, plan.looks, [row.node for row in same if not plan.changes.get(row.pk)])
    names = {row.node for row in heard}
    points_write(plan.cluster, [seen for seen in plan.counted if seen.node in names])
    written.sessions += len(save)
    written.removed += len(remove)
    written.transitions += len(lines)
    written.speakers += len(heard)
    written.turned += sum(row.pk in plan.turned for row in same)
    return {row.node for row in plan.speakers if row.pk in now and now[row.pk] != plan.read[row.pk]}


def sessions_save(rows: Sequence[Session]) -> None:
    """Upsert session rows by cluster, node, VRF and neighbor; every row has its primary key then."""
    Session.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["cluster", "node", "vrf", "neighbor"],
        update_fields=SESSION_FIELDS,
    )


def _speakers_hear(rows: Sequence[Speaker]) -> None:
    """What was heard of rows that are there; one statement for each, in one go."""
    adapt = cache(connection.ops.adapt_datetimefield_value)  # most of a row's are one moment
    values = [
        (
            *(adapt(at) if at else None for at in (row.observed_at, row.attempted_at, row.retry_at, row.asked_at)),
            *(row.duration_ms, row.misses, row.error, row.frr_version, row.source, row.every, row.pk),
        )
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_HEAR, values)


def observed_expire(*, before: datetime) -> int:
    """Delete history from before a time; returns how much."""
    gone = expire(Gap.objects.filter(ended_at__lt=before)) + expire(NodeEvent.objects.filter(at__lt=before))
    return gone + expire(Transition.objects.filter(at__lt=before))
