"""Before the first write: the API server is asked about every object that it can judge without the others."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from django.db import transaction

from clusters.edits.dryrun import dry_run
from clusters.edits.edit import Edit, PlainEdit
from clusters.edits.trials import columns
from clusters.kube.plain import PLAIN_KINDS
from clusters.models import ChangeSetItem, Resource
from clusters.registry import resource_models, rows_of
from clusters.sync.changesets.claim import SetClaim, State
from clusters.sync.changesets.rows import RowWork
from intent.findings import ObjectRef

Action = ChangeSetItem.Action
_SPELL = 5.0  # seconds; then whoever calls looks whether its time is over


def try_all(held: SetClaim) -> bool:
    """Try the items that were not tried yet, for a while; the first refusal ends the change set before anything is
    written. False if it has to wait.
    """
    items = list(held.change_set.items.order_by("position"))
    if len(items) == 1:  # it is about to be tried in earnest
        held.write(state=State.APPLYING)
        return True
    edits, begun = _edits(held, items), monotonic()
    for index in range(held.change_set.tried, len(items)):
        item = items[index]
        held.renew()
        verdict = dry_run(edits[index], edits)
        same = {"kind": item.kind, "namespace": item.namespace, "name": item.name}
        held.change_set.changes.filter(**same).update(**columns(verdict))
        if verdict.accepted or not verdict.independent:
            held.write(tried=index + 1, attempts=0)
            if monotonic() - begun > _SPELL:
                return True
            continue
        if verdict.accepted is None:
            held.wait(min(30.0, 2.0 ** min(held.change_set.attempts - 1, 10)), f"{item.ref}: {verdict.message}")
            return False
        with transaction.atomic():
            if item.kind not in PLAIN_KINDS:
                RowWork(held, item).back()
            held.item(item, state=ChangeSetItem.State.REFUSED, words=verdict.message)
            held.write(state=State.ROLLING_BACK, message=f"{item.ref}: {verdict.message}", attempts=0)
        return True
    held.write(state=State.APPLYING, attempts=0)
    return True


def _edits(held: SetClaim, items: Sequence[ChangeSetItem]) -> list[Edit | PlainEdit]:
    """The items as edits again."""
    cluster = held.change_set.cluster
    rows: dict[ObjectRef, Resource] = {}
    for kind in {item.kind for item in items} - PLAIN_KINDS.keys():
        names = [item.name for item in items if item.kind == kind]
        rows |= {row.ref: row for row in rows_of(kind).filter(cluster=cluster, name__in=names)}
    edits: list[Edit | PlainEdit] = []
    for item in items:
        if item.kind in PLAIN_KINDS:
            edits.append(PlainEdit(cluster, PLAIN_KINDS[item.kind], item.namespace, item.name, item.after))
            continue
        row = rows.get(item.ref)
        keeps, anew = row is not None and row.inline_password, item.action == Action.RECREATE
        model = resource_models()[item.kind]
        edits.append(Edit(cluster, model, item.namespace, item.name, row, item.after, keeps, recreate=anew))
    return edits
