"""A pending row to the cluster: read what stands there, decide, write, and keep the answer."""

from __future__ import annotations

import logging

from clusters.doors import door_of
from clusters.kube.client import Door
from clusters.kube.errors import Conflict, KubeError, ManagerConflict, NotFound, Rejected
from clusters.kube.redact import mask_as_before
from clusters.manifest import Object, has_inline_password
from clusters.sync import ownership
from clusters.sync.claim import Claim, Fate, Lost, Outcome, claim
from clusters.sync.decide import Decision, Edit, Step, decide, ownerless, still_held, unmet, written
from clusters.sync.takes import take_moved

logger = logging.getLogger(__name__)
_READS = 5  # of an object that others write at the same time
_WAIT = 2.0  # seconds between two looks at an object that finalizers hold
_LONGEST = 30.0
_ROUNDS = 20  # edits of one row that a task carries out before it lets others have their turn


def apply_pending(kind: str, pk: int) -> list[Fate]:
    """Bring a row's newest edit into the cluster, and those that come in meanwhile; what became of them, in order."""
    fates: list[Fate] = []
    while len(fates) < _ROUNDS and (held := claim(kind, pk)) is not None:
        try:
            outcome = attempt(held)
            held.settle(outcome)
        except Lost:
            logger.info("another worker took over %s %s", kind, pk)
            break
        fates.append(outcome.fate)
        logger.info("%s %s revision %s: %s %s", kind, held.row, held.row.revision, outcome.fate.name, outcome.words)
    return fates


def attempt(held: Claim) -> Outcome:
    """Carry out the claimed edit, as far as it goes now. Raises Lost."""
    try:
        return _carry_out(held, door_of(held.row.cluster))
    except ManagerConflict as error:
        return Outcome(Fate.CONFLICT, seen=False, words=error.message)
    except (Rejected, NotFound) as error:
        return Outcome(Fate.REJECTED, seen=False, words=error.message)
    except KubeError as error:
        return Outcome(Fate.LATER, seen=False, words=error.message, delay=pause(error, held.row.attempts))


def pause(error: KubeError, attempts: int) -> float:
    """Seconds until the next try."""
    return error.retry_after or min(_LONGEST, 2.0 ** min(attempts - 1, 10))


def _carry_out(held: Claim, door: Door) -> Outcome:
    edit, row = held.edit(), held.row
    for _ in range(_READS):
        live = door.get(edit.kind, row.namespace, row.name)
        if live is not None:
            mask_as_before(live, row.live)
        decision = decide(edit, live)
        held.renew()
        try:
            return _act(held, door, edit, live, decision)
        except ManagerConflict:
            raise
        except Conflict as error:
            logger.info("%s %s has changed under the edit, looking again: %s", edit.kind.kind, row, error)
        except NotFound:
            if live is None:  # no such namespace, or no such kind
                raise
    return Outcome(Fate.LATER, seen=False, words="The object changes faster than it can be written.", delay=_WAIT)


def _act(held: Claim, door: Door, edit: Edit, live: Object | None, decision: Decision) -> Outcome:
    step = decision.step
    if step is Step.CREATE and edit.desired is not None:
        return _verified(edit, door.create(edit.kind, edit.desired))
    if live is not None and step is Step.APPLY:
        return _verified(edit, _apply(held, door, edit, live))
    if live is not None and step is Step.DONE and edit.takes(live):
        return Outcome(Fate.IN_SYNC, _taken(held, door, edit, live))
    if live is not None and step is Step.DELETE:
        state = {"uid": live["metadata"]["uid"], "resource_version": live["metadata"]["resourceVersion"]}
        left = door.delete(edit.kind, held.row.namespace, held.row.name, **state)
        return (
            Outcome(Fate.GONE)
            if left is None
            else Outcome(Fate.LATER, left, words=decide(edit, left).words, delay=_WAIT)
        )
    if step is Step.WAIT:
        return Outcome(Fate.LATER, live, words=decision.words, delay=_WAIT)
    fates = {Step.GONE: Fate.GONE, Step.CONFLICT: Fate.CONFLICT, Step.REFUSED: Fate.REJECTED}
    return Outcome(fates.get(step, Fate.IN_SYNC), live, words=decision.words)


def _taken(held: Claim, door: Door, edit: Edit, live: Object) -> Object:
    """The object with the fields that move to us."""
    drops_password, everybody = has_inline_password(live) and not edit.keeps_password, edit.takes(live)
    claimed = ownerless(edit, live)
    operations = ownership.handover(live, with_password=drops_password, everybody=everybody, claimed=claimed) or []
    forgotten = ownership.without_copy(live) if drops_password else []
    if operations or forgotten:
        operations = [*(operations or ownership.at_version(live)), *forgotten]
        live = door.patch(edit.kind, held.row.namespace, held.row.name, operations)
        held.renew()
    if everybody:
        take_moved(held.row.cluster, held.row.ref, str(live["metadata"]["uid"]))
    return live


def _apply(held: Claim, door: Door, edit: Edit, live: Object) -> Object:
    live = _taken(held, door, edit, live)
    metadata = live["metadata"]
    return door.apply(edit.kind, written(edit, live), uid=metadata["uid"], resource_version=metadata["resourceVersion"])


def _verified(edit: Edit, answer: Object) -> Outcome:
    if unmet(edit, answer):
        return Outcome(Fate.CONFLICT, answer, words=still_held(edit, answer), written=True)
    return Outcome(Fate.IN_SYNC, answer)
