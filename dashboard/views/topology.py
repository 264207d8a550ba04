"""The page of the topology: VRF by VRF, the nodes by where they stand, the routers, and the sessions between them."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clusters import clock
from clusters.pages import HttpRequest, misfits, render_page
from clusters.selectors import clusters_known
from dashboard.filters import Filters
from dashboard.topology import groups
from dashboard.topology.picture import ROWS, picture
from dashboard.views.home import observed
from speakers.selectors import HEALTH

VIEW = ("speakers.view_session", "clusters.view_node", "peers.view_bgppeer")
_OPENED = 20  # groups
_PAGES = 6  # digits


@require_GET
@permission_required(VIEW, raise_exception=True)
def topology(request: HttpRequest) -> HttpResponse:
    """Everything, or the part that htmx asks for."""
    filters, by = Filters.of(request.GET), request.GET.get("by", "").strip()[:317]
    clusters = {cluster.pk: cluster for cluster in clusters_known()}
    odd = bool(by) and by != groups.NONE and not groups.is_label(by)
    places = groups.places("" if odd else by, filters.cluster)
    opened = [name[:63] for name in request.GET.getlist("open")[:_OPENED]]
    page = request.GET.get("page", "")
    number = max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < _PAGES else 1
    vrfs = picture(filters, places, clusters, opened, number)
    cluster = next((one for one in clusters.values() if one.name == filters.cluster), None)
    context = {
        "vrfs": vrfs,
        "filters": filters,
        "places": places,
        "unnamed": "without the label" if places.by else "all nodes",
        "odd_label": by if odd else "",
        "opened": opened,
        "page_number": number,
        "pages": -(-max((one.total for vrf in vrfs for one in vrf.groups if one.opened), default=1) // ROWS),
        "several": len(clusters) > 1 and not filters.cluster,
        "healths": HEALTH,
        "seen": {health for vrf in vrfs for column, _ in vrf.columns for health in +column.healths},
        "observed": observed(cluster),
        "misfits": misfits(request, health=HEALTH),
        "now": clock.now(),
    }
    return render_page(request, "dashboard/topology.html", context, part="picture")
