"""What differs from a baseline, narrowed by kind, namespace, name and state, and the change that puts it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from clusters.changesets.drafts import SetDraft
from clusters.changesets.save import MOST
from clusters.changesets.wanted import Wanted, rows_wanted
from clusters.changesets.wayback import way_back
from clusters.models import Baseline, BaselineObject, Cluster, Resource
from clusters.paths import keys_of
from clusters.sync.drift import compared
from intent.kinds import KINDS

FILTERS = ("kind", "namespace", "name", "state")
STATES = tuple(state for state in BaselineObject.State.values if state)


class TooManyError(Exception):
    """More objects than one change set takes; the text says how many."""


def baseline_of(cluster: Cluster) -> Baseline | None:
    """The cluster's baseline, with who pinned it."""
    return Baseline.objects.filter(cluster=cluster).select_related("cluster", "actor").first()


def drift_of(baseline: Baseline, only: Mapping[str, str]) -> QuerySet[BaselineObject]:
    """The objects that differ."""
    rows = baseline.objects_pinned.exclude(state=BaselineObject.State.EQUAL)
    wanted = {name: only[name] for name in FILTERS if only.get(name)}
    return rows.filter(**wanted).order_by("kind", "namespace", "name")


def tally(baseline: Baseline) -> dict[str, int]:
    """How many objects are missing, extra, changed; one query."""
    counts = baseline.objects_pinned.order_by().values("state").annotate(number=Count("pk"))
    found = {one["state"]: one["number"] for one in counts}
    return {state: found.get(state, 0) for state in STATES}


def baseline_json(baseline: Baseline) -> dict[str, Any]:
    """A baseline without its objects."""
    actor = baseline.actor
    return {
        "cluster": baseline.cluster.name,
        "source": baseline.source,
        "moment": baseline.moment,
        "note": baseline.note,
        "pinnedAt": baseline.pinned_at,
        "pinnedBy": actor.get_username() if actor is not None else None,
        "objects": baseline.objects_pinned.exclude(manifest=None).count(),
        "drift": tally(baseline),
    }


@dataclass(frozen=True, slots=True)
class Drifted:
    """An object that differs, as it is shown. pending: an edit of it is on its way, or was just seen to be in force."""

    one: BaselineObject
    pending: bool

    @property
    def fields(self) -> list[dict[str, Any]]:
        """What differs; default: what the API server fills in where a side is not set, None = nothing."""
        return [
            {"path": diff["path"], "pinned": diff["before"], "cluster": diff["after"], "default": default}
            for diff in self.one.diff
            for default in (KINDS[self.one.kind].default_at(keys_of(diff["path"])[1:]),)
        ]


def drifted(baseline: Baseline, some: Iterable[BaselineObject]) -> list[Drifted]:
    """These objects as they are shown; a query a kind."""
    some = list(some)
    rows = rows_wanted(baseline.cluster, [Wanted(one.kind, one.namespace, one.name, None) for one in some])
    return [Drifted(one, _pending(one, rows.get(one.ref))) for one in some]


def _pending(one: BaselineObject, row: Resource | None) -> bool:
    if row is not None and row.pending:
        return True
    live = row.live if row is not None else None
    if one.manifest is None:
        return live is None
    return compared(one.kind, one.manifest, live) != (one.state, one.diff)


def drift_json(found: Drifted) -> dict[str, Any]:
    """An object that differs."""
    one = found.one
    place = {"kind": one.kind, "namespace": one.namespace, "name": one.name}
    return {**place, "state": one.state, "pending": found.pending, "fields": found.fields, "pinned": one.manifest}


def back_to(baseline: Baseline, only: Mapping[str, str]) -> SetDraft:
    """The change that makes what differs be as it was pinned. Raises TooManyError."""
    rows = list(drift_of(baseline, only)[: MOST + 1])
    if len(rows) > MOST:
        raise TooManyError(f"More than {MOST:,} objects differ; put them back one kind at a time.")
    wanted = [Wanted(one.kind, one.namespace, one.name, one.manifest) for one in rows]
    return way_back(
        cluster=baseline.cluster,
        wanted=wanted,
        title=f"Put {baseline.cluster.name} back to the baseline",
        back=baseline.get_absolute_url(),
        note="Back to the baseline.",
    )
