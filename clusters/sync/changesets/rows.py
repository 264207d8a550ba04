"""An item whose object has a row: its edit is claimed, decided and applied as any other, and turned around."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from clusters.changes import change_of
from clusters.doors import door_of
from clusters.kube.errors import KubeError
from clusters.manifest import Object, plain
from clusters.models import ChangeSetItem, Resource, SyncState
from clusters.registry import rows_of
from clusters.sync import decide
from clusters.sync.apply import attempt, pause
from clusters.sync.changesets.claim import SetClaim
from clusters.sync.changesets.trial import reverted_for
from clusters.sync.claim import Claim, Fate, Lost, Outcome, claim
from clusters.sync.columns import desired_columns, following, live_columns
from clusters.sync.decide import Edit, Step
from clusters.sync.others import met_save
from clusters.sync.references import references_write
from intent.kinds import Kind

Action, State = ChangeSetItem.Action, ChangeSetItem.State
_BACK = "Rolled back with its change set."
_MESSAGE = 500  # characters


@dataclass(frozen=True, slots=True)
class ItemClaim(Claim):
    """The right to work on the row, which ends with the right to work on its change set."""

    item: ChangeSetItem
    holder: SetClaim

    def renew(self) -> None:
        """Hold on to both for one more request. Raises Lost."""
        Claim.renew(self)
        self.holder.renew()

    def edit(self) -> Edit:
        """The claimed edit; of an object that is made anew, there or back, its deletion comes first."""
        edit, item = Claim.edit(self), self.item
        anew = item.action == Action.RECREATE and item.state in (State.PENDING, State.TRYING)
        as_left = edit.base is not None and _uid(edit.base) == _uid(item.left)
        back = item.state == State.UNDOING and as_left and _returns_anew(item, edit.kind)
        return replace(edit, desired=None) if anew or back else edit


class RowWork:
    """What can be done about an item and its row."""

    def __init__(self, held: SetClaim, item: ChangeSetItem) -> None:
        self.held, self.item = held, item
        rows = rows_of(item.kind).select_related("cluster").filter(cluster=held.change_set.cluster)
        self.row = rows.filter(namespace=item.namespace, name=item.name).first()
        self.claim: ItemClaim | None = None

    def take(self) -> bool:
        """Claim the row; False if it is held, or waits."""
        if self.row is None:
            return True
        taken = claim(self.item.kind, self.row.pk, change_set=self.held.pk)
        if taken is None:
            return False
        self.row, self.claim = taken.row, ItemClaim(taken.row, self.item, self.held)
        return True

    def apply(self) -> Outcome:
        """Carry the row's edit out. Raises Lost."""
        if self.claim is None:
            return Outcome(Fate.CONFLICT, seen=False, words="bgpui does not know this object any more.")
        return attempt(self.claim)

    def look(self) -> tuple[Step, Outcome]:
        """What is left to do of an edit that was begun, and the outcome if that is nothing."""
        if self.claim is None:
            return Step.CONFLICT, Outcome(Fate.CONFLICT, seen=False, words="bgpui does not know this object any more.")
        edit, row = self.claim.edit(), self.claim.row
        try:
            live = door_of(row.cluster).get(edit.kind, row.namespace, row.name)
        except KubeError as error:
            words = error.message
            return Step.WAIT, Outcome(Fate.LATER, seen=False, words=words, delay=pause(error, row.attempts))
        decision = decide.decide(edit, live)
        fates = {Step.GONE: Fate.GONE, Step.WAIT: Fate.LATER, Step.CONFLICT: Fate.CONFLICT, Step.REFUSED: Fate.CONFLICT}
        fate = fates.get(decision.step, Fate.IN_SYNC)
        outcome = Outcome(fate, live, words=decision.words, delay=2.0)
        begun = self.item.state == State.TRYING and fate is Fate.CONFLICT
        return Step.NEVER if begun and decide.never_in_force(edit, live) else decision.step, outcome

    def keep(self, outcome: Outcome) -> None:
        """Write the outcome to the row. Raises Lost."""
        if self.claim is None:
            return
        if outcome.fate is Fate.GONE and self.claim.edit().desired is None and not self.claim.row.deleting:
            self._write(live_columns(None) | {"base": None, "lease_until": None, "attempts": 0, "retry_at": None})
        else:
            self.claim.settle(outcome)

    def back(self, outcome: Outcome | None = None) -> None:
        """The edit is given up: the row says what the cluster holds, or what it said before. Raises Lost."""
        row = self.row
        if row is None:
            return
        live = outcome.live if outcome is not None and outcome.seen else row.live
        if outcome is None or outcome.met:  # of an edit that was not begun, others made whatever differs
            met_save(row, live, told_since=row.applied_revision if self.item.state == State.UNDOING else None)
        self._change(row, row.revision + 1, row.manifest, plain(live), "Not applied: its change set was taken back.")
        stood = self.item.stood
        if live is None and stood is None:
            rows_of(self.item.kind).filter(pk=row.pk).delete()
            references_write(row.cluster, [row.ref])
            return
        free = {"lease_until": None, "deleting": False, "attempts": 0, "retry_at": None}
        columns = following(row, live) if live is not None else live_columns(None) | free
        self._write(columns | _stood(type(row), stood) | self._settled(row))
        references_write(row.cluster, [row.ref])

    def turn(self) -> bool:
        """Make the row's edit the way back; False if there is nothing to go back from. Raises Lost."""
        item, row = self.item, self.row
        if item.action == Action.CREATE and (row is None or row.live is None or not decide.ours(item.left or {})):
            return False
        base = None if item.state == State.DELETED or item.action == Action.DELETE else item.left
        values: dict[str, Any] = {"base": base, "sync_message": "", "attempts": 0, "retry_at": None}
        values |= {"lease_until": None, "deleting": item.before is None, "refused_deletion": False}
        values |= {"sync_state": SyncState.DELETING if item.before is None else SyncState.PENDING}
        if item.before is not None:
            inline = row.inline_password if row is not None else False
            values |= desired_columns(rows_of(item.kind).model, item.before, inline_password=inline)
        if row is None:
            row = self.row = self._new(values | live_columns(base))
        else:
            self._write(values | {"revision": row.revision + 1, "fence": row.fence + 1})
        self._change(row, row.revision, item.after, item.before, _BACK)
        references_write(row.cluster, [row.ref])
        return True

    def undo(self) -> Outcome:
        """Carry the way back out. Raises Lost."""
        return self.apply()

    def undone(self, outcome: Outcome) -> None:
        """The way back is gone: the row says what it said before. Raises Lost."""
        self.keep(outcome)
        row = self.row
        if row is not None and self.item.stood is not None and outcome.fate is Fate.IN_SYNC:
            self._write(_stood(type(row), self.item.stood))
            references_write(row.cluster, [row.ref])

    def _new(self, values: dict[str, Any]) -> Resource:
        model, item = rows_of(self.item.kind).model, self.item
        row = model(cluster=self.held.change_set.cluster, namespace=item.namespace, name=item.name, revision=1)
        for name, value in values.items():
            setattr(row, name, value)
        row.save(force_insert=True)
        return row

    def _write(self, values: dict[str, Any]) -> None:
        """The row as it was read; nobody else edits it meanwhile, but it may have followed the cluster. Raises Lost."""
        row = self.row
        mine = {} if row is None else {"pk": row.pk, "fence": row.fence, "revision": row.revision}
        if row is None or not rows_of(self.item.kind).filter(**mine).update(**values):
            raise Lost
        for name, value in values.items():
            setattr(row, name, value)

    def _settled(self, row: Resource) -> dict[str, Any]:
        revision = row.revision + 1
        return {"revision": revision, "applied_revision": revision, "fence": row.fence + 1}

    def _change(self, row: Resource, revision: int, before: Object | None, after: Object | None, what: str) -> None:
        change_set = self.held.change_set
        change = change_of(row, before, after, source=change_set.source, revision=revision)
        why = reverted_for(change_set) if what == _BACK else ""
        told = f"Reverted: {why}" if why else what
        change.actor_id, change.message = change_set.actor_id, told[:_MESSAGE]
        change.change_set = change_set
        change.save()


def _uid(obj: Object | None) -> str:
    return str(((obj or {}).get("metadata") or {}).get("uid", ""))


def _returns_anew(item: ChangeSetItem, kind: Kind) -> bool:
    """Whether a field that cannot be changed keeps a recreated object from going back in place."""
    specs = [(state or {}).get("spec") or {} for state in (item.before, item.left)]
    fixed = [field.name for field in kind.fields if field.immutable]
    return item.action == Action.RECREATE and any(
        name in specs[0] and name in specs[1] and specs[0][name] != specs[1][name] for name in fixed
    )


def _stood(model: type[Resource], stood: dict[str, Any] | None) -> dict[str, Any]:
    """The columns of the refused edit that the row held before the change set."""
    if stood is None:
        return {}
    desired = desired_columns(model, stood["manifest"], inline_password=stood["inline_password"])
    refused = {"refused_deletion": stood.get("refused_deletion", False)}  # sets of an older bgpui do not say so
    return desired | refused | {name: stood[name] for name in ("sync_state", "sync_message", "base")}
