"""What somebody wants of several objects, and the edits that this means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clusters.edits.edit import Edit, PlainEdit, prepared
from clusters.edits.looking import moved, seems_to_stand
from clusters.kube.plain import PLAIN_KINDS
from clusters.models import ChangeSetItem, Cluster, Resource
from clusters.registry import resource_models
from clusters.selectors import resource_list
from clusters.sync.upsert import chunks
from intent.findings import ObjectRef

Action = ChangeSetItem.Action
AnyEdit = Edit | PlainEdit


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object as it shall be; manifest None = it shall go.

    recreate: delete it first and make it anew. base_revision: of the row that was looked at, 0 = there was none, None =
    whatever it is.
    """

    kind: str
    namespace: str
    name: str
    manifest: Mapping[str, Any] | None
    recreate: bool = False
    base_revision: int | None = None

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef(self.kind, self.namespace, self.name)


def prepare_all(cluster: Cluster, wanted: Sequence[Wanted]) -> list[AnyEdit]:
    """The edits in the same order; one query for 500 objects of a kind. Raises KeyError for an unknown kind."""
    rows = rows_wanted(cluster, wanted)
    edits: list[AnyEdit] = []
    for one in wanted:
        if one.kind in PLAIN_KINDS:
            manifest = None if one.manifest is None else dict(one.manifest)
            edits.append(PlainEdit(cluster, PLAIN_KINDS[one.kind], one.namespace, one.name, manifest))
            continue
        row = rows.get(one.ref)
        bare = Edit(cluster, resource_models()[one.kind], one.namespace, one.name, row, None)
        edit = prepared(bare, one.manifest, None)
        edits.append(replace(edit, recreate=one.recreate and edit.live is not None and edit.manifest is not None))
    return edits


def rows_wanted(cluster: Cluster, wanted: Iterable[Wanted]) -> dict[ObjectRef, Resource]:
    """The rows of these objects, as far as there are such; one query for 500 objects of a kind."""
    names: dict[str, list[str]] = defaultdict(list)
    for one in wanted:
        if one.kind not in PLAIN_KINDS:
            names[one.kind].append(one.name)
    found = {}
    for kind, some in names.items():
        for chunk in chunks(some):
            for row in resource_list(kind, cluster=cluster).filter(name__in=chunk):
                found[row.ref] = row
    return found


def action_of(edit: AnyEdit) -> str:
    """What the edit does to the object; "" = nothing, it stands as it shall."""
    if edit.manifest is None:
        return Action.DELETE
    if isinstance(edit, PlainEdit) or edit.live is None:
        return Action.CREATE
    if edit.recreate:
        return Action.RECREATE
    return "" if seems_to_stand(edit) and not edit.moved else Action.UPDATE


def looked_at(edits: Sequence[AnyEdit]) -> list[AnyEdit]:
    """The same edits after a fresh look at the objects that seem to stand as they shall."""
    own = [index for index, edit in enumerate(edits) if isinstance(edit, Edit) and not action_of(edit)]
    gone = moved([edit for index in own if isinstance(edit := edits[index], Edit)])
    stale = {own[index] for index in gone}
    return [
        replace(edit, moved=True) if index in stale and isinstance(edit, Edit) else edit
        for index, edit in enumerate(edits)
    ]
