"""The page of a cluster's baseline: pin one, see what differs from it, put that back, give it up."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from clusters.baseline.drift import FILTERS, STATES, TooManyError, back_to, baseline_of, drift_of, drifted, tally
from clusters.baseline.pin import NotPinnedError, baseline_pin, baseline_unpin, pinned_of, state_at
from clusters.changesets.imports import LARGEST, TooMuchError, read_import
from clusters.changesets.pages import set_review
from clusters.models import Change, Cluster
from clusters.moments import EXAMPLE, MomentField
from clusters.pages import HttpRequest, misfits, page_of, render_page
from clusters.registry import resource_models
from clusters.selectors import clusters_known
from clusters.words import counted

_LONGEST = 253
_SHOWN = 40  # characters of a moment that is none


@require_http_methods(["GET", "POST"])
@permission_required("clusters.view_baseline", raise_exception=True)
def baseline(request: HttpRequest, name: str) -> HttpResponse:
    """The page; POST with `step`: pin, moment, unpin, or back for the Review that puts things back."""
    cluster = get_object_or_404(clusters_known(), name=name)
    if request.method != "POST":
        return _page(request, cluster)
    step = request.POST.get("step", "")
    if step == "back":
        return _back(request, cluster)
    if not request.user.has_perm("clusters.delete_baseline" if step == "unpin" else "clusters.add_baseline"):
        raise PermissionDenied
    if step == "unpin":
        baseline_unpin(cluster=cluster, actor=cast("User", request.user), source=Change.Source.BROWSER)
        messages.success(request, f"Nothing is pinned for {cluster.name} any more.")
        return redirect("baseline", cluster.name)
    return _pin(request, cluster)


def _pin(request: HttpRequest, cluster: Cluster) -> HttpResponse:
    try:
        more: dict[str, Any] = _asked(request, cluster)
        more |= {"note": request.POST.get("note", "").strip(), "source": Change.Source.BROWSER}
        made = baseline_pin(cluster=cluster, actor=cast("User", request.user), **more)
    except (NotPinnedError, TooMuchError) as error:
        return _page(request, cluster, trouble=str(error))
    pinned = made.objects_pinned.exclude(manifest=None).count()
    messages.success(request, f"{counted(pinned, 'object')} pinned.")
    return redirect(made)


def _asked(request: HttpRequest, cluster: Cluster) -> dict[str, Any]:
    """What to pin. Raises NotPinnedError, TooMuchError."""
    if request.POST.get("step") == "moment":
        text = request.POST.get("moment", "").strip()
        try:
            moment = MomentField().clean(text)
        except ValidationError as error:
            told = f"The moment must be a time in the years 1 to 9999 UTC, as {EXAMPLE}; it is {text[:_SHOWN]!r}."
            raise NotPinnedError(told) from error
        return {"objects": state_at(cluster, moment), "moment": moment}
    files, text = request.FILES.getlist("files"), request.POST.get("text", "")
    if sum(file.size or 0 for file in files) > LARGEST:
        raise TooMuchError(f"The files have more than {LARGEST:,} bytes together.")
    raw = [(str(file.name)[:200], file.read()) for file in files] + ([("", text.encode())] if text.strip() else [])
    return {"objects": pinned_of(read_import(raw, cluster, user=request.user))}


def _back(request: HttpRequest, cluster: Cluster) -> HttpResponse:
    if not request.user.has_perm("clusters.add_changeset"):
        raise PermissionDenied
    found = baseline_of(cluster)
    try:
        draft = back_to(found, request.POST.dict()) if found is not None else None
    except TooManyError as error:
        return _page(request, cluster, trouble=str(error))
    if draft is None or not (draft.wanted or draft.left):
        messages.info(request, "Everything stands as it was pinned; there is nothing to put back.")
        return redirect("baseline", cluster.name)
    return set_review(request, draft)


def _page(request: HttpRequest, cluster: Cluster, *, trouble: str = "") -> HttpResponse:
    found = baseline_of(cluster)
    given = request.GET if request.method == "GET" else {}
    models = resource_models()
    wanted = {name: str(given.get(name, ""))[:_LONGEST] for name in FILTERS}
    odd = misfits(request, kind=models, state=STATES)
    wanted |= {one.name: "" for one in odd}
    page = page_of(request, drift_of(found, wanted)) if found is not None else None
    context = {
        "of": cluster,
        "baseline": found,
        "counts": tally(found) if found is not None else {},
        "page": page,
        "rows": [(row, models[row.one.kind].PAGE) for row in (drifted(found, page) if found and page else ())],
        "wanted": wanted,
        "narrowed": any(wanted.values()),
        "kinds": list(models),
        "states": STATES,
        "may": {verb: request.user.has_perm(f"clusters.{verb}_baseline") for verb in ("add", "delete")},
        "may_back": request.user.has_perm("clusters.add_changeset"),
        "misfits": odd,
        "trouble": trouble,
        "typed": {name: request.POST.get(name, "") for name in ("moment", "note")},
    }
    return render_page(request, "baseline/baseline.html", context, part="table", status=422 if trouble else 200)
