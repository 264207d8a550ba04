"""Pages of the history: all changes, one of them, export, and the way back through Review."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clusters.changesets.drafts import SetDraft
from clusters.changesets.pages import set_review
from clusters.connecting.audit import own_kinds
from clusters.editing.yaml_text import manifest_yaml
from clusters.history.asked import NoPointError, point_of
from clusters.history.exports import download
from clusters.history.revert import SIDES, TooManyError, revert_of
from clusters.history.selectors import ChangeFilters, changes, diff_of
from clusters.models import Change
from clusters.pages import HttpRequest, page_of, parameters, render_page
from clusters.registry import resource_models, rows_of
from clusters.selectors import clusters_active
from intent.rules import DOCUMENTED

_LONGEST = 253
_SHOWN = 40  # characters of a value that is none
# Filters that links set, without an input of their own.
_CHIPS = {"namespace": "Namespace", "manager": "Field manager", "token": "Token", "set": "Change set"}


def _narrowed(request: HttpRequest) -> tuple[QuerySet[Change], dict[str, str], list[tuple[str, str]]]:
    """The changes that the URL asks for, what it asks, and what of that is not understood."""
    asked = request.GET.copy()
    for name in list(asked):
        if not str(asked[name]).strip():
            del asked[name]
    filters = ChangeFilters(asked, changes())
    errors = {} if filters.is_valid() else filters.errors
    faults = [(name, f"“{asked.get(name, '')[:_SHOWN]}”: {' '.join(told)}") for name, told in errors.items()]
    wanted = {name: asked.get(name, "")[:_LONGEST] for name in ChangeFilters.base_filters}
    return filters.filter_queryset(changes()), wanted, faults


@require_GET
@permission_required("clusters.view_change", raise_exception=True)
def change_list(request: HttpRequest) -> HttpResponse:
    """All changes, newest first, filtered and paged by the URL."""
    rows, wanted, faults = _narrowed(request)
    page = page_of(request, rows)
    context = {
        "page": page,
        "rows": [(change, diff_of(change)) for change in page],
        "wanted": wanted,
        "faults": faults,
        "narrowed": any(value for name, value in wanted.items() if name != "cluster"),
        "kinds": [*resource_models(), *own_kinds()],
        "sources": Change.Source.values,
        "actions": Change.Action.values,
        "chips": _chips(request, wanted),
        "may_revert": request.user.has_perm("clusters.add_changeset"),
    }
    return render_page(request, "history/list.html", context, part="table")


def _chips(request: HttpRequest, wanted: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """The filters that only links set: label, name, value, and the address without it."""
    return [
        (label, name, wanted[name], parameters(request, **{name: None, "page": None}))
        for name, label in _CHIPS.items()
        if wanted[name]
    ]


@require_GET
@permission_required("clusters.view_change", raise_exception=True)
def change_export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The same changes as JSON lines."""
    rows, _wanted, faults = _narrowed(request)
    if faults:
        text = "".join(f"{name}: {fault}\n" for name, fault in faults)
        return HttpResponseBadRequest(text, content_type="text/plain")
    return download(rows)


@require_GET
@permission_required("clusters.view_change", raise_exception=True)
def change_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One change: who, when, from where, why, what, and what everybody said of it then."""
    change = get_object_or_404(changes(), pk=pk)
    sides = [("before", change.before), ("after", change.after)]
    context = {
        "change": change,
        "diff": diff_of(change),
        "accepted": [(code, code in DOCUMENTED) for code in change.accepted],
        "page_of_object": _address(change),
        "manifests": [(side, manifest_yaml(manifest)) for side, manifest in sides if manifest is not None],
        "may_revert": request.user.has_perm("clusters.add_changeset") and change.kind in resource_models(),
    }
    return render_page(request, "history/detail.html", context)


def _address(change: Change) -> str:
    """The page of the object, "" if it is not there any more."""
    model = resource_models().get(change.kind)
    place = {"cluster": change.cluster_id, "namespace": change.namespace, "name": change.name}
    if model is None or not rows_of(change.kind).filter(**place).exists():
        return ""
    return reverse(model.PAGE, args=[change.of.name, change.namespace, change.name])


@require_POST
@permission_required("clusters.add_changeset", raise_exception=True)
def change_revert(request: HttpRequest, pk: int) -> HttpResponse:
    """Review of putting the object back to what it was before or after a change, as `to` says."""
    change = get_object_or_404(changes().exclude(cluster=None), pk=pk)
    side = next((one for one in SIDES if one == request.POST.get("to")), None)
    if side is None:
        return HttpResponseBadRequest("`to` must be before or after.", content_type="text/plain")
    return _reviewed(request, revert_of(change, side))


@require_http_methods(["GET", "POST"])
@permission_required("clusters.add_changeset", raise_exception=True)
def changes_revert(request: HttpRequest) -> HttpResponse:
    """Choose a point to which a cluster is put back, or a change set that is taken back; POST leads to Review."""
    if request.method != "POST":
        return _choose(request, request.GET)
    try:
        draft = point_of(request.POST, request.user)
    except (NoPointError, TooManyError) as error:
        return _choose(request, request.POST, trouble=str(error))
    draft.back = draft.back or reverse("changes")
    return _reviewed(request, draft)


def _choose(request: HttpRequest, given: Any, *, trouble: str = "") -> HttpResponse:
    names = ("cluster", "since", "change", "set", "kind", "namespace", "name")
    context = {
        "wanted": {name: given.get(name, "").strip()[:_LONGEST] for name in names},
        "active": list(clusters_active()),
        "kinds": list(resource_models()),
        "trouble": trouble,
    }
    return render_page(request, "history/revert.html", context, status=422 if trouble else 200)


def _reviewed(request: HttpRequest, draft: SetDraft) -> HttpResponse:
    if not (draft.wanted or draft.left):
        messages.info(request, "Everything stands as it did then; there is nothing to put back.")
        return redirect(draft.back)
    return set_review(request, draft)
