"""Taking an object over from the tool that looks after it: what that means is said, and the name typed, first."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from clusters.editing.posted import revision_posted
from clusters.editing.views import UNPROCESSABLE, row_of
from clusters.edits import takeover
from clusters.edits.overriding import REASON, WHO, may_override
from clusters.edits.refusals import Refused, RevisionMismatch
from clusters.kindpages import page_of_kind
from clusters.models import Change
from clusters.pages import HttpRequest, render_page
from clusters.resources.told import SAVED


@require_http_methods(["GET", "POST"])
def resource_take_over(request: HttpRequest, kind: str, cluster: str, namespace: str, name: str) -> HttpResponse:
    """The page, and the take-over."""
    about = page_of_kind(kind)
    about.require(request, "change")
    if not may_override(request.user):
        raise PermissionDenied(WHO)
    row = row_of(kind, cluster, namespace, name)
    owned = takeover.ownership_of(row)
    if not owned.read_only:
        messages.info(request, f"{name} is not read-only: edit it.")
        return redirect(row)
    typed, reason, trouble = request.POST.get("name", "").strip(), request.POST.get("reason", "").strip()[:REASON], ""
    if request.method == "POST":
        if typed != name or not reason:
            trouble = f"Type {name}, and say why." if typed != name else "Say why."
        else:
            revision, actor = revision_posted(request.POST), cast("User", request.user)
            try:
                takeover.resource_take_over(
                    row=row, actor=actor, source=Change.Source.BROWSER, reason=reason, base_revision=revision
                )
            except Refused as refused:
                trouble = str(refused)
            except RevisionMismatch:
                trouble = f"Somebody changed this {about.noun} while you looked at it. Look again."
            else:
                messages.info(request, f"{name} is saved.", extra_tags=SAVED)
                return redirect(row)
    context = {"about": about, "row": row, "owned": owned, "trouble": trouble, "typed": typed, "reason": reason}
    return render_page(request, "resources/takeover.html", context, status=UNPROCESSABLE if trouble else 200)
