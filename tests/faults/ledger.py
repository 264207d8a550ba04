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


@dataclass(frozen=True)
class Edit:
    """An edit that was accepted. base: what was reviewed; anew: the object had to go first, by the user's own wish."""

    name: str
    wanted: str | None
    base: str | None
    base_uid: str
    anew: bool


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
    _writer_of: dict[tuple[str, str | None], str] = field(default_factory=dict)

    def stored(self, event: Event) -> None:
        """The API server has stored a change."""
        gone = event.type == "DELETED"
        new = event.new.manifest
        self.events.append(Told(event.type, copy.deepcopy(new), str(new["metadata"]["resourceVersion"])))
        old = event.old.manifest if event.old is not None else None
        before, after = state_of(old), None if gone else state_of(new)
        if before != after:
            uid = old["metadata"]["uid"] if old is not None else ""
            self.writes.append(Write(self.actor, event.key[1], before, uid, after))

    def accepted(self, edit: Edit) -> None:
        self.edits.append(edit)
        self.given_up.discard(edit.name)

    def newest(self, name: str) -> Edit | None:
        return next((edit for edit in reversed(self.edits) if edit.name == name), None)

    def check(self) -> None:
        """No edit was written twice, nothing of others was overwritten, nothing came back."""
        theirs: set[tuple[str, str | None]] = set()
        times: Counter[tuple[str, str | None]] = Counter()
        for write in self.writes:
            if write.by != US:
                theirs.add((write.name, write.after))
                continue
            times[write.name, write.after] += 1
            asked = [edit for edit in self.edits if (edit.name, edit.wanted) == (write.name, write.after)]
            assert asked, f"nobody asked for {write}"
            assert times[write.name, write.after] <= len(asked), f"written twice: {write}"
            reviewed = {(edit.base, edit.base_uid) for edit in asked}
            if write.before is None:
                ours_to_make = any(edit.base is None or edit.anew for edit in asked)
                assert ours_to_make, f"back again: {write}"
            elif (write.name, write.before) in theirs:
                assert (write.before, write.before_uid) in reviewed, f"overwrote what nobody had seen: {write}"

    def took_effect(self, edit: Edit) -> bool:
        return any(write.by == US and (write.name, write.after) == (edit.name, edit.wanted) for write in self.writes)
