"""Deleting a resource, reviewed first, and giving an edit up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from clusters import services
from clusters.changesets.wanted import Wanted
from clusters.editing.applying import NOTE
from clusters.editing.confirming import TICK, accept_posted, asked
from clusters.editing.overrides import override_context, override_posted
from clusters.editing.posted import revision_posted
from clusters.editing.views import row_of
from clusters.editing.yaml_text import manifest_yaml
from clusters.edits.overriding import may_override, overridable
from clusters.edits.trials import sealed
from clusters.kindpages import KindPage, page_of_kind
from clusters.models import Change, Resource
from clusters.pages import HttpRequest, render_page
from clusters.resources.releases import releases
from clusters.resources.uses import used_by
from clusters.trials.begin import edit_on_trial
from clusters.trials.window import WindowError, window_context, window_posted
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
    try:
        address = _accept(request, row, revision, actor)
    except services.Refused as refused:
        return _review(request, about, row_of(kind, cluster, namespace, name), stop=refused.findings)
    except (services.ClusterUnreachable, services.Unconfirmed, WindowError) as error:
        trouble = f"{error} {TICK if isinstance(error, services.Unconfirmed) else 'Nothing was saved.'}"
        return _review(request, about, row_of(kind, cluster, namespace, name), trouble=trouble)
    except services.RevisionMismatch:
        trouble = f"Somebody changed this {about.noun} while you looked at it. Look again before you delete it."
        return _review(request, about, row_of(kind, cluster, namespace, name), trouble=trouble)
    if address:
        return redirect(address)
    messages.success(request, f"{row.name} will be gone as soon as the cluster confirms it.")
    return redirect(about.many)


def _accept(request: HttpRequest, row: Resource, revision: int, actor: User) -> str:
    """Accept the deletion; of one on trial the address of its change set."""
    consent: dict[str, Any] = {"accept": accept_posted(request.POST), "override": override_posted(request)}
    consent |= {"message": request.POST.get("note", "")[:NOTE], "source": Change.Source.BROWSER, "actor": actor}
    window = window_posted(request.POST)
    if window is not None:
        wanted = Wanted(row.KIND.kind, row.namespace, row.name, None, base_revision=revision)
        made = edit_on_trial(cluster=row.cluster, edit=wanted, window=window, **consent)
        return made.get_absolute_url() if made is not None else ""
    services.resource_delete(row=row, base_revision=revision, **consent)
    return ""


def _review(
    request: HttpRequest, about: KindPage, row: Resource, *, stop: Sequence[Finding] = (), trouble: str = ""
) -> HttpResponse:
    """What the deletion would do. stop: why it was refused."""
    review = services.review(
        cluster=row.cluster, kind=about.kind.kind, namespace=row.namespace, name=row.name, manifest=None
    )
    own = [finding for finding in review.findings if finding not in review.introduced]
    against, passes = blocking(own), may_override(request.user) and review.dry_run.accepted is True
    context = {
        "about": about,
        "row": row,
        "review": review,
        "closes": about.closes(row),
        "used_by": used_by(row),
        "releases": releases(request, row) if against else [],
        "findings": stop or review.findings,
        "blocked": bool(against) and not (passes and all(map(overridable, against))),
        "yaml": manifest_yaml(review.before or row.manifest),
        "tried": sealed(row.cluster, [(row.ref, None, review.dry_run)]),
        "note": request.POST.get("note", "")[:NOTE],
        **window_context(request.POST),
        "trouble": trouble,
        "confirm": asked(review.meaning.confirm, accept_posted(request.POST)),
    } | override_context(request, [(own, review.dry_run)], override_posted(request))
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
