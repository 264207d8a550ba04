"""The one Review page for several objects, whoever puts them together: a guided way, an import, a recreation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponse

from clusters.changesets.drafts import SetDraft, packed
from clusters.changesets.review import SetReview, changeset_review
from clusters.changesets.rights import rights_check
from clusters.changesets.wanted import Wanted
from clusters.editing.confirming import asked
from clusters.editing.overrides import override_context
from clusters.edits.overriding import may_override, stops
from clusters.edits.trials import sealed
from clusters.pages import HttpRequest, render_page
from clusters.trials.window import window_context


@dataclass(frozen=True, slots=True)
class Tick:
    """A box with which an object is taken or left out. index: its place in what the page sends."""

    index: int
    wanted: Wanted
    action: str
    owner: str
    taken: bool


def _ticks(draft: SetDraft, review: SetReview) -> list[Tick]:
    actions = {item.ref: item.action for item in review.items}
    taken = [Tick(index, one, actions[one.ref], "", taken=True) for index, one in enumerate(draft.wanted)]
    start = len(taken)
    return [
        *taken,
        *(Tick(start + index, one.wanted, "", one.owner, taken=False) for index, one in enumerate(draft.left)),
    ]


def set_review(request: HttpRequest, draft: SetDraft, *, status: int = 200, trouble: str = "") -> HttpResponse:
    """The page. What is told there is asked anew: rules, differences, and the API server's dry run of each object.

    Raises PermissionDenied for who may not write one of the kinds.
    """
    rights_check(request.user, draft.cluster, draft.wanted)
    consent: dict[str, Any] = {"accept": draft.accept, "override": draft.override}
    offer = may_override(request.user)
    review = changeset_review(cluster=draft.cluster, edits=draft.wanted, offer=offer, **consent)
    found = [finding for item in review.items for finding in item.findings]
    stop = stops(found, **consent)
    refused = any(item.dry_run.accepted is False for item in review.items)
    # A password stops the change; nobody shall find it in the page.
    secret = any(finding.code == "password-in-list" for finding in stop)
    # What is told beside an object is not told again of the cluster.
    told = {(ref, finding.code) for item in review.items for finding in item.findings for ref in finding.objects}
    beyond = [one for one in review.introduced if not any((ref, one.code) in told for ref in one.objects)]
    looked_at = {item.ref: item.revision for item in review.items}
    sent = [replace(one, base_revision=looked_at[one.ref]) for one in draft.wanted]
    context = {
        "draft": draft,
        "review": review,
        "changing": [item for item in review.items if item.action],
        "standing": [item for item in review.items if not item.action],
        "stop": stop,
        "introduced": beyond,
        "may_apply": not (stop or refused or review.nothing),
        "documented": {f.code: f for f in found if f.severity == "documented" and not f.stood},
        "edits": "" if secret else packed(sent, draft.left),
        "ticks": _ticks(draft, review) if draft.choosable else [],
        "reviewed": " ".join(map(str, range(len(draft.wanted)))),
        "tried": sealed(draft.cluster, ((item.ref, item.after, item.dry_run) for item in review.items)),
        "trouble": trouble,
        "confirm": asked(review.meaning.confirm, draft.accept),
        **window_context(request.POST),
    } | override_context(request, [(item.findings, item.dry_run) for item in review.items], draft.override)
    return render_page(request, "changesets/review.html", context, status=status or 200)
