"""Pinning a baseline: from manifests, or a moment in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Min

from clusters import clock
from clusters.changesets.imports import Imported
from clusters.connecting.audit import cluster_audit
from clusters.edits.saving import Actor, key_of
from clusters.kube.plain import PLAIN_KINDS
from clusters.manifest import Object, plain
from clusters.models import Baseline, BaselineObject, Change, Cluster
from clusters.moments import too_old
from clusters.registry import resource_models
from clusters.sync.drift import drift_write, rows_known
from clusters.sync.upsert import CHUNK, chunks
from clusters.words import counted, utc_words
from intent.findings import ObjectRef

MOST = 10_000  # objects of a baseline
_NOTE = 200


class NotPinnedError(Exception):
    """What was given is no baseline; the text says why."""


def baseline_pin(
    *,
    cluster: Cluster,
    objects: Mapping[ObjectRef, Object],
    actor: Actor,
    source: str,
    moment: datetime | None = None,
    note: str = "",
) -> Baseline:
    """Pin these objects in place of what was pinned before. Raises NotPinnedError."""
    if not objects:
        raise NotPinnedError("There is no object in it that a baseline could have.")
    if len(objects) > MOST:
        raise NotPinnedError(f"A baseline has at most {MOST:,} objects; these are {len(objects):,}.")
    origin = Baseline.Source.MANIFESTS if moment is None else Baseline.Source.MOMENT
    with transaction.atomic():
        was = _taken_away(cluster)
        made = Baseline.objects.create(
            cluster=cluster, source=origin, moment=moment, note=note[:_NOTE], actor_id=key_of(actor)
        )
        rows = [
            BaselineObject(baseline=made, kind=ref.kind, namespace=ref.namespace, name=ref.name, manifest=manifest)
            for ref, manifest in objects.items()
        ]
        BaselineObject.objects.bulk_create(rows, batch_size=CHUNK)
        told = f"Baseline pinned: {_words(made)}{f' (was: {was})' if was else ''}."
        cluster_audit(cluster, Change.Action.UPDATE, told, actor, source, note)
    drift_write(cluster, rows_known(cluster))
    made.refresh_from_db()
    return made


def baseline_unpin(*, cluster: Cluster, actor: Actor, source: str) -> bool:
    """Give the baseline up; whether there was one."""
    with transaction.atomic():
        was = _taken_away(cluster)
        if was:
            cluster_audit(cluster, Change.Action.UPDATE, f"Baseline given up (was: {was}).", actor, source)
    return bool(was)


def _taken_away(cluster: Cluster) -> str:
    """Delete what is pinned, and return it in words; "" = nothing was. Whoever pins at the same time waits."""
    Cluster.objects.select_for_update(no_key=True).get(pk=cluster.pk)
    found = Baseline.objects.filter(cluster=cluster).first()
    if found is None:
        return ""
    was = _words(found)
    found.delete()
    return was


def _words(baseline: Baseline) -> str:
    objects = counted(baseline.objects_pinned.exclude(manifest=None).count(), "object")
    return f"{objects} as of {utc_words(baseline.moment)}" if baseline.moment else f"{objects} from manifests"


def pinned_of(documents: Sequence[Imported]) -> dict[ObjectRef, Object]:
    """The objects of manifests, without passwords. Raises NotPinnedError for a document that cannot be taken."""
    bad = next((one for one in documents if one.faults), None)
    if bad is not None:
        fault = bad.faults[0]
        raise NotPinnedError(f"{bad.where.capitalize()}: {fault['field']} {fault['message']}".replace(":  ", ": "))
    wanted = [one.wanted for one in documents if one.wanted is not None and one.wanted.kind not in PLAIN_KINDS]
    return {one.ref: _without_password(one.kind, one.manifest) for one in wanted if one.manifest is not None}


def _without_password(kind: str, manifest: Mapping[str, Any]) -> Object:
    secret = {field.name for field in resource_models()[kind].KIND.fields if field.secret}
    spec = {name: value for name, value in manifest["spec"].items() if name not in secret}
    return plain({**manifest, "spec": spec}) or {}


def state_at(cluster: Cluster, moment: datetime) -> dict[ObjectRef, Object]:
    """The objects of a cluster as they stood at a moment. Raises NotPinnedError if it cannot be told."""
    if moment > clock.now():
        raise NotPinnedError(f"The moment {utc_words(moment)} is still to come. Choose one that has passed.")
    if told := too_old(moment):
        raise NotPinnedError(f"The moment {told}")
    found = {row.ref: plain(row.live) or {} for row in rows_known(cluster) if row.live is not None}
    rows = Change.objects.filter(cluster=cluster, at__gte=moment, kind__in=list(resource_models())).order_by()
    firsts = rows.values("kind", "namespace", "name").annotate(first=Min("pk")).values_list("first", flat=True)
    changed = list(firsts[: MOST + 1])
    if len(changed) > MOST:
        raise NotPinnedError(
            f"More than {MOST:,} objects changed since {utc_words(moment)}. Choose a later moment, or pin manifests."
        )
    for some in chunks(changed):
        for change in Change.objects.filter(pk__in=some):
            found.pop(change.ref, None)
            if change.before is not None:
                found[change.ref] = change.before
    return found
