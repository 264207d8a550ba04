"""The changes of an object in the past, with their differences."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.manifest import FieldDiff, differences
from clusters.models import Change, Resource

_CHANGES = 20


@dataclass(frozen=True, slots=True)
class Event:
    """A change in the history, its differences with it."""

    change: Change
    diff: tuple[FieldDiff, ...]


def history(row: Resource) -> list[Event]:
    """The newest changes, by us and by others."""
    rows = Change.objects.filter(
        cluster_id=row.cluster_id, kind=row.KIND.kind, namespace=row.namespace, name=row.name
    ).select_related("actor")
    return [Event(change, differences(row.KIND, change.before, change.after)) for change in rows[:_CHANGES]]
