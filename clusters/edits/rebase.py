"""An edit on top of what others did meanwhile, field by field: what the edit does not touch follows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.manifest import FieldDiff, Object, differences, has_inline_password, plain, same
from clusters.models import Resource, SyncState
from intent.kinds import Kind
from intent.kinds.field import same as same_value


@dataclass(frozen=True, slots=True)
class Contested:
    """A field that the edit and others changed, and not to the same. None = not set, or removed.

    keys: the way to it, a key of a label or annotation may have dots in it.
    """

    keys: tuple[str, ...]
    base: Any
    mine: Any
    theirs: Any

    @property
    def path(self) -> str:
        """As in "spec.holdTime"."""
        return ".".join(self.keys)

    def named_in(self, patch: object) -> bool:
        """Whether a merge patch says what the field shall be."""
        for key in self.keys:
            if not isinstance(patch, Mapping):
                return True  # replaces all that is below
            if key not in patch:
                return False
            patch = patch[key]
        return True


@dataclass(frozen=True, slots=True)
class Rebased:
    """manifest: the edit on top of theirs; a contested field is in it as the edit wants it.

    followed: the fields that are as others made them, since the edit did not touch them.
    """

    manifest: Object
    contested: tuple[Contested, ...] = ()
    followed: tuple[FieldDiff, ...] = ()


def rebase(kind: Kind, base: Mapping[str, Any] | None, mine: Object, theirs: Mapping[str, Any]) -> Rebased:
    """What `mine` made of `base` (None = there was nothing), done to `theirs`."""
    if base is not None and same(kind, plain(base), plain(theirs)):
        return Rebased(mine)
    contested: list[Contested] = []
    merged = _merged((), _rooms(kind, base), _rooms(kind, mine), _rooms(kind, theirs), contested)
    metadata = {name: value for name, value in mine.get("metadata", {}).items() if name not in merged["metadata"]}
    metadata |= {name: value for name, value in merged["metadata"].items() if value}
    manifest = {**mine, "metadata": metadata, "spec": merged["spec"]}
    return Rebased(manifest, tuple(contested), differences(kind, mine, manifest))


def refused(row: Resource) -> bool:
    """Whether the row holds an edit that the cluster did not take."""
    return not row.pending and row.sync_state in (SyncState.REJECTED, SyncState.CONFLICT)


def standing(row: Resource) -> Object | None:
    """What an edit starts from: what the row says, and beside a refused edit what the cluster holds, None = nothing."""
    return plain(row.live) if refused(row) else row.manifest


def newest(row: Resource) -> Rebased:
    """What the row says, a refused edit on top of what the cluster holds by now."""
    if not refused(row) or row.live is None:
        return Rebased(row.manifest)
    return rebase(row.KIND, row.base, row.manifest, row.live)


def keeps_inline_password(row: Resource) -> bool:
    """Whether an edit that says nothing of a password leaves one in the object."""
    untouched = row.inline_password == has_inline_password(row.base)
    return has_inline_password(row.live) if refused(row) and untouched else row.inline_password


def _rooms(kind: Kind, obj: Mapping[str, Any] | None) -> Object:
    clean = plain(obj) or {"metadata": {}, "spec": {}}
    metadata = {room: clean["metadata"].get(room, {}) for room in ("labels", "annotations")}
    return {"spec": kind.canonical(clean["spec"]), "metadata": metadata}


def _merged(
    keys: tuple[str, ...],
    base: Mapping[str, Any],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    contested: list[Contested],
) -> Object:
    merged: Object = {}
    for name in dict.fromkeys((*mine, *theirs)):
        for value in _value((*keys, name), base.get(name), mine.get(name), theirs.get(name), contested):
            merged[name] = value
    return merged


def _value(keys: tuple[str, ...], base: Any, mine: Any, theirs: Any, contested: list[Contested]) -> Iterator[Any]:
    """The field's value, nothing if it is not set; canonical objects hold no null."""
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        yield _merged(keys, base if isinstance(base, Mapping) else {}, mine, theirs, contested)
        return
    kept = theirs if same_value(base, mine) else mine
    if not (same_value(base, mine) or same_value(base, theirs) or same_value(mine, theirs)):
        contested.append(Contested(keys, base, mine, theirs))
    if kept is not None:
        yield kept
