"""A fresh look at objects that bgpui believes to be as an edit wants them: what was seen last may be old."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from clusters.doors import door_of
from clusters.edits.edit import Edit
from clusters.kube.errors import KubeError
from clusters.manifest import Object, same
from clusters.models import SyncState


def seems_to_stand(edit: Edit) -> bool:
    """Whether the object was as the edit wants it when it was looked at last."""
    row = edit.row
    settled = row is not None and not row.pending and row.sync_state == SyncState.IN_SYNC
    return settled and edit.new_password is None and same(edit.kind, edit.live, edit.after)


def stands(edit: Edit) -> bool:
    """Whether the object is as the edit wants it right now; False too if the cluster cannot be asked."""
    return seems_to_stand(edit) and not moved([edit])


def moved(edits: Sequence[Edit]) -> set[int]:
    """The indexes of those that are not as their edit wants them, or cannot be asked for: a request for each room."""
    rooms: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for index, edit in enumerate(edits):
        rooms[edit.cluster.pk, edit.kind.kind, edit.namespace].append(index)
    return {index for some in rooms.values() for index in _moved(edits, some)}


def _moved(edits: Sequence[Edit], some: Sequence[int]) -> list[int]:
    try:
        now = _read([edits[index] for index in some])
    except KubeError:
        return list(some)
    return [i for i in some if not same(edits[i].kind, now.get(edits[i].name), edits[i].after)]


def _read(edits: Sequence[Edit]) -> dict[str, Object]:
    """Objects of one kind and namespace by name. Raises KubeError."""
    first = edits[0]
    door = door_of(first.cluster)
    if len(edits) == 1:
        found = door.get(first.kind, first.namespace, first.name)
        return {} if found is None else {first.name: found}
    return {str(obj["metadata"]["name"]): obj for obj in door.list(first.kind, first.namespace)[0]}
