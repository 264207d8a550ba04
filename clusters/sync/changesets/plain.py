"""An item of a plain Kubernetes kind: it has no row, so its item alone says where it stands."""

from __future__ import annotations

from clusters.doors import door_of
from clusters.kube.errors import AlreadyExists, Conflict, KubeError, NotFound, Rejected
from clusters.kube.plain import NOT_OURS, PLAIN_KINDS, change_set_of, made_here, marked, states
from clusters.kube.rooms import refusal, strangers_in
from clusters.manifest import Object, plain
from clusters.models import ChangeSetItem
from clusters.sync.apply import pause
from clusters.sync.changesets.claim import SetClaim
from clusters.sync.claim import Fate, Outcome
from clusters.sync.decide import Step, finalizers

Action, State = ChangeSetItem.Action, ChangeSetItem.State
_READS = 5  # of an object whose status others write all the time
_WAIT = 2.0


class PlainWork:
    """What can be done about such an item: make it if it is not there, remove it if bgpui has made it."""

    def __init__(self, held: SetClaim, item: ChangeSetItem) -> None:
        self.held, self.item = held, item
        self.kind = PLAIN_KINDS[item.kind]
        self.namespace = item.namespace if self.kind.namespaced else None
        self.door = door_of(held.change_set.cluster)

    def take(self) -> bool:
        """Nobody else works on it."""
        return True

    def apply(self) -> Outcome:
        """Carry the item out. Raises Lost."""
        return self._answered(self.item.after if self.item.action != Action.DELETE else None)

    def look(self) -> tuple[Step, Outcome]:
        """What is left to do of an edit that was begun, and the outcome if that is nothing."""
        try:
            live = self._live()
        except KubeError as error:
            return Step.WAIT, self._later(error)
        if self.item.action == Action.DELETE:
            if live is None:
                return Step.GONE, Outcome(Fate.GONE)
            going = live["metadata"].get("deletionTimestamp")
            fate = Fate.LATER if going else Fate.IN_SYNC
            return (Step.WAIT if going else Step.DELETE), Outcome(fate, live, words=finalizers(live), delay=_WAIT)
        if live is None or not self._mine(live):
            return Step.CREATE, Outcome(Fate.IN_SYNC, live)
        return Step.DONE, Outcome(Fate.IN_SYNC, live)

    def keep(self, outcome: Outcome) -> None:
        """The item says it all."""

    def back(self, outcome: Outcome | None = None) -> None:
        """Nothing was written."""

    def turn(self) -> bool:
        """Whether there is something to go back from: what this change set has made, or removed."""
        if self.item.action == Action.DELETE:
            return self.item.before is not None
        return self._mine(self.item.left or {})

    def undo(self) -> Outcome:
        """Go back. Raises Lost."""
        if self.item.action == Action.DELETE:
            return self._answered(self.item.before)
        within = self.held.change_set.items.filter(namespace=self.item.name, state=State.LEFT)
        if self.item.kind == "Namespace" and within.exists():  # its deletion would take them along
            return Outcome(Fate.CONFLICT, words="It stays, for what is left in it.")
        return self._answered(None)

    def undone(self, outcome: Outcome) -> None:
        """The item says it all."""

    def _mine(self, live: Object) -> bool:
        return change_set_of(live) == str(self.held.pk)

    def _live(self) -> Object | None:
        return self.door.get(self.kind, self.namespace, self.item.name)

    def _later(self, error: KubeError) -> Outcome:
        return Outcome(Fate.LATER, words=error.message, delay=pause(error, self.held.change_set.attempts))

    def _answered(self, wanted: Object | None) -> Outcome:
        try:
            for _ in range(_READS):
                try:
                    live = self._live()
                    self.held.renew()
                    return self._create(live, wanted) if wanted is not None else self._delete(live)
                except (Conflict, AlreadyExists):
                    continue  # written by others between look and write
        except (Rejected, NotFound) as error:
            return Outcome(Fate.REJECTED, words=error.message)
        except KubeError as error:
            return self._later(error)
        return Outcome(Fate.LATER, words="The object changes faster than it can be written.", delay=_WAIT)

    def _create(self, live: Object | None, wanted: Object) -> Outcome:
        if live is None:
            return Outcome(Fate.IN_SYNC, self.door.create(self.kind, marked(wanted, self.held.pk)))
        if live["metadata"].get("deletionTimestamp"):
            return Outcome(Fate.LATER, live, words=finalizers(live), delay=_WAIT)
        if states(live, wanted):
            return Outcome(Fate.IN_SYNC, live)
        return Outcome(Fate.CONFLICT, live, words="An object of this name is there already, and it is another one.")

    def _delete(self, live: Object | None) -> Outcome:
        if live is None:
            return Outcome(Fate.GONE)
        if live["metadata"].get("deletionTimestamp"):
            return Outcome(Fate.LATER, live, words=finalizers(live), delay=_WAIT)
        if not made_here(live):
            return Outcome(Fate.REJECTED, live, words=NOT_OURS)
        left = self.item.left if self.item.state == State.UNDOING else None
        if left is not None and (left["metadata"].get("uid") != live["metadata"]["uid"] or not states(live, left)):
            return Outcome(Fate.CONFLICT, live, words="Changed in the cluster meanwhile.")
        if self.item.kind == "Namespace" and (strangers := strangers_in(self.door, self.item.name)):
            return Outcome(Fate.REJECTED, live, words=refusal(self.item.name, strangers))
        state = {"uid": live["metadata"]["uid"], "resource_version": live["metadata"]["resourceVersion"]}
        if self.item.action == Action.DELETE:  # only now it is known what has to come back, should it have to
            self.held.item(self.item, before=plain(live))
        held = self.door.delete(self.kind, self.namespace, self.item.name, **state)
        return Outcome(Fate.GONE) if held is None else Outcome(Fate.LATER, held, words=finalizers(held), delay=_WAIT)
