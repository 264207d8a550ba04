"""The wall: everything on one screen that is read from metres away and that nobody touches."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from alarms.selectors import alarms_firing
from clusters import clock
from clusters.pages import HttpRequest, misfits, render_page
from clusters.selectors import clusters_known
from dashboard.filters import Filters
from dashboard.overview import overview
from dashboard.refusals import leading
from dashboard.summary import Thinned, also, sentence
from dashboard.views.home import observed
from speakers.selectors import HEALTH

PARTS, CAUSES, ALARMS = 12, 7, 5  # that have room on a screen


@require_GET
@permission_required("speakers.view_session", raise_exception=True)
def wall(request: HttpRequest) -> HttpResponse:
    """The page, or the part that htmx asks for."""
    filters, now = Filters.of(request.GET), clock.now()
    clusters = {cluster.pk: cluster for cluster in clusters_known()}
    chosen = next((one for one in clusters.values() if one.name == filters.cluster), None)
    seen = observed(chosen)
    found = overview(filters, clusters, now)
    blind = seen.blind if found.counts.totals else ""
    unasked, refused = seen.fresh.unasked, leading(found.problems)
    thinned = Thinned.of(found.counts, found.left)
    said = sentence(found.counts, filters, thinned, blind=blind, refused=refused, unasked=unasked)
    firing = list(alarms_firing(filters.cluster)) if request.user.has_perm("alarms.view_alarm") else []
    context = {
        "observed": seen,
        "filters": filters,
        "found": found,
        "sentence": said,
        "also": also(found.counts, said, thinned, unasked),
        "parts": found.parts[:PARTS],
        "more_parts": found.parts[PARTS:],
        "causes": found.problems[:CAUSES],
        "problem_count": len(found.problems),
        "more_causes": max(0, len(found.problems) - CAUSES),
        "alarms": firing[:ALARMS],
        "more_alarms": max(0, len(firing) - ALARMS),
        "several": len(clusters) > 1 and not filters.cluster,
        "misfits": misfits(request, health=HEALTH),
        "now": now,
    }
    return render_page(request, "dashboard/wall.html", context, part="wall")
