"""The pages of the guided ways: all of them, and one, which ends on the Review of its objects."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.views.decorators.http import require_GET, require_http_methods

from clusters.changesets.drafts import SetDraft
from clusters.changesets.pages import set_review
from clusters.changesets.review import changeset_review
from clusters.editing.overrides import Looks, override_context, override_posted
from clusters.edits.dryrun import UNASKED
from clusters.edits.overriding import may_override, overridable
from clusters.models import Cluster
from clusters.pages import HttpRequest, render_page
from clusters.selectors import clusters_active
from dashboard.guided.guide import Setting
from dashboard.guided.walk import Walk, given, walk_of
from dashboard.guided.ways import GUIDES, guide_of
from intent.findings import Severity

_PAGE = "guided/form.html"
UNPROCESSABLE = 422


@require_GET
def guides(request: HttpRequest) -> HttpResponse:
    """The ways that the user may walk."""
    mine = [guide for guide in GUIDES if guide.allowed(request.user)]
    if not mine:
        raise PermissionDenied
    return render_page(request, "guided/guides.html", {"guides": mine})


@require_http_methods(["GET", "POST"])
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """One way: ask, check while it is answered, and hand over to Review."""
    found = guide_of(slug)
    if found is None:
        raise Http404
    if not found.allowed(request.user):
        raise PermissionDenied
    active = list(clusters_active())
    sent = request.POST if request.method == "POST" else given(request.GET)
    wanted = sent.get("cluster") or request.GET.get("cluster", "")
    cluster = next((one for one in active if one.name == wanted), active[0] if len(active) == 1 else None)
    if cluster is None:
        return render_page(request, "guided/cluster.html", {"guide": found, "active": active})
    answers = sent if sent.get("cluster") in {None, cluster.name} else QueryDict()
    return _step(request, walk_of(found, Setting(cluster, answers, request.user)), active)


def _step(request: HttpRequest, walk: Walk, active: list[Cluster]) -> HttpResponse:
    step = walk.here.post.get("step", "form")
    if not walk.here.post:
        return _form(request, walk, active, judged=False)
    walk.override = override_posted(request)
    walk.judge()
    if step == "check":
        return _form(request, walk, active, part="checks")
    if step != "review" or request.method != "POST":
        return _form(request, walk, active)
    if walk.stops:
        return _form(request, walk, active, status=UNPROCESSABLE, looks=_tried(request, walk))
    draft = SetDraft(
        cluster=walk.here.cluster,
        wanted=walk.wanted,
        title=f"Review: {walk.guide.title}",
        back=walk.address,
        note=walk.guide.title,
        accept=walk.accept,
        override=walk.override,
    )
    return set_review(request, draft)


def _tried(request: HttpRequest, walk: Walk) -> Looks:
    """What the API server says of objects that only rules forbid, for who may override these."""
    if not (may_override(request.user) and all(map(overridable, walk.stops))):
        return [(walk.findings, UNASKED)]
    review = changeset_review(
        cluster=walk.here.cluster,
        edits=walk.wanted,
        accept=walk.accept,
        override=walk.override,
        meaning=False,
        offer=True,
    )
    return [(item.findings, item.dry_run) for item in review.items]


def _form(
    request: HttpRequest,
    walk: Walk,
    active: list[Cluster],
    *,
    judged: bool = True,
    part: str = "",
    status: int = 200,
    looks: Looks = (),
) -> HttpResponse:
    walk.ask(part=part)
    findings = walk.findings
    context: dict[str, Any] = {
        "guide": walk.guide,
        "cluster": walk.here.cluster,
        "active": active,
        "pieces": list(walk.pieces.values()),
        "general": walk.general,
        "accepted": walk.accept,
        "added": walk.here.post.get("step", "").partition("add:")[2],
        "judged": judged,
        "stops": len(walk.stops),
        "cautions": sum(finding.severity is Severity.WARNING for finding in findings),
        "summary": walk.summary if status == UNPROCESSABLE else (),
        **walk.guide.context(walk.here, walk.pieces),
        **override_context(request, looks, walk.override),
    }
    if part:
        return render_page(request, f"{_PAGE}#{part}", context)
    return render_page(request, _PAGE, context, status=status)
