"""One step after the other: try all, apply in order, and take back in reverse if one object is refused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import monotonic

from django.db import transaction

from clusters import nudges
from clusters.kube.plain import PLAIN_KINDS
from clusters.models import ChangeSetItem
from clusters.sync.changesets.claim import SetClaim, State, claim_set
from clusters.sync.changesets.plain import PlainWork
from clusters.sync.changesets.rows import RowWork
from clusters.sync.changesets.tryout import try_all
from clusters.sync.claim import Fate, Lost, Outcome
from clusters.sync.decide import Step

logger = logging.getLogger(__name__)
Item = ChangeSetItem.State
Action = ChangeSetItem.Action
_TURN = 40.0  # seconds; then others have their turn, and the next task goes on
_BUSY = 1.0
# MetalLB's speakers collect changes for 3 seconds (--bgp-debounce-timeout) before they act on what stands then: an
# object that comes back sooner was never gone for them.
GONE_FOR = 6.0
_REFUSED = {Fate.REJECTED: Item.REFUSED, Fate.CONFLICT: Item.CONFLICT}


def apply_set(pk: int) -> bool:
    """Bring a change set as far as it goes now; False if there was nothing to do."""
    held = claim_set(pk)
    if held is None:
        return False
    deadline, told = monotonic() + _TURN, monotonic()
    try:
        while (step := _STEPS.get(held.change_set.state)) is not None:
            if not step(held):
                return True
            if monotonic() > deadline:
                held.write(lease_until=None)
                return True
            if monotonic() - told > 1:
                told = monotonic()
                nudges.nudge("resources", held.change_set.cluster.name)
    except Lost:  # also when a row has only moved on: then the next task goes on at once
        words = "has changed under the worker" if held.let_go() else "is another worker's now"
        logger.info("change set %s %s", pk, words)
    logger.info("change set %s: %s %s", pk, held.change_set.state, held.change_set.message)
    return True


def _work(held: SetClaim, item: ChangeSetItem) -> RowWork | PlainWork:
    return PlainWork(held, item) if item.kind in PLAIN_KINDS else RowWork(held, item)


def _apply_next(held: SetClaim) -> bool:
    """Apply the next item; False if the change set has to wait."""
    item = held.first(Item.PENDING, Item.TRYING, Item.DELETED)
    if item is None:
        held.settle(State.APPLIED, message="")
        return True
    work = _work(held, item)
    if not work.take():
        held.wait(_BUSY, held.change_set.message)
        return False
    if item.state == Item.PENDING:
        held.item(item, state=Item.TRYING)
    outcome = work.apply()
    with transaction.atomic():
        held.renew()
        return _kept(held, item, work, outcome)


def _kept(held: SetClaim, item: ChangeSetItem, work: RowWork | PlainWork, outcome: Outcome) -> bool:
    """Write what became of an item; False if the change set has to wait."""
    if outcome.fate is Fate.LATER:
        work.keep(outcome)
        held.wait(outcome.delay, f"{item.ref}: {outcome.words}")
        return False
    if outcome.fate in _REFUSED:
        if item.state == Item.DELETED:  # it has to come back, which needs its row
            work.keep(Outcome(Fate.LATER, seen=False, words=outcome.words))
            held.item(item, words=outcome.words)
        else:
            work.back(outcome)
            held.item(item, state=_REFUSED[outcome.fate], words=outcome.words)
        held.write(state=State.ROLLING_BACK, message=f"{item.ref}: {outcome.words}", attempts=0)
        return True
    work.keep(outcome)
    if item.action == Action.RECREATE and item.state == Item.TRYING:
        held.item(item, state=Item.DELETED)
        held.write(attempts=0)
        held.wait(GONE_FOR, f"{item.ref} is deleted; MetalLB's speakers are given time to see that.")
        return False
    held.item(item, state=Item.APPLIED, left=outcome.live, words="")
    held.write(attempts=0, message="")
    return True


def _undo_next(held: SetClaim) -> bool:
    """Take back the last item that is in force; False if the change set has to wait."""
    item = held.last(Item.PENDING, Item.TRYING, Item.DELETED, Item.APPLIED, Item.UNDOING)
    if item is None:
        left = held.change_set.items.filter(state=Item.LEFT).exists()
        held.settle(State.FAILED_ROLLBACK if left else State.ROLLED_BACK)
        return True
    return _UNDO[Item(item.state)](held, item, _work(held, item))


def _skip(held: SetClaim, item: ChangeSetItem, work: RowWork | PlainWork) -> bool:
    with transaction.atomic():
        held.renew()
        work.back()
        held.item(item, state=Item.SKIPPED)
    return True


def _sort_out(held: SetClaim, item: ChangeSetItem, work: RowWork | PlainWork) -> bool:
    """An item that was begun: is it in force, or not, or did somebody else write the object since?"""
    if not work.take():
        return _pause(held, _BUSY)
    step, outcome = work.look()
    if step is Step.WAIT:
        with transaction.atomic():
            work.keep(outcome)
            return _pause(held, outcome.delay)
    with transaction.atomic():
        held.renew()
        if step in (Step.CONFLICT, Step.REFUSED):
            work.back(outcome)
            held.item(item, state=Item.LEFT, words=outcome.words)
        elif step is Step.NEVER:
            work.back(outcome)
            held.item(item, state=Item.CONFLICT, words=f"It was not in force. {outcome.words}")
        elif step in (Step.DONE, Step.GONE, Step.ADOPT):
            work.keep(outcome)
            deleted = item.action == Action.RECREATE and item.state == Item.TRYING
            held.item(item, state=Item.DELETED if deleted else Item.APPLIED, left=outcome.live)
        elif item.state == Item.DELETED:
            work.turn()
            held.item(item, state=Item.UNDOING)
        else:
            work.back(outcome)
            held.item(item, state=Item.SKIPPED)
    return True


def _turn(held: SetClaim, item: ChangeSetItem, work: RowWork | PlainWork) -> bool:
    with transaction.atomic():
        held.renew()
        if work.turn():
            held.item(item, state=Item.UNDOING)
        else:
            held.item(item, state=Item.UNDONE, words="It was there before, or is gone already.")
    return True


def _undo(held: SetClaim, item: ChangeSetItem, work: RowWork | PlainWork) -> bool:
    if not work.take():
        return _pause(held, _BUSY)
    outcome = work.undo()
    with transaction.atomic():
        held.renew()
        if outcome.fate is Fate.LATER:
            work.keep(outcome)
            return _pause(held, outcome.delay)
        if outcome.fate in _REFUSED:
            work.back(outcome)
            held.item(item, state=Item.LEFT, words=outcome.words)
        elif outcome.fate is Fate.GONE and item.before is not None:  # half of the way back: it is made anew next
            work.keep(outcome)
            held.write(attempts=0)
            return _pause(held, GONE_FOR)
        else:
            work.undone(outcome)
            held.item(item, state=Item.UNDONE)
        held.write(attempts=0)
    return True


def _pause(held: SetClaim, delay: float) -> bool:
    """The reason why it is rolled back stays the message; why it waits stands with the object."""
    held.wait(delay, held.change_set.message)
    return False


_UNDO: Mapping[Item, Callable[[SetClaim, ChangeSetItem, RowWork | PlainWork], bool]] = {
    Item.PENDING: _skip,
    Item.TRYING: _sort_out,
    Item.DELETED: _sort_out,
    Item.APPLIED: _turn,
    Item.UNDOING: _undo,
}
_STEPS: Mapping[str, Callable[[SetClaim], bool]] = {
    State.PENDING: try_all,
    State.APPLYING: _apply_next,
    State.ROLLING_BACK: _undo_next,
}
