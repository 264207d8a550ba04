"""Pages of change sets: Review and apply, the report of one, and all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from clusters.changesets.drafts import SetDraft, draft_posted
from clusters.changesets.giving_up import changeset_give_up, to_confirm
from clusters.changesets.judge import SomeRefused
from clusters.changesets.pages import set_review
from clusters.changesets.rights import rights_check
from clusters.changesets.save import changeset_save
from clusters.changesets.selectors import changesets
from clusters.editing.confirming import TICK, accept_posted, asked
from clusters.editing.overrides import override_posted
from clusters.edits.refusals import ClusterUnreachable, RevisionMismatch, Unconfirmed
from clusters.models import Change, ChangeSet, ChangeSetItem, Trial
from clusters.pages import HttpRequest, misfits, page_of, render_page
from clusters.registry import resource_models
from clusters.trials.stays import counted_stays
from clusters.trials.window import WindowError, window_posted
from clusters.words import duration_words

_ITEMS = 200  # on a page
_CHECKS = 20


@require_POST
@permission_required("clusters.add_changeset", raise_exception=True)
def changeset_new(request: HttpRequest) -> HttpResponse:
    """Review several edits that a page sends; with `step=apply` accept them."""
    draft = draft_posted(request.POST)
    if draft is None:
        return HttpResponseBadRequest("These are no edits. Go back and send the page again.", content_type="text/plain")
    draft.override = override_posted(request)
    if request.POST.get("step") == "apply":
        if draft.chosen:
            return set_review(request, draft, trouble="You chose other objects. This is what these would do.")
        return _apply(request, draft)
    return set_review(request, draft)


def _apply(request: HttpRequest, draft: SetDraft) -> HttpResponse:
    rights_check(request.user, draft.cluster, draft.wanted)
    try:
        made = changeset_save(
            cluster=draft.cluster,
            edits=draft.wanted,
            actor=cast("User", request.user),
            source=Change.Source.BROWSER,
            accept=draft.accept,
            override=draft.override,
            note=draft.note,
            window=window_posted(request.POST),
        )
    except (SomeRefused, Unconfirmed, WindowError) as error:
        return set_review(request, draft, status=422, trouble=_trouble(request, error))
    except ClusterUnreachable as away:
        return set_review(request, draft, status=503, trouble=f"{away} Nothing was saved.")
    except RevisionMismatch as mismatch:
        trouble = f"Somebody changed one of these objects while you looked at them. {mismatch.note} Look again."
        return set_review(request, draft, status=409, trouble=trouble)
    if made is None:
        messages.info(request, "Everything stands as you want it; there is nothing to do.")
        return redirect(draft.back or reverse("changesets"))
    return redirect(made)


def _trouble(request: HttpRequest, error: Exception) -> str:
    """What is not among the findings of the Review."""
    if isinstance(error, SomeRefused):  # what stands only against a trial
        words = [one.message for some in error.findings for one in some] if request.POST.get("safe_apply") else []
        return " ".join([*words, "Nothing was saved."]) if words else ""
    return f"{error} {TICK if isinstance(error, Unconfirmed) else 'Nothing was saved.'}"


@require_GET
@permission_required("clusters.view_changeset", raise_exception=True)
def changeset_report(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of each object, as it happens."""
    found = get_object_or_404(changesets(), pk=pk)
    page = page_of(request, found.items.order_by("position"), _ITEMS)
    runs = getattr(found, "trial", None) is not None and found.trial.state == Trial.State.RUNNING
    context = {
        "change_set": found,
        "page": page,
        "items": [(item, _address(found, item)) for item in page],
        "checks": _checks(found),
        "may_give_up": getattr(found, "trial", None) is None
        and found.state in (ChangeSet.State.PENDING, ChangeSet.State.APPLYING)
        and request.user.has_perm("clusters.add_changeset"),
        "may_revert": not runs
        and found.state in (ChangeSet.State.APPLIED, ChangeSet.State.FAILED_ROLLBACK)
        and request.user.has_perm("clusters.add_changeset"),
        "done": found.items.exclude(state__in=(ChangeSetItem.State.PENDING, ChangeSetItem.State.TRYING)).count(),
    }
    context |= _trial(found)
    return render_page(request, "changesets/report.html", context, part="live")


def _trial(change_set: ChangeSet) -> dict[str, Any]:
    """Its trial, and what has to stay."""
    trial: Trial | None = getattr(change_set, "trial", None)
    total, resets = counted_stays(trial.stays) if trial is not None and trial.state == Trial.State.RUNNING else (0, 0)
    grace = duration_words(timedelta(seconds=settings.BGPUI_SAFE_APPLY_GRACE))
    return {"trial": trial, "sessions": total, "resets": resets, "grace": grace}


def _checks(change_set: ChangeSet) -> list[tuple[str, str]]:
    """Where peers of it are checked step by step, from the speakers to what is advertised."""
    if change_set.state != ChangeSet.State.APPLIED:
        return []
    names = change_set.items.filter(kind="BGPPeer").exclude(after=None).values_list("namespace", "name")[:_CHECKS]
    cluster = change_set.cluster.name
    return [(name, reverse("guided-checks", args=[cluster, namespace, name])) for namespace, name in names]


def _address(change_set: ChangeSet, item: ChangeSetItem) -> str:
    """The page of the object, "" if it has none."""
    model = resource_models().get(item.kind)
    there = item.before if item.state in (ChangeSetItem.State.UNDONE, ChangeSetItem.State.SKIPPED) else item.after
    if model is None or there is None:
        return ""
    return reverse(model.PAGE, args=[change_set.cluster.name, item.namespace, item.name])


@require_POST
@permission_required("clusters.add_changeset", raise_exception=True)
def changeset_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a change set up; what that destroys is asked about first."""
    found, accept = get_object_or_404(ChangeSet.objects.select_related("cluster"), pk=pk), accept_posted(request.POST)
    try:
        if not changeset_give_up(change_set=found, actor=cast("User", request.user), accept=accept):
            messages.warning(request, "It had its outcome already.")
    except Unconfirmed:
        context = {"change_set": found, "confirm": asked(to_confirm(found), accept)}
        return render_page(request, "changesets/giveup.html", context, status=422)
    return redirect(found)


@require_GET
@permission_required("clusters.view_changeset", raise_exception=True)
def changeset_list(request: HttpRequest) -> HttpResponse:
    """All change sets, newest first, in one state if the URL says so."""
    wanted = {name: request.GET.get(name, "").strip()[:253] for name in ("cluster", "state")}
    rows = changesets()
    if wanted["cluster"]:
        rows = rows.filter(cluster__name=wanted["cluster"])
    if wanted["state"] in ChangeSet.State.values:
        rows = rows.filter(state=wanted["state"])
    context = {
        "page": page_of(request, rows),
        "wanted": wanted,
        "narrowed": bool(wanted["state"]),
        "states": ChangeSet.State.choices,
        "misfits": misfits(request, state=ChangeSet.State.values),
    }
    return render_page(request, "changesets/list.html", context, part="table")
