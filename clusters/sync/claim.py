"""A row in the hands of one worker: claimed by a conditional UPDATE, and what became of it written the same way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from clusters import clock
from clusters.kube.redact import mask_as_before
from clusters.manifest import Object
from clusters.models import Change, Resource, SyncState
from clusters.registry import rows_of
from clusters.sync.columns import following, live_columns
from clusters.sync.decide import Edit
from clusters.sync.drift import drift_settle
from clusters.sync.held import holder_of
from clusters.sync.others import met_save
from clusters.sync.owners import looked_after_by
from clusters.sync.references import references_write
from clusters.sync.takes import take_drop, takes_of

_MARGIN = timedelta(seconds=5)
_SENT_LIMIT = 50  # edits in flight that are looked at; more have never been sent at once


class Lost(Exception):
    """Another worker has the row now; nothing more may be written."""


class Fate(Enum):
    """What became of an edit."""

    IN_SYNC = auto()
    GONE = auto()
    REJECTED = auto()
    CONFLICT = auto()
    LATER = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """live: the object as last seen, None = none; seen: whether it was looked at; delay: of LATER, in seconds.

    written: of CONFLICT, whether live is what the API server made of the edit.
    """

    fate: Fate
    live: Object | None = None
    seen: bool = True
    words: str = ""
    delay: float = 0.0
    written: bool = False

    @property
    def met(self) -> bool:
        """Whether live is what others made of the object, which the edit is in conflict with."""
        return self.fate is Fate.CONFLICT and self.seen and not self.written


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a row as long as its fence is this one."""

    row: Resource

    @property
    def _mine(self) -> QuerySet[Resource]:
        return rows_of(self.row.KIND.kind).filter(pk=self.row.pk, fence=self.row.fence)

    def renew(self) -> None:
        """Hold on for one more request. Raises Lost."""
        if not self._mine.update(lease_until=lease()):
            raise Lost

    def edit(self) -> Edit:
        """The claimed edit."""
        row = self.row
        sent = Change.objects.filter(cluster=row.cluster_id, kind=row.KIND.kind, namespace=row.namespace, name=row.name)
        sent = sent.filter(revision__gt=row.applied_revision, revision__lt=row.revision).order_by("-revision")
        sent = sent.filter(at__gte=row.created_at)  # an earlier object of this name had revisions of its own
        seen = (row.live or {}).get("metadata") or {}
        return Edit(
            kind=row.KIND,
            desired=None if row.deleting else row.manifest,
            base=row.base,
            keeps_password=row.inline_password,
            sent=tuple(sent.values_list("after", flat=True)[:_SENT_LIMIT]),
            deletion_seen=bool(seen.get("deletionTimestamp")),
            take=takes_of(row.cluster, [row.ref]).get(row.ref) if looked_after_by(row.live or {}) else None,
        )

    def settle(self, outcome: Outcome) -> None:
        """Write what became of the edit and let go of the row. Raises Lost."""
        now, revision = clock.now(), self.row.revision
        if outcome.live is not None:
            mask_as_before(outcome.live, self.row.live)
        free: dict[str, Any] = {"lease_until": None}
        live = live_columns(outcome.live) if outcome.seen else {}
        if outcome.fate is Fate.LATER:
            retry_at = now + timedelta(seconds=outcome.delay)
            done = self._mine.update(**free, **live, retry_at=retry_at, sync_message=outcome.words, sync_at=now)
        elif outcome.fate is Fate.GONE:
            done = self._mine.filter(revision=revision).delete()[0] or self._overtaken(outcome)
        elif outcome.fate is Fate.IN_SYNC:
            values = following(self.row, outcome.live) | self.row.derived(outcome.live) | {"applied_revision": revision}
            done = self._mine.filter(revision=revision).update(**values) or self._overtaken(outcome)
        else:
            state = SyncState.REJECTED if outcome.fate is Fate.REJECTED else SyncState.CONFLICT
            values = free | live | {"sync_state": state, "sync_message": outcome.words, "sync_at": now}
            values |= {"applied_revision": revision, "attempts": 0, "retry_at": None}
            values |= {"deleting": False, "refused_deletion": self.row.deleting}
            done = self._refused(values, outcome) or self._mine.update(**free)
        if not done:
            raise Lost
        if outcome.fate is not Fate.LATER:
            references_write(self.row.cluster, [self.row.ref])
        if outcome.fate in (Fate.IN_SYNC, Fate.GONE):
            drift_settle(self.row.cluster, self.row.ref, outcome.live)

    def _refused(self, values: dict[str, Any], outcome: Outcome) -> int:
        """Write it, unless there is a newer edit by now; a take-over that is rejected does not count."""
        with transaction.atomic():
            done = self._mine.filter(revision=self.row.revision).update(**values)
            if done and outcome.fate is Fate.REJECTED:
                take_drop(self.row.cluster, self.row.ref)
            elif done and outcome.met:
                met_save(self.row, outcome.live)
        return done

    def _overtaken(self, outcome: Outcome) -> int:
        """There is a newer edit by now: what this one made is what that one starts from."""
        values = live_columns(outcome.live) | {"base": outcome.live, "applied_revision": self.row.revision}
        return self._mine.update(**values, lease_until=None, attempts=0, retry_at=None)


def claim(kind: str, pk: int, *, change_set: int | None = None) -> Claim | None:
    """Take a row that is due and free; None if there is nothing to do or somebody is at it.

    change_set: whoever works on this one may take the rows that it holds, and no others.
    """
    now = clock.now()
    row = rows_of(kind).select_related("cluster").filter(pk=pk).first()
    if row is None or not row.pending:
        return None
    if any(at is not None and at > now for at in (row.lease_until, row.retry_at)):
        return None
    if holder_of(row) != change_set:
        return None
    unchanged = rows_of(kind).filter(pk=pk, fence=row.fence, revision=row.revision)
    if not unchanged.update(fence=row.fence + 1, lease_until=lease(), attempts=row.attempts + 1):
        return None
    row.fence, row.attempts = row.fence + 1, row.attempts + 1
    return Claim(row)


def lease() -> datetime:
    """When a worker that sends one more request now is presumed dead."""
    return clock.now() + timedelta(seconds=settings.BGPUI_API_TIMEOUT) + _MARGIN
