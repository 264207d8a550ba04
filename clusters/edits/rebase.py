"""An edit on top of what others did meanwhile, field by field: what the edit does not touch follows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from clusters.manifest import FieldDiff, Object, differences, has_inline_password, plain, same
from clusters.models import Resource, SyncState
from clusters.paths import joined
from intent.kinds import Field, Kind
from intent.kinds.field import same as same_value

Side = Literal["mine", "theirs"]
SIDES: tuple[Side, ...] = ("mine", "theirs")
Choices = Mapping[str, Side]  # by path
_NONE: Choices = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Contested:
    """A field that the edit or others changed, and not to the same. None = not set, or removed.

    keys: the way to it, a key of a label or annotation may have dots in it.
    """

    keys: tuple[str, ...]
    base: Any
    mine: Any
    theirs: Any

    @property
    def path(self) -> str:
        """As in "spec.holdTime"."""
        return joined(self.keys)

    @property
    def changed_by(self) -> str:
        """mine, theirs, or both."""
        if same_value(self.base, self.theirs):
            return "mine"
        return "theirs" if same_value(self.base, self.mine) else "both"

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
    """manifest: the edit on top of theirs; a contested field is in it as the edit wants it, or as it was chosen.

    contested: what both changed, and nobody has chosen for. followed: the fields that are as others made them.
    sides: every field in which mine and theirs differ.
    """

    manifest: Object
    contested: tuple[Contested, ...] = ()
    followed: tuple[FieldDiff, ...] = ()
    sides: tuple[Contested, ...] = ()


def rebase(
    kind: Kind, base: Mapping[str, Any] | None, mine: Object, theirs: Mapping[str, Any], choices: Choices = _NONE
) -> Rebased:
    """What `mine` made of `base` (None = there was nothing), done to `theirs`. choices: whose value a field gets."""
    if base is not None and not choices and same(kind, plain(base), plain(theirs)):
        return Rebased(mine)
    merge = _Merge(frozenset(_atomic(kind.fields, ("spec",))), choices)
    merged = merge.mappings((), _rooms(kind, base), _rooms(kind, mine), _rooms(kind, theirs))
    metadata = {name: value for name, value in mine.get("metadata", {}).items() if name not in merged["metadata"]}
    metadata |= {name: value for name, value in merged["metadata"].items() if value}
    manifest = {**mine, "metadata": metadata, "spec": merged["spec"]}
    asked = tuple(one for one in merge.sides if one.changed_by == "both" and one.path not in choices)
    return Rebased(manifest, asked, differences(kind, mine, manifest), tuple(merge.sides))


def sides_of(kind: Kind, base: Mapping[str, Any] | None, mine: Object, theirs: Object) -> tuple[Contested, ...]:
    """Every field in which an edit and what stands differ; an inline password is not looked at."""
    merge = _Merge(frozenset(_atomic(kind.fields, ("spec",))), _NONE)
    merge.mappings((), _rooms(kind, base), _rooms(kind, mine), _rooms(kind, theirs))
    order = {one.name: index for index, one in enumerate(kind.fields)}
    return tuple(sorted(merge.sides, key=lambda one: order.get(one.keys[1], len(order))))


def refused(row: Resource) -> bool:
    """Whether the row holds an edit that the cluster did not take."""
    return not row.pending and row.sync_state in (SyncState.REJECTED, SyncState.CONFLICT)


def standing(row: Resource) -> Object | None:
    """What an edit starts from: what the row says, and beside a refused edit what the cluster holds, None = nothing."""
    return plain(row.live) if refused(row) else row.manifest


def newest(row: Resource) -> Rebased:
    """What the row says, a refused edit on top of what the cluster holds by now; of a refused deletion just that."""
    if not refused(row) or row.live is None:
        return Rebased(row.manifest)
    if row.refused_deletion:
        return Rebased(standing(row) or row.manifest)
    return rebase(row.KIND, row.base, row.manifest, row.live)


def keeps_inline_password(row: Resource) -> bool:
    """Whether an edit that says nothing of a password leaves one in the object."""
    untouched = row.inline_password == has_inline_password(row.base)
    return has_inline_password(row.live) if refused(row) and untouched else row.inline_password


def _rooms(kind: Kind, obj: Mapping[str, Any] | None) -> Object:
    clean = plain(obj) or {"metadata": {}, "spec": {}}
    metadata = {room: clean["metadata"].get(room, {}) for room in ("labels", "annotations")}
    return {"spec": kind.canonical(clean["spec"]), "metadata": metadata}


def _atomic(fields: Iterable[Field], keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The ways to the maps that are written as a whole (x-kubernetes-map-type: atomic)."""
    for one in fields:
        if one.map_type == "atomic":
            yield (*keys, one.name)
        else:
            yield from _atomic(one.properties, (*keys, one.name))


@dataclass(slots=True)
class _Merge:
    """A merge of three states at work. sides: the fields in which mine and theirs differ, as they are met."""

    atomic: frozenset[tuple[str, ...]]
    choices: Choices
    sides: list[Contested] = field(default_factory=list)

    def mappings(
        self, keys: tuple[str, ...], base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> Object:
        """The merged fields; those that are not set are absent."""
        names = dict.fromkeys((*mine, *theirs))
        values = {n: self._value((*keys, n), base.get(n), mine.get(n), theirs.get(n)) for n in names}
        return {name: value for name, value in values.items() if value is not None}

    def _value(self, keys: tuple[str, ...], base: Any, mine: Any, theirs: Any) -> Any:
        """The field's value, None = it is not set; canonical objects hold no null."""
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping) and keys not in self.atomic:
            return self.mappings(keys, base if isinstance(base, Mapping) else {}, mine, theirs)
        if same_value(mine, theirs):
            return mine
        one = Contested(keys, base, mine, theirs)
        self.sides.append(one)
        side = self.choices.get(one.path) or ("theirs" if one.changed_by == "theirs" else "mine")
        return theirs if side == "theirs" else mine
