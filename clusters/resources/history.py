"""Where an object's states differ: a conflict's three sides, and the changes of the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clusters.manifest import FieldDiff, differences
from clusters.models import Change, Resource

_CHANGES = 20


@dataclass(frozen=True, slots=True)
class Clash:
    """A field in a conflict: as it was reviewed, as we want it, as it is now."""

    path: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Event:
    """A change in the history, its differences with it."""

    change: Change
    diff: tuple[FieldDiff, ...]


def clashes(row: Resource) -> list[Clash]:
    """The three-way view of a conflict: every field that we or they changed since it was reviewed."""
    ours = {diff.path: diff for diff in differences(row.KIND, row.base, row.manifest)}
    theirs = {diff.path: diff for diff in differences(row.KIND, row.base, row.live)}
    found = []
    for path in [*ours, *(path for path in theirs if path not in ours)]:
        before = (ours.get(path) or theirs[path]).before
        found.append(Clash(path, before, *(side[path].after if path in side else before for side in (ours, theirs))))
    return found


def history(row: Resource) -> list[Event]:
    """The newest changes, by us and by others."""
    rows = Change.objects.filter(
        cluster_id=row.cluster_id, kind=row.KIND.kind, namespace=row.namespace, name=row.name
    ).select_related("actor")
    return [Event(change, differences(row.KIND, change.before, change.after)) for change in rows[:_CHANGES]]
