"""Deleting a resource, reviewed first, and giving an edit up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from clusters import services
from clusters.editing.confirming import TICK, accept_posted, asked
from clusters.editing.overrides import override_context, override_posted
from clusters.editing.posted import revision_posted
from clusters.editing.views import NOTE, row_of
from clusters.editing.yaml_text import manifest_yaml
from clusters.edits.overriding import may_override, overridable
from clusters.edits.trials import sealed
from clusters.kindpages import KindPage, page_of_kind
from clusters.models import Change, Resource
from clusters.pages import HttpRequest, render_page
from clusters.resources.releases import releases
from clusters.resources.uses import used_by
from intent.findings import Finding
from intent.rules import blocking


@require_http_methods(["GET", "POST"])
def resource_delete(request: HttpRequest, kind: str, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Review of a deletion, and the deletion."""
    about = page_of_kind(kind)
    about.require(request, "delete")
    row = row_of(kind, cluster, namespace, name)
    if request.method != "POST":
        return _review(request, about, row)
    revision, actor = revision_posted(request.POST) or 0, cast("User", request.user)
    note, accept = request.POST.get("note", "")[:NOTE], accept_posted(request.POST)
    try:
        services.resource_delete(
            row=row,
            actor=actor,
            source=Change.Source.BROWSER,
            base_revision=revision,
            message=note,
            accept=accept,
            override=override_posted(request),
        )
    except services.Refused as refused:
        return _review(request, about, row_of(kind, cluster, namespace, name), stop=refused.findings)
    except services.ClusterUnreachable as away:
        trouble = f"{away} Nothing was saved."
        return _review(request, about, row_of(kind, cluster, namespace, name), trouble=trouble)
    except services.Unconfirmed as left:
        return _review(request, about, row_of(kind, cluster, namespace, name), trouble=f"{left} {TICK}")
    except services.RevisionMismatch:
        trouble = f"Somebody changed this {about.noun} while you looked at it. Look again before you delete it."
        return _review(request, about, row_of(kind, cluster, namespace, name), trouble=trouble)
    messages.success(request, f"{row.name} will be gone as soon as the cluster confirms it.")
    return redirect(about.many)


def _review(
    request: HttpRequest, about: KindPage, row: Resource, *, stop: Sequence[Finding] = (), trouble: str = ""
) -> HttpResponse:
    """What the deletion would do. stop: why it was refused."""
    review = services.review(
        cluster=row.cluster, kind=about.kind.kind, namespace=row.namespace, name=row.name, manifest=None
    )
    own = [finding for finding in review.findings if finding not in review.introduced]
    against = blocking(own)
    context = {
        "about": about,
        "row": row,
        "review": review,
        "closes": about.closes(row),
        "used_by": used_by(row),
        "releases": releases(request, row) if against else [],
        "findings": stop or review.findings,
        "blocked": bool(against) and not (may_override(request.user) and all(map(overridable, against))),
        "yaml": manifest_yaml(review.before or row.manifest),
        "tried": sealed([(row.ref, None, review.dry_run)]),
        "note": request.POST.get("note", "")[:NOTE],
        "trouble": trouble,
        "confirm": asked(review.confirm, accept_posted(request.POST)),
    } | override_context(request, own, (), override_posted(request))
    return render_page(request, "resources/delete.html", context, status=409 if stop or trouble else 200)


@require_POST
def resource_discard(request: HttpRequest, kind: str, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Give up an edit that is pending, refused or in conflict: what the cluster holds counts again."""
    about = page_of_kind(kind)
    about.require(request, "change")
    row = row_of(kind, cluster, namespace, name)
    revision, actor = revision_posted(request.POST) or 0, cast("User", request.user)
    try:
        left = services.resource_discard(row=row, actor=actor, base_revision=revision)
    except services.RevisionMismatch:
        messages.warning(request, f"Somebody changed this {about.noun} meanwhile; nothing was given up.")
        return redirect(row.get_absolute_url())
    messages.success(request, f"The edit of {name} is given up.")
    return redirect(row.get_absolute_url() if left is not None else about.many)
