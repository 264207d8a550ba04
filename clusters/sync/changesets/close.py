"""Change sets whose cluster nobody connects to any more: they get their outcome without it."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import F, QuerySet

from clusters import clock
from clusters.kube.plain import PLAIN_KINDS
from clusters.models import ChangeSet, ChangeSetItem, Trial
from clusters.sync.changesets.claim import SetClaim
from clusters.sync.changesets.rows import RowWork
from clusters.sync.claim import Lost

logger = logging.getLogger(__name__)
Item = ChangeSetItem.State
_BEGUN = (Item.TRYING, Item.DELETED, Item.UNDOING)
_UNSURE = "Whether this was done is not known: the connection to the cluster was given up meanwhile."


def sets_close(rows: QuerySet[ChangeSet], reason: str) -> int:
    """Settle those of these sets that are open; what was applied by then stands. Returns how many."""
    closed = sum(_close(change_set, reason) for change_set in rows.filter(state__in=ChangeSet.OPEN))
    # What is on trial stands, and nobody can revert it any more.
    trials = Trial.objects.filter(change_set__in=rows, state=Trial.State.RUNNING)
    trials.update(state=Trial.State.KEPT, reason=reason, ended_at=clock.now())
    return closed


def _close(change_set: ChangeSet, reason: str) -> bool:
    """Whether it was closed; a worker that is still at it must not write its outcome over this."""
    mine = ChangeSet.objects.filter(pk=change_set.pk, fence=change_set.fence, state__in=ChangeSet.OPEN)
    try:
        with transaction.atomic():
            if not mine.update(fence=F("fence") + 1):
                return False
            held = SetClaim(ChangeSet.objects.select_related("cluster").get(pk=change_set.pk))
            stands = [_item_close(held, item) for item in change_set.items.order_by("-position")]
            state = ChangeSet.State.FAILED_ROLLBACK if any(stands) else ChangeSet.State.ROLLED_BACK
            words = f" {held.change_set.message}" if held.change_set.message else ""
            held.settle(state, message=f"{reason}{words}")
    except Lost:
        logger.info("change set %s moved on while it was closed", change_set.pk)
        return False
    return True


def _item_close(held: SetClaim, item: ChangeSetItem) -> bool:
    """Whether something of it may be in force."""
    if item.state == Item.APPLIED:
        return True
    if item.state == Item.PENDING or item.state in _BEGUN:
        work = None if item.kind in PLAIN_KINDS else RowWork(held, item)
        if work is not None:
            work.back()
        begun = item.state in _BEGUN
        held.item(item, state=Item.LEFT if begun else Item.SKIPPED, words=_UNSURE if begun else "")
        return begun
    return item.state == Item.LEFT
