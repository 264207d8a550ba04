"""A conflict over REST: base, mine and theirs of every field in a problem, and the choices that settle it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clusters.api.conditional import tag_of
from clusters.api.patching import manifest_patched
from clusters.api.problems import BadBody, Conflict, fault
from clusters.edits.rebase import SIDES, Contested, rebase, refused, sides_of
from clusters.edits.threeway import side_json, three_way
from clusters.models import Change, Resource, SyncState

_PASSWORD = "spec.password"  # noqa: S105  # the name of a field
_SEEN = 50  # changes that are looked through for what a writer has seen


def conflict_json(row: Resource) -> dict[str, Any]:
    """The three sides of the edit that the cluster did not take."""
    return {"sync": {"state": row.sync_state, "message": row.sync_message}, "fields": fields_json(row)}


def fields_json(row: Resource) -> list[dict[str, Any]]:
    """Every field in which the edit and the cluster differ; passwords as `set` and `another one`."""
    return [side_json(field) for field in three_way(row)] if refused(row) else []


def in_conflict(row: Resource) -> bool:
    """Whether a conflict waits to be settled field by field; a deletion has no fields."""
    return refused(row) and row.sync_state == SyncState.CONFLICT and row.wanted is not None


def row_resolved(row: Resource, body: Any) -> Any:
    """The manifest that the choices of a body make: `{"choices": {path: mine|theirs}, "patch": {…}}`.

    The patch, a JSON merge patch, is done after that. Raises BadBody, and Conflict if something is left open.
    """
    if not refused(row) or row.live is None:
        raise Conflict("There is nothing to resolve: no edit of this object waits beside another state of the cluster.")
    if row.wanted is None:
        raise Conflict("The edit that waits is a deletion, which has no fields: DELETE the object again, or PUT it.")
    choices, patch = _read(body, {field.path for field in three_way(row)} - {_PASSWORD})
    merged = rebase(row.KIND, row.base, row.wanted, row.live, choices)
    left = [field for field in merged.contested if not field.named_in(patch)]
    if left:
        names = ", ".join(field.path for field in left[:5])
        raise Conflict(f"Choose mine or theirs for {names}.", fields=fields_json(row))
    return manifest_patched(merged.manifest, patch)


def _read(body: Any, known: set[str]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    choices = body.get("choices", {}) if isinstance(body, Mapping) else None
    patch = body.get("patch", {}) if isinstance(body, Mapping) else None
    if not isinstance(choices, Mapping) or not isinstance(patch, Mapping) or body.keys() - {"choices", "patch"}:
        message = "must be an object with choices, by path, and if wanted a patch"
        raise BadBody(f"The body {message}.", findings=[fault("", message, code="shape")])
    told = f"must be {' or '.join(SIDES)}"
    faults = [
        fault(f"choices.{path}", told if path in known else "is not in conflict", code="choice", value=side)
        for path, side in choices.items()
        if path not in known or side not in SIDES
    ]
    if faults:
        raise BadBody("Some of these are no choices that can be made here.", findings=faults[:50])
    return dict(choices), patch


def overtaken_json(row: Resource, header: str, mine: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What stands between an edit that was made from what `If-Match` names, and what stands now.

    base is null in each field if that state is not in the history (any more).
    """
    base = next((state for state in _states(row) if tag_of(row, state) in header), None)
    return _as_json(sides_of(row.KIND, base, {**row.manifest, **mine}, row.manifest))


def _states(row: Resource) -> Iterable[Mapping[str, Any]]:
    changes = Change.objects.filter(
        cluster_id=row.cluster_id, kind=row.KIND.kind, namespace=row.namespace, name=row.name
    )
    for before, after in changes.values_list("before", "after")[:_SEEN]:
        yield from (state for state in (after, before) if state is not None)


def _as_json(fields: Iterable[Contested]) -> list[dict[str, Any]]:
    return [side_json(field) for field in fields]
