"""One BGPPeer: what is configured, whether the cluster has it, its sessions, and who changed it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from clusters import clock
from clusters.kindpages import page_of_kind
from clusters.pages import HttpRequest, page_of, render_page
from clusters.resources.detail import resource_context
from dashboard.facts import text_of
from dashboard.sparklines import LINES, by_key, peer_series, place_of, sparklines
from dashboard.tallies import Tally, tallies
from peers.models import BGPPeer
from speakers.comparison.selectors import tally_of
from speakers.selectors import sessions


@require_GET
@permission_required("peers.view_bgppeer", raise_exception=True)
def peer(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """The page, or its live part."""
    rows = BGPPeer.objects.select_related("cluster")
    row = get_object_or_404(rows, cluster__name=cluster, namespace=namespace, name=name)
    own: QuerySet[Any] = sessions(cluster=row.cluster).filter(peer=name).order_by("severity", "node", "vrf")
    (tally,) = tallies([row])
    now = clock.now()
    page, lined = page_of(request, own), request.GET.get(LINES) == "1"
    lines = by_key({place_of(one): one.pk for one in page}, now) if lined else {}
    context = {
        **resource_context(request, page_of_kind("BGPPeer"), row),
        "tally": tally,
        "compared": tally_of(own, now),
        "sparklines": sparklines(peer_series(row, now)),
        "page": page,
        "rows": [(one, lines.get(one.pk)) for one in page],
        "lined": lined,
        "ticket": _ticket(row, tally),
    }
    return render_page(request, "resources/detail.html", context, part="live")


def _ticket(row: BGPPeer, tally: Tally) -> str:
    spec = row.spec
    router, asn = spec.get("peerAddress") or spec.get("interface"), spec.get("peerASN") or spec.get("dynamicASN")
    lines = [
        f"BGPPeer {row.namespace}/{row.name}, cluster {row.cluster.name}",
        f"router {router}, AS {asn}, own AS {spec.get('myASN')}, VRF {spec.get('vrf') or 'default'}",
        f"sessions: {tally.up} of {tally.intended} up" + (f", {tally.rest}" if tally.rest else ""),
        f"config: {row.get_sync_state_display()}",
        row.sync_message,
    ]
    return text_of(lines)
