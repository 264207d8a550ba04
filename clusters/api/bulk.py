"""Several new objects in one request: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from rest_framework.request import Request

from clusters.api.manifests import Draft, draft_of
from clusters.api.problems import BadBody, Conflict, Problem, RulesBroken, fault
from clusters.api.writing import Edit, cluster_of, resource_write, review_json
from clusters.models import Cluster, Resource
from clusters.selectors import resource_get
from intent.findings import ObjectRef
from intent.kinds import Kind

MOST = 200


def resources_create(kind: Kind, request: Request, edit: Edit, bodies: list[Any]) -> list[Resource]:
    """Save all in one transaction, each judged beside the others. Raises a Problem that says where."""
    return _save(edit, kind, _drafts(kind, request, bodies), keep=True)


def resources_review(kind: Kind, request: Request, edit: Edit, bodies: list[Any]) -> list[dict[str, Any]]:
    """The same as a trial: the rules judge them together, the API server one by one. Raises a Problem."""
    drafts = _drafts(kind, request, bodies)
    _save(edit, kind, drafts, keep=False)
    refs = (ObjectRef(kind.kind, draft.namespace, draft.name) for _, draft in drafts)
    return [review_json(edit, cluster, ref, draft) for ref, (cluster, draft) in zip(refs, drafts, strict=True)]


def _drafts(kind: Kind, request: Request, bodies: list[Any]) -> list[tuple[Cluster, Draft]]:
    if not 1 <= len(bodies) <= MOST:
        raise BadBody(f"A list holds 1 to {MOST} objects.")
    drafts: list[tuple[Cluster, Draft]] = []
    faults: list[dict[str, Any]] = []
    seen = set()
    for index, body in enumerate(bodies):
        try:
            cluster = cluster_of(request, body)
            draft = draft_of(kind, body, default_namespace=cluster.namespace)
        except Problem as problem:
            faults += _placed(index, problem)
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


def _save(edit: Edit, kind: Kind, drafts: list[tuple[Cluster, Draft]], *, keep: bool) -> list[Resource]:
    known = [_existing(kind, cluster, draft) for cluster, draft in drafts]
    there = [
        fault(f"[{index}].metadata.name", "exists already", code="exists") for index, row in enumerate(known) if row
    ]
    if there:
        raise Conflict("Some of them exist already.", findings=there)
    rows: list[Resource] = []
    faults: list[dict[str, Any]] = []
    with transaction.atomic():
        for index, (cluster, draft) in enumerate(drafts):
            try:
                rows.append(resource_write(edit, cluster, kind.kind, draft, base_revision=0))
            except RulesBroken as problem:
                faults += _placed(index, problem)
        if faults or not keep:
            transaction.set_rollback(True)
    if faults:
        raise RulesBroken("The rules refuse some of them; none is saved.", findings=faults)
    return rows


def _existing(kind: Kind, cluster: Cluster, draft: Draft) -> Resource | None:
    return resource_get(kind.kind, cluster=cluster.name, namespace=draft.namespace, name=draft.name)


def _placed(index: int, problem: Problem) -> Iterator[dict[str, Any]]:
    for finding in problem.findings or [fault("", problem.text, code=problem.code)]:
        yield {**finding, "field": f"[{index}].{finding['field']}".rstrip(".")}
