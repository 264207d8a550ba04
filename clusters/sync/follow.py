"""What others did in the cluster, written to the rows of a kind: adopted, followed, or held against a pending edit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import transaction

from clusters.kube.client import Door
from clusters.kube.errors import Forbidden
from clusters.kube.kinds import Served
from clusters.kube.redact import mask_as_before
from clusters.manifest import Object, same
from clusters.models import Change, Cluster, Resource, SyncState
from clusters.registry import rows_of
from clusters.sync.columns import following, live_columns
from clusters.sync.others import change_by_others
from clusters.sync.references import references_write
from clusters.sync.upsert import chunks, upsert
from intent.findings import ObjectRef

Key = tuple[str, str]
_KEY = ("cluster", "namespace", "name")
_MARKER = ("pk", "namespace", "name", "uid", "resource_version", "revision", "fence")
_HELD = (SyncState.REJECTED, SyncState.CONFLICT)
_GONE = "The object was deleted in the cluster meanwhile."


class Marker(NamedTuple):
    """What tells whether a row is still the one that was seen before the cluster was listed."""

    pk: int
    namespace: str
    name: str
    uid: str
    resource_version: str
    revision: int
    fence: int


@dataclass(slots=True)
class _Batch:
    """Rows of one transaction, by what is written of them."""

    follow: list[Resource] = field(default_factory=list)
    look: list[Resource] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    touched: list[ObjectRef] = field(default_factory=list)


def markers(cluster: Cluster, kind: str, names: Collection[str] | None = None) -> dict[Key, Marker]:
    """The rows as they are before the list is asked for: whatever moves on after that is newer than the list.

    names: only those of objects with these names.
    """
    rows = rows_of(kind).filter(cluster=cluster)
    if names is not None:
        rows = rows.filter(name__in=names)
    return {(marker.namespace, marker.name): marker for marker in map(Marker._make, rows.values_list(*_MARKER))}


def list_in(door: Door, kind: Served, namespace: str) -> tuple[list[Object], str, str]:
    """The objects, the list's resourceVersion, and where they were listed: "" = everywhere, as far as allowed."""
    try:
        return *door.list(kind), ""
    except Forbidden:
        return *door.list(kind, namespace), namespace


def known_in(known: Mapping[Key, Marker], room: str) -> dict[Key, Marker]:
    """Those that a list in a namespace, "" = all, is about."""
    return {key: marker for key, marker in known.items() if room in ("", key[0])}


def listed_write(cluster: Cluster, listed: Mapping[str, str]) -> None:
    """Keep the namespace, "" = all, that each of these kinds was listed in."""
    if listed.items() <= cluster.listed.items():
        return
    with transaction.atomic():
        row = Cluster.objects.select_for_update().only("listed").filter(pk=cluster.pk).first()
        if row is not None:
            Cluster.objects.filter(pk=cluster.pk).update(listed=row.listed | listed)


def follow(
    cluster: Cluster, kind: str, known: Mapping[Key, Marker], objects: Iterable[Object], *, adopting: bool
) -> bool:
    """Bring the rows up to the list; whether something changed.

    adopting: the kind is listed for the first time, or first in this namespace: what is there is no change by others.
    """
    listed = {(str(obj["metadata"].get("namespace", "")), str(obj["metadata"]["name"])): obj for obj in objects}
    fresh = [obj for key, obj in listed.items() if key not in known]
    moved = [row for key, row in known.items() if _state(listed.get(key)) != (row.uid, row.resource_version)]
    for new in chunks(fresh):
        _adopt(cluster, kind, new, adopting=adopting)
    changed = bool(fresh)
    for some in chunks(moved):
        changed |= _bring_up(cluster, kind, some, listed)
    return changed


def _state(obj: Object | None) -> tuple[str, str]:
    if obj is None:
        return "", ""
    return str(obj["metadata"].get("uid", "")), str(obj["metadata"].get("resourceVersion", ""))


def _adopt(cluster: Cluster, kind: str, objects: Iterable[Object], *, adopting: bool) -> None:
    """Rows for objects that had none; the objects themselves stay as they are, to the byte."""
    model = rows_of(kind).model
    rows = []
    for obj in objects:
        metadata = obj["metadata"]
        row = model(cluster=cluster, namespace=metadata.get("namespace", ""), name=metadata["name"])
        _set(row, following(model, obj) | {"revision": 1, "applied_revision": 1})
        rows.append(row)
    with transaction.atomic():
        named = rows_of(kind).filter(cluster=cluster, name__in=[row.name for row in rows])
        there = set(named.values_list("namespace", "name"))
        rows = [row for row in rows if (row.namespace, row.name) not in there]  # made here since the list was asked for
        model._default_manager.bulk_create(rows, ignore_conflicts=True)  # noqa: SLF001
        if not adopting:
            Change.objects.bulk_create(change_by_others(row, None, row.live, revision=row.revision) for row in rows)
        references_write(cluster, [row.ref for row in rows])


def _bring_up(cluster: Cluster, kind: str, some: Iterable[Marker], listed: Mapping[tuple[str, str], Object]) -> bool:
    seen = {marker.pk: marker for marker in some}
    with transaction.atomic():
        rows = rows_of(kind).select_for_update().filter(pk__in=seen).order_by("namespace", "name")
        batch = _Batch()
        for row in rows:
            if Marker._make(getattr(row, name) for name in _MARKER) == seen[row.pk]:
                batch.touched.append(row.ref)
                _sort(batch, row, listed.get((row.namespace, row.name)))
        upsert(rows.model, batch.follow, key=_KEY, fields=_follow_fields(rows.model))
        upsert(rows.model, batch.look, key=_KEY, fields=_LOOK_FIELDS)
        rows_of(kind).filter(pk__in=batch.gone).delete()
        Change.objects.bulk_create(batch.changes)
        references_write(cluster, batch.touched)
    return bool(batch.follow or batch.gone or batch.changes or batch.look)


_LOOK_FIELDS = (*live_columns(None), "base", "revision", "applied_revision", "sync_state", "sync_message", "retry_at")


def _follow_fields(model: type[Resource]) -> list[str]:
    return [*following(model, None), "revision", "applied_revision"]


def _sort(batch: _Batch, row: Resource, obj: Object | None) -> None:
    """Decide what becomes of one row whose object is another now, or gone."""
    if obj is not None:
        mask_as_before(obj, row.live)
    before, unchanged = row.live, same(row.KIND, row.live, obj)
    if row.pending:
        # What a worker made and could not tell is what stands: should others delete it, it does not come back.
        made = row.base is None and not row.deleting and obj is not None and same(row.KIND, row.manifest, obj)
        _set(row, live_columns(obj) | ({"retry_at": None} if obj is None else {}) | ({"base": obj} if made else {}))
        batch.look.append(row)
        return
    if not unchanged:
        row.revision += 1
        row.applied_revision = row.revision
        batch.changes.append(change_by_others(row, before, obj, revision=row.revision))
    held = row.sync_state in _HELD and not (not unchanged and same(row.KIND, row.wanted, obj))
    if held or (unchanged and obj is not None):
        _set(
            row, live_columns(obj) | ({"sync_state": SyncState.CONFLICT, "sync_message": _GONE} if obj is None else {})
        )
        batch.look.append(row)
    elif obj is None:
        batch.gone.append(row.pk)
    else:
        _set(row, following(row, obj))
        batch.follow.append(row)


def _set(row: Resource, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
