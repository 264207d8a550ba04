"""What to do about a pending edit, from what the cluster holds right now. Pure: no requests, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from clusters.kube.redact import INLINE_PASSWORD, LAST_APPLIED
from clusters.kube.writing import FIELD_MANAGER
from clusters.manifest import FieldDiff, Object, differences, plain, same
from clusters.paths import joined
from clusters.sync import ownership
from clusters.sync.owners import looked_after_by
from clusters.sync.takes import Take, is_taken
from intent.kinds import Kind

_SHOWN = 8  # fields that a message names


class Step(Enum):
    """The next thing to do with an edit."""

    DONE = auto()  # in force already
    CREATE = auto()
    APPLY = auto()
    DELETE = auto()
    WAIT = auto()  # for finalizers
    GONE = auto()  # deleted, as asked
    ADOPT = auto()  # deleted, as asked, and made anew by others since
    CONFLICT = auto()
    NEVER = auto()  # a conflict with what others wrote, and the edit was not in force before
    REFUSED = auto()  # the object is looked after by a tool


@dataclass(frozen=True, slots=True)
class Decision:
    """A step, and for CONFLICT, REFUSED and WAIT the words why."""

    step: Step
    words: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A pending edit of one object.

    desired: None = it shall go. base: the object that was reviewed, None = there was none. keeps_password: an inline
    password stays as it is. sent: the states of newer edits than the last confirmed one, which a worker may have
    written without being able to tell; None = a deletion. deletion_seen: the cluster has begun to delete the object.
    take: that an administrator took it over from its owner, None = nobody did.
    """

    kind: Kind
    desired: Object | None
    base: Object | None
    keeps_password: bool = False
    sent: Sequence[Object | None] = ()
    deletion_seen: bool = False
    take: Take | None = None

    def takes(self, live: Object) -> bool:
        """Whether the fields of the object's owner are still to be moved to us."""
        return self.take is not None and not self.take.moved and is_taken(self.take, live)


def decide(edit: Edit, live: Object | None) -> Decision:
    """The next step, live being the object as just read."""
    if edit.desired is None:
        return _deletion(edit, live)
    if live is not None:
        return _update(edit, live)
    if edit.base is None or None in edit.sent:
        return Decision(Step.CREATE)
    return Decision(Step.CONFLICT, "The object was deleted in the cluster meanwhile.")


def _update(edit: Edit, live: Object) -> Decision:
    if live["metadata"].get("deletionTimestamp"):
        if None in edit.sent:
            return Decision(Step.WAIT, finalizers(live))
        return Decision(Step.CONFLICT, "The object is being deleted in the cluster.")
    if in_force(edit, live):
        return Decision(Step.DONE)
    return _contested(edit, live) or Decision(Step.APPLY)


def in_force(edit: Edit, live: Object) -> bool:
    """Whether the cluster holds what the edit wants, whoever wrote it."""
    if edit.base is None and not ours(live):
        return same(edit.kind, live, _goal(edit, live))
    if edit.base is not None and same(edit.kind, edit.base, _goal(edit, edit.base)):
        return same(edit.kind, edit.base, live)  # it confirms what was reviewed; what others added since was not
    return not unmet(edit, live)


def unmet(edit: Edit, live: Object) -> list[FieldDiff]:
    """What is not as the edit wants it: a value that is another, or a field that was cleared and is still there.

    Fields that a webhook has added are no failure.
    """
    cleared = tuple(_paths(edit.kind, edit.base))
    found = differences(edit.kind, live, _goal(edit, live))
    return [diff for diff in found if diff.after is not None or _within(diff.path, cleared)]


def still_held(edit: Edit, live: Object) -> str:
    """In words, which fields did not become what they should, and who holds them."""
    parts = []
    for diff in unmet(edit, live)[:_SHOWN]:
        others = ", ".join(ownership.holders(live, diff.path))
        parts.append(f"{diff.path}{f' (held by {others})' if others else ''}")
    return f"Applied, but not in force: {', '.join(parts)}."


def ownerless(edit: Edit, live: Object) -> tuple[str, ...]:
    """The fields of the spec that the edit clears and that nobody owns: a conversion between versions has set them."""
    gone = [diff.path for diff in unmet(edit, live) if diff.after is None and diff.path.startswith("spec.")]
    everybody = ownership.managers(live) if gone else ()
    return tuple(path for path in gone if everybody and not any(ownership.holds(one, path) for one in everybody))


def written(edit: Edit, live: Object) -> Object:
    """What to apply: the desired object without what only others own and this edit does not touch.

    Owning such fields, too, would keep them alive when their owner lets go of them.
    """
    if edit.desired is None:
        raise ValueError("a deletion applies nothing")
    changed = {diff.path for diff in differences(edit.kind, live, _goal(edit, live))}
    desired = plain(edit.desired) or {}
    metadata = dict(desired["metadata"])
    for room in ("labels", "annotations"):
        values = {
            name: value
            for name, value in metadata.pop(room, {}).items()
            if name != LAST_APPLIED and ((at := joined(("metadata", room, name))) in changed or not _theirs(live, at))
        }
        metadata |= {room: values} if values else {}
    return {**desired, "metadata": metadata}


