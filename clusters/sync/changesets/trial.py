"""The trial of a change set, where it follows what becomes of that."""

from __future__ import annotations

from datetime import timedelta

from clusters import clock
from clusters.models import ChangeSet, Trial

_REASON = 500
NOT_APPLIED = "It did not come into force."


def trial_settled(change_set: ChangeSet) -> None:
    """In the transaction that settles it: the window begins when it is in force; if it is not, the trial is over."""
    running = Trial.objects.filter(pk=change_set.pk, state=Trial.State.RUNNING)
    now = clock.now()
    if change_set.state != ChangeSet.State.APPLIED:
        reason = change_set.message[:_REASON] or NOT_APPLIED
        running.update(state=Trial.State.VOID, reason=reason, ended_at=now)
        return
    window = running.values_list("window", flat=True).first()
    if window is not None:
        running.update(in_force_at=now, deadline=now + timedelta(seconds=window))


def reverted_for(change_set: ChangeSet) -> str:
    """Why its trial was ended by a revert, "" = it was not."""
    found = Trial.objects.filter(pk=change_set.pk, state=Trial.State.REVERTED)
    return found.values_list("reason", flat=True).first() or ""
