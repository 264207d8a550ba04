"""Several edits in one request: what forbids them, and what they would do, said for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from clusters.api.meaning import assigned_json, meaning_json
from clusters.api.problems import ClusterAway, ClusterRefused, ConfirmationNeeded, Conflict, RulesBroken, finding_json
from clusters.api.waiting import until
from clusters.api.writing import Edit, looked_at_json
from clusters.changesets.judge import SomeRefused, stop
from clusters.changesets.review import ItemReview, SetReview, changeset_review
from clusters.changesets.selectors import changesets
from clusters.changesets.wanted import Wanted
from clusters.edits.judging import HELD
from clusters.edits.overriding import may_override, offered
from clusters.edits.refusals import ClusterUnreachable, RevisionMismatch, Unconfirmed
from clusters.models import ChangeSet, ChangeSetItem, Cluster, Trial
from clusters.trials.selectors import seconds_left
from intent.findings import Finding


@contextmanager
def set_problems() -> Iterator[None]:
    """What the services of change sets raise, as problems."""
    try:
        yield
    except SomeRefused as refused:
        raise refusal(refused.findings) from refused
    except Unconfirmed as unconfirmed:
        raise ConfirmationNeeded(unconfirmed.needed) from unconfirmed
    except RevisionMismatch as mismatch:
        text = f"Somebody else has changed one of them in the meantime: read them again. {mismatch.note}"
        raise Conflict(text.strip()) from mismatch
    except ClusterUnreachable as away:
        raise ClusterAway(str(away), retry_after=5) from away


def settled_sets(sets: Sequence[ChangeSet], wait: timedelta, *, refuse: bool = True) -> None:
    """Wait for the change sets to have their outcomes. Raises ClusterRefused for one that was taken back, if refuse."""

    def probe() -> bool | None:
        return None if rows.filter(state__in=ChangeSet.OPEN).exists() else True

    rows = ChangeSet.objects.filter(pk__in=[change_set.pk for change_set in sets])
    until(probe, wait)
    taken_back = (ChangeSet.State.ROLLED_BACK, ChangeSet.State.FAILED_ROLLBACK)
    for change_set in rows.filter(state__in=taken_back) if refuse else ():
        raise ClusterRefused(change_set.message, changeSet=changeset_json(change_set))


def changeset_json(change_set: ChangeSet) -> dict[str, Any]:
    """A change set with what became of each of its objects."""
    objects = [_object_json(item) for item in change_set.items.all()]
    return changeset_summary(change_set, len(objects)) | {"objects": objects}


def changeset_summary(change_set: ChangeSet, size: int) -> dict[str, Any]:
    """A change set without its objects, of which there may be very many. size: how many."""
    actor = change_set.actor
    return {
        "id": change_set.pk,
        "cluster": change_set.cluster.name,
        "state": change_set.state,
        "message": change_set.message,
        "note": change_set.note,
        "actor": actor.get_username() if actor is not None else None,
        "origin": change_set.source,
        "createdAt": change_set.created_at,
        "settledAt": change_set.settled_at,
        "size": size,
        "trial": _trial_json(change_set),
    }


def _trial_json(change_set: ChangeSet) -> dict[str, Any] | None:
    """In short, null = it is not on trial."""
    trial: Trial | None = getattr(change_set, "trial", None)
    if trial is None:
        return None
    return {"state": trial.state, "deadline": trial.deadline, "secondsLeft": seconds_left(trial)}


def _object_json(item: ChangeSetItem) -> dict[str, Any]:
    return {
        "position": item.position,
        "apiVersion": item.api_version,
        "kind": item.kind,
        "namespace": item.namespace,
        "name": item.name,
        "action": item.action,
        "state": item.state,
        "message": item.words,
        "before": item.before,
        "after": item.after,
    }


def refusal(found: Sequence[Sequence[Finding]], **more: Any) -> RulesBroken | Conflict:
    """The problem that the findings of each edit are; `field` begins with the edit's number. more: members of it."""
    faults = [
        {**finding_json(finding), "field": f"[{index}].{finding.field}".rstrip(".")}
        for index, findings in enumerate(found)
        for finding in findings
    ]
    held = next((finding for findings in found for finding in findings if finding.code == HELD), None)
    if held is not None:
        return Conflict(held.message, findings=faults)
    return RulesBroken("The rules refuse some of them; none is saved.", findings=faults, **more)


def reviewed(wanted: Sequence[tuple[Cluster, Wanted]], edit: Edit) -> list[dict[str, Any]]:
    """What each edit would do beside the others, in the order given. Raises a Problem if anybody refuses one."""
    found: dict[int, ItemReview] = {}
    consent: dict[str, Any] = {"accept": edit.accept, "override": edit.override, "offer": may_override(edit.actor)}
    for cluster in {cluster.pk: cluster for cluster, _ in wanted}.values():
        mine = [index for index, (of, _) in enumerate(wanted) if of == cluster]
        review = changeset_review(cluster=cluster, edits=[wanted[index][1] for index in mine], **consent)
        found |= {index: review.items[place] for index, place in zip(mine, review.given, strict=True)}
    items = [found[index] for index in range(len(wanted))]
    _check(items, edit)
    return [item_json(item) for item in items]


def review_together(cluster: Cluster, wanted: Sequence[Wanted], edit: Edit) -> dict[str, Any]:
    """The review of a change set, its objects in the order of work. Raises a Problem if anybody refuses one."""
    consent: dict[str, Any] = {"accept": edit.accept, "override": edit.override, "offer": may_override(edit.actor)}
    review = changeset_review(cluster=cluster, edits=wanted, **consent)
    _check([review.items[place] for place in review.given], edit)
    return review_json(review)


def review_json(review: SetReview) -> dict[str, Any]:
    """What several edits would do, whatever anybody says of them."""
    refs = [asdict(item.ref) for item in review.items]
    return {
        "objects": [ref | item_json(item) for ref, item in zip(refs, review.items, strict=True)],
        "introduced": [finding_json(finding) for finding in review.introduced],
        "solved": [finding_json(finding) for finding in review.solved],
        **meaning_json(review),
        "assigned": [assigned_json(one) for one in review.assigned],
    }


def _check(items: Sequence[ItemReview], edit: Edit) -> None:
    """Raise a Problem if rules or API server refuse one of them, in the order given."""
    try:
        stop([item.findings for item in items], edit.accept, edit.override)
    except SomeRefused as refused:
        rules = offered((item.findings, item.dry_run) for item in items)
        raise refusal(refused.findings, overridable=[one.code for one in rules]) from refused
    for item in items:
        if item.dry_run.accepted is False:
            raise ClusterRefused(f"{item.ref}: {item.dry_run.message}")
        if item.dry_run.accepted is None and item.dry_run.independent:
            raise ClusterAway(item.dry_run.message, retry_after=5)


def item_json(item: ItemReview) -> dict[str, Any]:
    """The review of one object."""
    return looked_at_json(item) | {"action": item.action or "none"}


def set_answer(request: Request, made: ChangeSet) -> Response:
    """A change set as it is now; 202 while it is not settled."""
    found = changesets().prefetch_related("items").get(pk=made.pk)
    code = status.HTTP_202_ACCEPTED if found.open else status.HTTP_200_OK
    response = Response(changeset_json(found), status=code)
    response["Location"] = reverse("api-changeset-detail", args=[made.pk], request=request)
    return response
