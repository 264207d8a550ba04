"""What the API server says of an edit with dryRun=All: nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from clusters.doors import door_of
from clusters.edits.edit import Edit, PlainEdit, with_edits
from clusters.kube.errors import AlreadyExists, Conflict, KubeError, NotFound, Rejected
from clusters.kube.plain import NOT_OURS, made_here, states
from clusters.kube.rooms import refusal, strangers_in
from clusters.manifest import Object, has_inline_password, merge_patch, same
from clusters.selectors import snapshot_of
from intent import rules
from intent.findings import ObjectRef

_CHANGED = "The object was changed in the cluster since it was read. Open it again: it shows what stands now."
_THERE = "An object of this name is in the cluster already, and not as it is written here. Leave it out, or rename it."
_GONE = "The object is gone from the cluster since it was read. Open its list again; to have it back, make it anew."


@dataclass(frozen=True, slots=True)
class DryRun:
    """The API server's answer in its own words; accepted None = it could not be asked.

    independent: False if it cannot judge this object before others of the same change are in force.
    """

    accepted: bool | None
    message: str
    independent: bool = True


UNASKED = DryRun(accepted=None, message="")


def dry_run(edit: Edit | PlainEdit, beside: Sequence[Edit | PlainEdit] = ()) -> DryRun:
    """Ask about one edit; beside: all edits of the same change."""
    made = {other.name for other in beside if other.ref.kind == "Namespace" and other.manifest is not None}
    if edit.namespace in made and edit.ref.kind != "Namespace":
        text = f"Cannot be tried before: its namespace {edit.namespace} is made by this change."
        return DryRun(accepted=None, message=text, independent=False)
    answer = _asked(lambda: _try_plain(edit) if isinstance(edit, PlainEdit) else _try(edit))
    if answer.accepted is False and isinstance(edit, Edit) and len(beside) > 1:
        others = _clashes_with(edit, {other.ref for other in beside} - {edit.ref})
        if others:
            names = ", ".join(str(ref) for ref in others[:3])
            text = f"Cannot be tried before {names} of this change is in force: {answer.message}"
            return DryRun(accepted=None, message=text, independent=False)
    return answer


def _clashes_with(edit: Edit, refs: Collection[ObjectRef]) -> list[ObjectRef]:
    """Which of these objects, as the cluster holds them, would forbid this edit if it were the only one.

    MetalLB's webhooks look at all objects of a kind: those that clash with any other forbid every edit.
    """
    before = snapshot_of(edit.cluster)
    there = {resource.ref for resource in before.resources}.intersection(refs)
    beside = {ref for ref in there if ref.kind == edit.ref.kind}
    found = rules.blocking(rules.check(with_edits([edit], before), {edit.ref} | beside))
    clashing = (f.objects for f in found if edit.ref in f.objects or len(f.objects) > 1)
    return sorted({ref for objects in clashing for ref in there.intersection(objects)})


def _asked(attempt: Callable[[], None]) -> DryRun:
    try:
        attempt()
    except AlreadyExists:
        return DryRun(accepted=False, message="An object of this name has appeared in the cluster meanwhile.")
    except Conflict:
        return DryRun(accepted=False, message=_CHANGED)
    except Rejected as error:
        return DryRun(accepted=False, message=error.message)
    except KubeError as error:
        return DryRun(accepted=None, message=error.message)
    return DryRun(accepted=True, message="")


def _try(edit: Edit) -> None:
    """Ask, and once more if others only wrote the status since the object was seen."""
    live = edit.live
    try:
        _send(edit, live)
    except AlreadyExists:
        raise
    except (Conflict, NotFound) as error:
        if live is None:
            raise
        fresh = door_of(edit.cluster).get(edit.kind, edit.namespace, edit.name)
        if fresh is None:
            raise Rejected(_GONE) from None
        if isinstance(error, NotFound) or not same(edit.kind, live, fresh):
            raise
        _send(edit, fresh)


def _send(edit: Edit, live: Object | None) -> None:
    door = door_of(edit.cluster)
    if edit.manifest is None or edit.recreate:  # a new object of this name cannot be tried while the old one is there
        if live is not None:
            metadata = live["metadata"]
            state = {"uid": metadata["uid"], "resource_version": metadata["resourceVersion"]}
            door.delete(edit.kind, edit.namespace, edit.name, dry_run=True, **state)
    elif live is None:
        door.create(edit.kind, edit.manifest, dry_run=True)
    else:
        patch = merge_patch(live, edit.manifest)
        if has_inline_password(live) and not edit.inline_password:
            patch.setdefault("spec", {})["password"] = None
        patch.setdefault("metadata", {})["resourceVersion"] = live["metadata"]["resourceVersion"]
        door.merge(edit.kind, edit.namespace, edit.name, patch, dry_run=True)


def _try_plain(edit: PlainEdit) -> None:
    door, namespace = door_of(edit.cluster), edit.namespace if edit.kind.namespaced else None
    live = door.get(edit.kind, namespace, edit.name)
    if edit.manifest is None:
        if live is not None and not made_here(live):
            raise Rejected(NOT_OURS)
        if live is not None:
            if edit.ref.kind == "Namespace" and (strangers := strangers_in(door, edit.name)):
                raise Rejected(refusal(edit.name, strangers))
            state = {"uid": live["metadata"]["uid"], "resource_version": live["metadata"]["resourceVersion"]}
            door.delete(edit.kind, namespace, edit.name, dry_run=True, **state)
    elif live is None:
        door.create(edit.kind, edit.manifest, dry_run=True)
    elif not states(live, edit.manifest):
        raise Rejected(_THERE)
