"""Who wrote what: every change that the API server stored, held against the edits that bgpui has accepted."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from clusters.kube.redact import LAST_APPLIED
from clusters.kube.watch import Event as Told
from intent.kinds import KINDS
from lab.apiserver.storage import Event

KIND = KINDS["BGPPeer"]
US = "bgpui"
State = tuple[str, str | None]


def state_of(manifest: Mapping[str, Any] | None) -> str | None:
    """What an object says, as one text; None = there is none, or it is going."""
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return None
    metadata = manifest["metadata"]
    notes = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != LAST_APPLIED}
    return json.dumps([KIND.canonical(manifest["spec"]), metadata.get("labels") or {}, notes], sort_keys=True)


class Write(NamedTuple):
    """One change of what an object says, and whose it is."""

    by: str
    name: str
    before: str | None
    before_uid: str
    after: str | None
    uid: str


@dataclass(frozen=True)
class Edit:
    """An edit that was accepted. base: what was reviewed; anew: the object had to go first, by the user's own wish.

    there: what the cluster held at that moment; after: how many writes it had seen.
    """

    name: str
    wanted: str | None
    base: str | None
    base_uid: str
    anew: bool
    there: str | None
    after: int


@dataclass
class Ledger:
    """Every write and every accepted edit, in their order."""

    actor: str = US
    writes: list[Write] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)
    """Names whose newest edit was discarded."""
    events: list[Told] = field(default_factory=list)
    """What a watch of the peers brings."""
    seen: set[str] = field(default_factory=set)
    """The uids that rows have ever told."""
    _made: dict[State, str] = field(default_factory=dict)
    _checked: int = 0
    _theirs: set[State] = field(default_factory=set)
    _times: Counter[State] = field(default_factory=Counter)

    def stored(self, event: Event) -> None:
        """The API server has stored a change."""
        gone = event.type == "DELETED"
        new = event.new.manifest
        self.events.append(Told(event.type, copy.deepcopy(new), str(new["metadata"]["resourceVersion"])))
        old = event.old.manifest if event.old is not None else None
        before, after = state_of(old), None if gone else state_of(new)
        if before != after:
            uid = old["metadata"]["uid"] if old is not None else ""
            self.writes.append(Write(self.actor, event.key[1], before, uid, after, new["metadata"]["uid"]))

    def accepted(self, edit: Edit) -> None:
        self.edits.append(edit)
        self.given_up.discard(edit.name)

    def newest(self, name: str) -> Edit | None:
        return next((edit for edit in reversed(self.edits) if edit.name == name), None)

    def check(self) -> None:
        """No edit was written twice, nothing of others was overwritten, nothing came back; of what is new since."""
        new, self._checked = self.writes[self._checked :], len(self.writes)
        for write in new:
            state = write.name, write.after
            if write.by != US:
                self._theirs.add(state)
                continue
            self._times[state] += 1
            asked = [edit for edit in self.edits if (edit.name, edit.wanted) == state]
            assert asked, f"nobody asked for {write}"
            # What was made and deleted again before anybody here saw it or was told cannot be known to have been there.
            unseen = write.before is None and self._made.get(state) not in {None, *self.seen}
            assert self._times[state] <= len(asked) or unseen, f"written twice: {write}"
            self._made[state] = write.uid
            if write.before is None:
                assert any(edit.base is None or edit.anew for edit in asked), f"back again: {write}"
            elif (write.name, write.before) in self._theirs:
                reviewed = {(edit.base, edit.base_uid) for edit in asked}
                assert (write.before, write.before_uid) in reviewed, f"overwrote what nobody had seen: {write}"

    def done(self, edit: Edit) -> bool:
        """Whether it took effect; that an object is gone, whoever deleted it, is what a deletion wants."""
        since = [write for write in self.writes[edit.after :] if write.name == edit.name]
        if edit.wanted is None:
            return edit.there is None or any(write.after is None for write in since)
        return any(write.by == US and write.after == edit.wanted for write in since)
