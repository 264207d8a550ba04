"""The way back: objects as they stood before or after a change, as an edit like any other, reviewed and applied as one.

What stands in the history is without passwords; `clusters.changesets.wayback` says what that means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from django.db.models import Min, QuerySet

from clusters.changesets.drafts import SetDraft
from clusters.changesets.left import made_plain
from clusters.changesets.save import MOST
from clusters.changesets.wanted import Wanted
from clusters.changesets.wayback import way_back
from clusters.models import Change, ChangeSet, Cluster
from clusters.registry import resource_models, rows_of
from clusters.sync.upsert import chunks
from clusters.words import utc_words
from clusters.workloads import workloads_refused
from intent.findings import ObjectRef

Side = Literal["before", "after"]
SIDES: tuple[Side, ...] = ("before", "after")
_OBJECT = ("kind", "namespace", "name")
_NAMED = 6  # objects in a warning


class TooManyError(Exception):
    """More objects than one change set takes; the text says how many."""


def revert_of(change: Change, side: Side) -> SetDraft:
    """One object as it stood before or after a change."""
    manifest = change.before if side == "before" else change.after
    draft = _draft(change.of, [(change.ref, manifest)], f"Put {change.name} back")
    draft.note = f"Back to {side} change {change.pk}."
    draft.back = change.get_absolute_url()
    return draft


def revert_set(change_set: ChangeSet, user: Any) -> SetDraft:
    """Every object of a change set as it stood before that. Raises TooManyError.

    user: who asks; objects of Kubernetes itself that the set made go, too, if he may make such.
    """
    firsts = _firsts(change_set.changes.all())
    draft = _draft(change_set.cluster, _before(firsts), f"Put back what change set {change_set.pk} changed")
    draft.note = f"Back to before change set {change_set.pk}."
    draft.back = change_set.get_absolute_url()
    plain = made_plain(change_set)
    if plain and (refusal := workloads_refused(user, change_set.cluster)):
        named = ", ".join(f"{item.kind} {item.name}" for item in plain[:_NAMED])
        draft.warnings = [*draft.warnings, f"Of Kubernetes' own objects in it these stay: {named}. {refusal}"]
    else:
        draft.wanted = [*draft.wanted, *(Wanted(item.kind, item.namespace, item.name, None) for item in plain)]
    return draft


def revert_since(
    cluster: Cluster,
    moment: datetime | None = None,
    change: Change | None = None,
    only: Mapping[str, str] = MappingProxyType({}),
) -> SetDraft:
    """Everything of a cluster as it stood at a moment, or before a change and all that came after it.

    only: kind, namespace or name, to leave the rest as it is. Raises TooManyError.
    """
    rows = Change.objects.filter(cluster=cluster, **{name: value for name, value in only.items() if value})
    rows = rows.filter(pk__gte=change.pk) if change is not None else rows.filter(at__gte=moment)
    when = f"before change {change.pk}" if change is not None else utc_words(moment) if moment is not None else ""
    draft = _draft(cluster, _before(_firsts(rows)), f"Put {cluster.name} back to {when}")
    draft.note = f"Back to {when}."
    return draft


def _firsts(rows: QuerySet[Change]) -> list[int]:
    """The first of these changes of every object."""
    firsts = rows.order_by().values(*_OBJECT).annotate(first=Min("pk")).values_list("first", flat=True)
    found = list(firsts[: MOST + 1])
    if len(found) > MOST:
        raise TooManyError(f"More than {MOST:,} objects changed since; choose a later moment, or one kind at a time.")
    return found


def _before(firsts: Sequence[int]) -> list[tuple[ObjectRef, Any]]:
    return [
        (change.ref, change.before)
        for some in chunks(firsts)
        for change in Change.objects.filter(pk__in=some).order_by("pk")
    ]


def _draft(cluster: Cluster, targets: Iterable[tuple[ObjectRef, Any]], title: str) -> SetDraft:
    models = resource_models()
    known = [(ref, manifest) for ref, manifest in targets if ref.kind in models]
    there = _there(cluster, [ref for ref, manifest in known if manifest is None])
    wanted = [
        Wanted(ref.kind, ref.namespace, ref.name, manifest)
        for ref, manifest in known
        if manifest is not None or ref in there
    ]
    return way_back(cluster=cluster, wanted=wanted, title=title)


def _there(cluster: Cluster, refs: Sequence[ObjectRef]) -> set[ObjectRef]:
    """Those of these objects that exist."""
    found = set()
    for kind in {ref.kind for ref in refs}:
        for some in chunks([ref.name for ref in refs if ref.kind == kind]):
            rows = rows_of(kind).filter(cluster=cluster, name__in=some).values_list("namespace", "name")
            found |= {ObjectRef(kind, namespace, name) for namespace, name in rows}
    return found
