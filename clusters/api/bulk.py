"""Several new objects in one request: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework.request import Request

from clusters import edit as edits
from clusters import several
from clusters.api.manifests import Draft, draft_of
from clusters.api.problems import BadBody, Conflict, Problem, RulesBroken, fault, finding_json
from clusters.api.writing import Edit, cluster_of, review_json
from clusters.models import Change, Cluster, Resource
from intent.findings import ObjectRef
from intent.kinds import Kind

MOST = 200


def resources_create(kind: Kind, request: Request, edit: Edit, bodies: list[Any]) -> list[Resource]:
    """Save all in one transaction, each judged beside the others. Raises a Problem that says where."""
    wanted = _edits(kind, _drafts(kind, request, bodies))
    with _problems():
        rows = several.resources_create(edits=wanted, actor=edit.actor, source=Change.Source.API, accept=edit.accept)
    if rows is None:
        raise Conflict("One of them has been made by somebody else in the meantime.")
    return rows


def resources_review(kind: Kind, request: Request, edit: Edit, bodies: list[Any]) -> list[dict[str, Any]]:
    """The same as a trial: the rules judge them together, the API server one by one. Raises a Problem."""
    drafts = _drafts(kind, request, bodies)
    with _problems():
        several.resources_judge(_edits(kind, drafts), edit.accept)
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


def _edits(kind: Kind, drafts: list[tuple[Cluster, Draft]]) -> list[edits.Edit]:
    found = [
        edits.prepare(cluster, kind.kind, draft.namespace, draft.name, draft.manifest, None)
        for cluster, draft in drafts
    ]
    there = [
        fault(f"[{index}].metadata.name", "exists already", code="exists") for index, one in enumerate(found) if one.row
    ]
    if there:
        raise Conflict("Some of them exist already.", findings=there)
    return found


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except several.SomeRefused as refused:
        faults = [
            {**finding_json(finding), "field": f"[{index}].{finding.field}".rstrip(".")}
            for index, findings in enumerate(refused.findings)
            for finding in findings
        ]
        raise RulesBroken("The rules refuse some of them; none is saved.", findings=faults) from refused


def _placed(index: int, problem: Problem) -> Iterator[dict[str, Any]]:
    for finding in problem.findings or [fault("", problem.text, code=problem.code)]:
        yield {**finding, "field": f"[{index}].{finding['field']}".rstrip(".")}
