"""The list of BGPPeers: configuration and sessions side by side."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clusters.ordering import ordered
from clusters.pages import Column, HttpRequest, misfits, ordering, page_of, render_page
from clusters.resources.axis import CONFIG, by_config
from dashboard.tallies import tallies
from peers.selectors import SESSIONS, in_vrf, peers_matching

COLUMNS = (
    Column("name", "Peer", ("name", "cluster__name", "namespace")),
    Column("address", "Router", ("peer_address", "interface")),
    Column("asn", "AS", ("peer_asn", "my_asn")),
    Column("vrf", "VRF", ("vrf", "name")),
    Column("config", "Config", ("sync_state", "severity", "name")),
    Column("sessions", "Sessions", ("-sessions_down", "sessions_up", "name")),
    Column("changed", "Changed", ("-updated_at",)),
)
_WORST_FIRST = ("-sessions_down", "-sessions_degraded", "cluster__name", "name")
_SESSIONS = (("up", "all up"), ("degraded", "some degraded"), ("down", "some down"), ("none", "none intended"))


@require_GET
@permission_required("peers.view_bgppeer", raise_exception=True)
def peers(request: HttpRequest) -> HttpResponse:
    """All peers, filtered, ordered and paged by the URL."""
    wanted = {name: request.GET.get(name, "").strip()[:253] for name in ("q", "cluster", "vrf", "sync", "sessions")}
    rows = by_config(peers_matching(wanted["q"]), wanted["sync"])
    if wanted["cluster"]:
        rows = rows.filter(cluster__name=wanted["cluster"])
    if wanted["vrf"]:
        rows = rows.filter(in_vrf(wanted["vrf"]))
    if wanted["sessions"] in SESSIONS:
        rows = rows.filter(SESSIONS[wanted["sessions"]])
    order, headers = ordering(request, COLUMNS, _WORST_FIRST)
    page = page_of(request, ordered(rows, order))
    context = {
        "page": page,
        "peers": list(zip(page, tallies(list(page)), strict=True)),
        "headers": headers,
        "wanted": wanted,
        "narrowed": any(wanted[name] for name in ("q", "vrf", "sync", "sessions")),
        "config_choices": CONFIG,
        "session_choices": _SESSIONS,
        "misfits": misfits(request, sync=dict(CONFIG), sessions=SESSIONS),
    }
    return render_page(request, "peers/list.html", context, part="table")
