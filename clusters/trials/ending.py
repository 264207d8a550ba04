"""The end of a trial: kept, or reverted. Each happens once, whoever asks for it at the same time."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from clusters import clock, nudges
from clusters.edits.saving import Actor, key_of
from clusters.models import ChangeSet, Trial
from clusters.sync import outbox

_REASON = 500
_STANDS = (ChangeSet.State.PENDING, ChangeSet.State.APPLYING, ChangeSet.State.APPLIED)


def trial_keep(*, trial: Trial, actor: Actor) -> bool:
    """What it changed stays; False if it is not in force yet, its time is over, or it has ended."""
    now = clock.now()
    mine = Trial.objects.filter(pk=trial.pk, state=Trial.State.RUNNING, deadline__gt=now).exclude(in_force_at=None)
    values = {"ended_at": now, "ended_by_id": key_of(actor), "reason": f"Confirmed{_by(actor)}."}
    done = bool(mine.update(state=Trial.State.KEPT, **values))
    if done:
        nudges.nudge("resources", trial.change_set.cluster.name)
    return done


def trial_revert(*, trial: Trial, reason: str, actor: Actor = None) -> bool:
    """Turn its change set around; False if it has ended, or is taken back already.

    A worker that is still at it must not write its outcome over this.
    """
    reason = reason[:_REASON]
    turned = {"state": ChangeSet.State.ROLLING_BACK, "fence": F("fence") + 1, "attempts": 0, "message": reason}
    turned |= dict.fromkeys(("lease_until", "retry_at", "settled_at"))
    ended = {"state": Trial.State.REVERTED, "reason": reason, "ended_at": clock.now(), "ended_by_id": key_of(actor)}
    mine = ChangeSet.objects.filter(pk=trial.pk, state__in=_STANDS, trial__state=Trial.State.RUNNING)
    # The change set first, as a worker does that settles it: they never wait for each other.
    with transaction.atomic():
        if not mine.update(**turned):
            return False
        if not Trial.objects.filter(pk=trial.pk, state=Trial.State.RUNNING).update(**ended):
            transaction.set_rollback(True)  # somebody else ended it
            return False
        outbox.enqueue_set(trial.change_set)
    nudges.nudge("resources", trial.change_set.cluster.name)
    return True


def reverted_by(actor: Actor) -> str:
    """The reason of a revert that somebody asks for."""
    return f"Asked for{_by(actor)}."


def _by(actor: Actor) -> str:
    return f" by {actor.get_username()}" if actor is not None else ""