def _deletion(edit: Edit, live: Object | None) -> Decision:
    if live is None:
        return Decision(Step.GONE)
    base_uid = ((edit.base or {}).get("metadata") or {}).get("uid")
    if base_uid and live["metadata"].get("uid") != base_uid:
        if edit.deletion_seen:
            return Decision(Step.ADOPT)
        return Decision(Step.CONFLICT, "The object was deleted and made anew by others; the new one stays.")
    if live["metadata"].get("deletionTimestamp"):
        return Decision(Step.WAIT, finalizers(live))
    return _contested(edit, live) or Decision(Step.DELETE)


def _as_reviewed(edit: Edit, live: Object) -> bool:
    """Whether the object is the one that was reviewed, or what we ourselves made of it since."""
    if edit.base is not None:
        if edit.base["metadata"].get("uid") != live["metadata"].get("uid"):
            return False
        if same(edit.kind, edit.base, live):
            return True
    return any(state is not None and same(edit.kind, _with_mark(state, live), live) for state in edit.sent)


def _changed(edit: Edit, live: Object) -> str:
    if edit.base is None:
        return "An object of this name has appeared in the cluster meanwhile."
    if edit.base["metadata"].get("uid") != live["metadata"].get("uid"):
        return "The object was deleted and made anew by others."
    paths = [diff.path for diff in differences(edit.kind, edit.base, live)]
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    by = ownership.writer_of(edit.base, live, paths)
    return f"Changed in the cluster meanwhile{f' by {by}' if by else ''}: {', '.join(paths[:_SHOWN])}{more}."


def _contested(edit: Edit, live: Object) -> Decision | None:
    """Why the object may not be written: it is not what was reviewed, or not ours to write."""
    if not _as_reviewed(edit, live):
        return Decision(Step.CONFLICT, _changed(edit, live))
    owner = "" if is_taken(edit.take, live) else looked_after_by(live)
    return Decision(Step.REFUSED, f"{owner} looks after this object; make the change there.") if owner else None


def never_in_force(edit: Edit, live: Object | None) -> bool:
    """Whether it can be proved, of an object that is not as the edit wants it, that the edit was not written before.

    An API server counts each change of a spec in metadata.generation, so that a single one since the review, which is
    not this edit, leaves no room for it.
    """
    if live is None:
        return edit.desired is not None  # others have deleted what there was
    if edit.base is None:
        return not ours(live)
    if edit.base["metadata"].get("uid") != live["metadata"].get("uid"):
        return False
    if edit.desired is None or same(edit.kind, edit.base, live):
        return True
    counts = [obj["metadata"].get("generation") for obj in (edit.base, live)]
    counted = all(isinstance(count, int) for count in counts) and edit.desired.get("spec") != edit.base.get("spec")
    return counted and counts[1] - counts[0] <= 1


def ours(live: Object) -> bool:
    """Whether we have written the object."""
    return any(manager.name == FIELD_MANAGER for manager in ownership.managers(live))


def _theirs(live: Object, path: str) -> bool:
    """Whether somebody holds the field, and we and people's tools, whose fields move to us, do not."""
    holders = ownership.holders(live, path)
    mine = any(manager.name == FIELD_MANAGER and ownership.holds(manager, path) for manager in ownership.managers(live))
    return bool(holders) and not mine and not any(ownership.is_persons(name) for name in holders)


def _goal(edit: Edit, live: Object) -> Object | None:
    """The desired object, with the inline password that it leaves alone."""
    return _with_mark(edit.desired, live) if edit.desired is not None and edit.keeps_password else edit.desired


def _with_mark(state: Object, live: Object) -> Object:
    """Audit entries have no mark for an inline password; it is not what tells such a state."""
    mark = live.get(INLINE_PASSWORD)
    return {**state, INLINE_PASSWORD: mark} if mark else state


def _paths(kind: Kind, obj: Mapping[str, Any] | None) -> set[str]:
    return {diff.path for diff in differences(kind, None, obj)} if obj is not None else set()


def _within(path: str, paths: tuple[str, ...]) -> bool:
    """Whether a path is one of these, or leads into one."""
    return any(path == known or path.startswith((f"{known}.", f"{known}[")) for known in paths)


def finalizers(live: Object) -> str:
    """In words, what a deletion waits for."""
    names = ", ".join(str(name) for name in live["metadata"].get("finalizers") or ())
    return (
        f"Deleted; it goes when these finalizers are done: {names}."
        if names
        else "Deleted; the cluster is removing it."
    )
