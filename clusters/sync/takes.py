"""Objects that an administrator took over from their owners: for how long that counts, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.models import Cluster, TakeOver
from clusters.sync.ownership import foreign_writers
from clusters.sync.upsert import chunks
from intent.findings import ObjectRef

_LEFT = ("f:password",)  # an inline password stays with who wrote it


@dataclass(frozen=True, slots=True)
class Take:
    """uid: of the object that was taken over. moved: its fields are ours by now."""

    uid: str
    moved: bool


def is_taken(take: Take | None, obj: Mapping[str, Any]) -> bool:
    """Whether a take-over counts: for this very object, and until somebody but people and us writes its spec again."""
    uid = (obj.get("metadata") or {}).get("uid")
    return take is not None and take.uid == uid and not (take.moved and foreign_writers(obj, besides=_LEFT))


def takes_of(cluster: Cluster, refs: Iterable[ObjectRef]) -> dict[ObjectRef, Take]:
    """The take-overs of these objects; one query for 500 of them."""
    wanted = set(refs)
    found: dict[ObjectRef, Take] = {}
    for some in chunks(sorted({ref.name for ref in wanted})):
        rows = TakeOver.objects.filter(cluster=cluster, name__in=some)
        for kind, namespace, name, uid, moved in rows.values_list("kind", "namespace", "name", "uid", "moved"):
            if (ref := ObjectRef(kind, namespace, name)) in wanted:
                found[ref] = Take(uid, moved)
    return found


def take_moved(cluster: Cluster, ref: ObjectRef, uid: str) -> None:
    """The fields are ours: from now on a write by others ends the take-over."""
    place = {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
    TakeOver.objects.filter(cluster=cluster, uid=uid, moved=False, **place).update(moved=True)


def take_drop(cluster: Cluster, ref: ObjectRef) -> None:
    """Its edit came to nothing: a take-over that has moved no fields does not count any more."""
    place = {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
    TakeOver.objects.filter(cluster=cluster, moved=False, **place).delete()
