"""Trials on pages: what is under way, shown on every page; to keep or revert it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from clusters.models import Trial
from clusters.pages import HttpRequest, render_page
from clusters.trials.ending import reverted_by, trial_keep, trial_revert
from clusters.trials.selectors import trials

_ADDRESS = 2000  # characters


@require_GET
@permission_required("clusters.view_trial", raise_exception=True)
def trials_under_way(request: HttpRequest) -> HttpResponse:
    """The part of every page that shows them, fetched anew."""
    return render_page(request, "trials/banner.html", {"here": request.GET.get("here", "")[:_ADDRESS]})


@require_POST
@permission_required("clusters.add_changeset", raise_exception=True)
def trial_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """What was changed stays."""
    trial = get_object_or_404(trials(), pk=pk)
    if trial_keep(trial=trial, actor=cast("User", request.user)):
        messages.success(request, f"Change set {pk} is kept.")
    else:
        messages.warning(request, f"Change set {pk} is not in force yet, or its trial is over.")
    return _back(request, trial)


@require_POST
@permission_required("clusters.add_changeset", raise_exception=True)
def trial_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Revert it now."""
    trial, actor = get_object_or_404(trials(), pk=pk), cast("User", request.user)
    if not trial_revert(trial=trial, reason=reverted_by(actor), actor=actor):
        messages.warning(request, f"The trial of change set {pk} is over already.")
    return _back(request, trial)


def _back(request: HttpRequest, trial: Trial) -> HttpResponse:
    """To the page that the button was on."""
    here = request.POST.get("here", "")
    return redirect(here if url_has_allowed_host_and_scheme(here, allowed_hosts=None) else trial)
