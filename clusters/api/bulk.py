"""Several new objects in one request: all of them, or none."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from clusters.api.entries import placed
from clusters.api.manifests import Draft, draft_of
from clusters.api.problems import BadBody, Conflict, Problem, fault
from clusters.api.together import reviewed, set_problems
from clusters.api.writing import Edit, cluster_of
from clusters.changesets.save import changesets_save
from clusters.changesets.wanted import Wanted
from clusters.models import Change, ChangeSet, Cluster
from clusters.selectors import clusters_active, resources_named
from intent.kinds import Kind

MOST = 200


def resources_create(
    kind: Kind, request: Request, edit: Edit, bodies: list[Any]
) -> tuple[list[tuple[Cluster, Wanted]], list[ChangeSet]]:
    """Save all, each judged beside the others; the objects and the change sets. Raises a Problem that says where."""
    wanted = _wanted(kind, _drafts(kind, request, bodies))
    with set_problems():
        sets = changesets_save(
            wanted=wanted,
            actor=edit.actor,
            source=Change.Source.API,
            accept=edit.accept,
            override=edit.override,
            note=edit.message,
            window=edit.window,
        )
    return wanted, sets


def resources_review(kind: Kind, request: Request, edit: Edit, bodies: list[Any]) -> list[dict[str, Any]]:
    """The same as a trial. Raises a Problem."""
    wanted = _wanted(kind, _drafts(kind, request, bodies))
    return reviewed(wanted, edit)


def _drafts(kind: Kind, request: Request, bodies: list[Any]) -> list[tuple[Cluster, Draft]]:
    if not 1 <= len(bodies) <= MOST:
        raise BadBody(f"A list holds 1 to {MOST} objects.")
    drafts: list[tuple[Cluster, Draft]] = []
    faults: list[dict[str, Any]] = []
    seen, clusters = set(), list(clusters_active())
    for index, body in enumerate(bodies):
        try:
            cluster = cluster_of(request, body, clusters)
            draft = draft_of(kind, body, default_namespace=cluster.namespace)
        except Problem as problem:
            faults += placed(f"[{index}]", problem)
            continue
        key = cluster.pk, draft.namespace, draft.name
        if key in seen:
            faults.append(fault(f"[{index}].metadata.name", "is given twice", code="shape", value=draft.name))
        if draft.password:
            faults.append(_password(index))
        seen.add(key)
        drafts.append((cluster, draft))
    if faults:
        raise BadBody("The list is not one of manifests of this kind.", findings=faults)
    return drafts


def _password(index: int) -> dict[str, Any]:
    # Each password is a write to the cluster that could not be taken back if a later object is refused.
    hint = "Create the objects with a password one by one, or refer to Secrets in passwordSecret."
    return fault(f"[{index}].spec.password", "cannot be part of a list", code="password-in-list", hint=hint)


def _wanted(kind: Kind, drafts: list[tuple[Cluster, Draft]]) -> list[tuple[Cluster, Wanted]]:
    """The drafts as new objects. Raises Conflict for those that exist."""
    wanted = [
        (cluster, Wanted(kind.kind, draft.namespace, draft.name, draft.manifest, base_revision=0))
        for cluster, draft in drafts
    ]
    known = resources_named(kind.kind, [(cluster, one.namespace, one.name) for cluster, one in wanted])
    there = [
        fault(f"[{index}].metadata.name", "exists already", code="exists")
        for index, (cluster, one) in enumerate(wanted)
        if (cluster.pk, one.namespace, one.name) in known
    ]
    if there:
        raise Conflict("Some of them exist already.", findings=there)
    return wanted
