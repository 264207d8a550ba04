"""What others did to an object, as entries of the history."""

from __future__ import annotations

from clusters.changes import change_of
from clusters.manifest import Object, differences, plain, same
from clusters.models import Change, Resource
from clusters.sync import ownership

_MANAGER = 253  # characters
_TOLD = 50  # entries that are looked through


def change_by_others(row: Resource, before: Object | None, after: Object | None, *, revision: int) -> Change:
    """An entry, not saved yet, about what was seen of the row's object."""
    change = change_of(row, plain(before), plain(after), source=Change.Source.CLUSTER, revision=revision)
    change.manager = _writer(row, before, after)[:_MANAGER]
    return change


def met_save(row: Resource, live: Object | None, *, told_since: int | None = None) -> None:
    """Save what others made of the object that the row's edit was based on, for an edit that does not come into force.

    told_since: a revision of the row; the entries of that and newer ones may have told of it, or sent it.
    """
    if same(row.KIND, row.base, live) or (told_since is not None and _is_told(row, live, told_since)):
        return
    change_by_others(row, row.base, live, revision=0).save()  # 0: no edit of the row, which may have been sent


def _is_told(row: Resource, live: Object | None, revision: int) -> bool:
    place = {"kind": row.KIND.kind, "namespace": row.namespace, "name": row.name}
    told = Change.objects.filter(cluster=row.cluster_id, at__gte=row.created_at, revision__gte=revision, **place)
    return any(same(row.KIND, after, plain(live)) for after in told.values_list("after", flat=True)[:_TOLD])


def _writer(row: Resource, before: Object | None, after: Object | None) -> str:
    """Who made the change; a deletion leaves nobody's name."""
    if after is None:
        return ""
    return ownership.writer_of(before, after, (diff.path for diff in differences(row.KIND, before, after)))
