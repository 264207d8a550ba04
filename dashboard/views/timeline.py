"""The page that puts what happened to sessions beside what was done and what else happened."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clusters import clock
from clusters.pages import HttpRequest, parameters, render_page
from clusters.words import utc_stamp
from dashboard.timeline.asked import FLAPS, REACHES, Asked, AskedError
from dashboard.timeline.drawing import lanes
from dashboard.timeline.items import LANES
from dashboard.timeline.order import exact_stamp
from dashboard.timeline.reading import timeline


@require_GET
@permission_required("speakers.view_session", raise_exception=True)
def page(request: HttpRequest) -> HttpResponse:
    """What happened in the time that the URL names; what is not understood in it is said, and left out."""
    now, query, faults = clock.now(), request.GET.copy(), list[tuple[str, str]]()
    while True:
        try:
            asked = Asked.of(query, now)
            break
        except AskedError as error:
            faults.append((error.name, error.message))
            del query[error.name]
    found = timeline(asked, changes=request.user.has_perm("clusters.view_change"))
    reach = REACHES[asked.reach]
    later = asked.until is not None and asked.end < now - reach
    context = {
        "found": found,
        "asked": asked,
        "lanes": lanes(found),
        "faults": faults,
        "flaps": FLAPS.items(),
        "reaches": [(name, parameters(request, reach=name, after=None), name == asked.reach) for name in REACHES],
        "choices": LANES.items(),
        "earlier": parameters(request, until=utc_stamp(asked.begin), after=None),
        "later": parameters(request, until=utc_stamp(asked.end + reach) if later else None, after=None),
        "newest": parameters(request, after=None),
        "following": found.following and parameters(request, until=exact_stamp(asked.end), after=str(found.following)),
        "narrowed": bool(asked.node or asked.peer or asked.vrf or asked.neighbor or asked.lane),
    }
    return render_page(request, "dashboard/timeline.html", context, part="table")
