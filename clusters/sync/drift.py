"""How a cluster differs from its pinned baseline, kept with it: computed where rows are judged, not when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction

from clusters.manifest import Object, differences
from clusters.models import Baseline, BaselineObject, Cluster, Resource
from clusters.paths import joined
from clusters.registry import resource_models
from clusters.sync.marks import marks_beside
from clusters.sync.upsert import CHUNK
from intent.findings import ObjectRef
from intent.kinds import KINDS

State = BaselineObject.State
_PASSWORD = "spec.password"  # noqa: S105  # the name of a field; no baseline has it


def drift_write(cluster: Cluster, rows: Iterable[Resource]) -> int:
    """Compare the cluster's rows with its baseline and keep what is new; the number of objects of which that is so."""
    if not Baseline.objects.filter(cluster=cluster).exists():
        return 0
    return _write(cluster, {row.ref: row.live for row in rows if row.live is not None})


def drift_settle(cluster: Cluster, ref: ObjectRef, live: Object | None) -> None:
    """The same of one object that an edit has just left like this: what was put back is no drift at once."""
    if Baseline.objects.filter(cluster=cluster).exists():
        _write(cluster, {} if live is None else {ref: live}, ref)


def _write(cluster: Cluster, there: Mapping[ObjectRef, Object], only: ObjectRef | None = None) -> int:
    """only: the one object that `there` says something of; None = it says what there is."""
    some = {} if only is None else {"kind": only.kind, "namespace": only.namespace, "name": only.name}
    with transaction.atomic():
        baseline = Baseline.objects.select_for_update().filter(cluster=cluster).first()
        if baseline is None:
            return 0
        pinned = {one.ref: one for one in baseline.objects_pinned.filter(**some)}
        news, over = _news(pinned, there)
        made = [_extra(baseline, ref) for ref in there.keys() - pinned.keys()]
        BaselineObject.objects.filter(pk__in=over).delete()
        BaselineObject.objects.bulk_create(made, batch_size=CHUNK)
        BaselineObject.objects.bulk_update(news, ["state", "diff"], batch_size=CHUNK)
        drifted = baseline.objects_pinned.exclude(state=State.EQUAL).count()
        if drifted != baseline.drifted:
            Baseline.objects.filter(pk=baseline.pk).update(drifted=drifted)
    return len(news) + len(made) + len(over)


def _news(
    pinned: Mapping[ObjectRef, BaselineObject], there: Mapping[ObjectRef, Object]
) -> tuple[list[BaselineObject], list[int]]:
    """The pinned objects that stand otherwise than before, and the keys of extra ones that are gone."""
    news, over = [], []
    for ref, one in pinned.items():
        if one.manifest is None:
            over += [] if ref in there else [one.pk]
            continue
        state, diff = compared(one.kind, one.manifest, there.get(ref))
        if (state, diff) != (one.state, one.diff):
            one.state, one.diff = state, diff
            news.append(one)
    return news, over


def compared(kind: str, manifest: Object, live: Mapping[str, Any] | None) -> tuple[str, list[dict[str, Any]]]:
    """Whether the object is as it was pinned, and the fields that differ; what its owner marks it with is no drift."""
    if live is None:
        return State.MISSING, []
    marks = {joined(("metadata", room, key)) for room, key in marks_beside(manifest, live)}
    found = differences(KINDS[kind], manifest, live)
    diff = [asdict(one) for one in found if one.path != _PASSWORD and one.path not in marks]
    return (State.CHANGED if diff else State.EQUAL), diff


def _extra(baseline: Baseline, ref: ObjectRef) -> BaselineObject:
    return BaselineObject(baseline=baseline, kind=ref.kind, namespace=ref.namespace, name=ref.name, state=State.EXTRA)


def rows_known(cluster: Cluster) -> Sequence[Resource]:
    """All rows of a cluster, of every kind."""
    return [
        row
        for model in resource_models().values()
        for row in model._default_manager.filter(cluster=cluster)  # noqa: SLF001  # Django's public name
    ]
