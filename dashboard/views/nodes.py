"""The pages of nodes: all of them, one, and the way of one to being drained and back."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clusters.editing.confirming import TICK, accept_posted, asked
from clusters.excluding.rights import command, refusal
from clusters.excluding.services import ExclusionRefusedError, exclusion_ask
from clusters.models import Change, Node
from clusters.observing import asks
from clusters.ordering import ordered
from clusters.pages import Column, HttpRequest, misfits, ordering, page_of, render_page
from clusters.stale import nodes_keeping_old
from dashboard.limited import limited
from dashboard.nodes import selectors
from dashboard.nodes.asking import node_ask
from dashboard.nodes.plan import Plan, meant_of, plan_of
from dashboard.nodes.progress import progress_of
from intent.announcements.cluster import EXCLUDED
from intent.confirmations import unconfirmed

COLUMNS = (
    Column("name", "Node", ("name", "cluster__name")),
    Column("ready", "State", ("ready", "unschedulable", "cluster__name", "name")),
    Column("sessions", "Sessions", ()),
    Column("sent", "Told now", ()),
)
_BY_NAME = ("cluster__name", "name")
_STATES = (("excluded", "excluded from load balancing"), ("cordoned", "cordoned"), ("not-ready", "not ready"))
_NOTE = 400
_LAYER2 = 200  # services that are named
_VIEW = ("clusters.view_node", "speakers.view_session")
MAY = "clusters.change_exclusion"


@require_GET
@permission_required(_VIEW, raise_exception=True)
def nodes(request: HttpRequest) -> HttpResponse:
    """All nodes, filtered, ordered and paged by the URL."""
    wanted = {name: request.GET.get(name, "").strip()[:253] for name in ("cluster", "q", "state")}
    rows = selectors.nodes()
    if wanted["cluster"]:
        rows = rows.filter(cluster__name=wanted["cluster"])
    for word in wanted["q"].split()[:5]:
        rows = rows.filter(Q(name__icontains=word) | Q(cluster__name=word))
    if wanted["state"] in selectors.STATES:
        rows = rows.filter(selectors.STATES[wanted["state"]])
    order, headers = ordering(request, COLUMNS, _BY_NAME)
    page = page_of(request, ordered(rows, order))
    found = selectors.summaries(list(page))
    context = {
        "page": page,
        "rows": [(row, found[row.cluster_id, row.name], selectors.is_excluded(row)) for row in page],
        "headers": headers,
        "wanted": wanted,
        "narrowed": bool(wanted["q"] or wanted["state"]),
        "choices": _STATES,
        "misfits": misfits(request, state=dict(_STATES)),
    }
    return render_page(request, "nodes/list.html", context, part="table")


@require_GET
@permission_required(_VIEW, raise_exception=True)
def node(request: HttpRequest, cluster: str, name: str) -> HttpResponse:
    """One node: its state and labels, what it tells whom, and the services whose endpoints it holds."""
    row = _found(cluster, name)
    held = selectors.held(row)
    context = {
        "node": row,
        "progress": progress_of(row, meant_of(row)),
        "labels": sorted(row.labels.items()),
        "held": held[: selectors.HELD],
        "held_total": held.count(),
        "old": row.name in nodes_keeping_old(row.cluster),
    }
    return render_page(request, "nodes/node.html", context, part="live")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(_VIEW, raise_exception=True)
def drain(request: HttpRequest, cluster: str, name: str) -> HttpResponse:
    """What the label takes away and how far it is; by POST it is set, or taken off."""
    row = _found(cluster, name)
    if request.method == "POST":
        return _label(request, row)
    if request.htmx.target == "progress":
        context = {"node": row, "progress": progress_of(row, meant_of(row)), "may_ask": asks(row.cluster)}
        response = render_page(request, "nodes/drain.html", context, part="progress")
        if request.GET.get("excluded") != _yes_no(row):  # what is next is another thing now, and the plan with it
            response["HX-Refresh"] = "true"
        return response
    return _drain_page(request, row, plan_of(row))


@require_POST
@permission_required(_VIEW, raise_exception=True)
@limited
def ask(request: HttpRequest, cluster: str, name: str) -> HttpResponse:
    """Ask FRR of the node now; the answers arrive on the page when they are there."""
    row = _found(cluster, name)
    node_ask(row)
    return redirect(reverse("drain", args=[cluster, name]) + "#progress")


def _yes_no(row: Node) -> str:
    return "yes" if selectors.is_excluded(row) else "no"


def _found(cluster: str, name: str) -> Node:
    row = selectors.node_get(cluster, name)
    if row is None:
        raise Http404("There is no node of this name.")
    return row


def _label(request: HttpRequest, row: Node) -> HttpResponse:
    if not request.user.has_perm(MAY):
        raise PermissionDenied
    wanted = request.POST.get("label") != "off"
    note = request.POST.get("note", "").strip()[:_NOTE]
    plan = plan_of(row) if wanted else None
    needed, accept = plan.draining.confirm if plan is not None else (), accept_posted(request.POST)
    if plan is not None and unconfirmed(needed, accept):
        return _drain_page(request, row, plan, trouble=TICK, note=note, status=422)
    said: dict[str, Any] = {"message": note, "confirmed": needed}
    try:
        exclusion_ask(node=row, wanted=wanted, actor=request.user, source=Change.Source.BROWSER, **said)
    except ExclusionRefusedError as refused:
        return _drain_page(request, row, plan or plan_of(row), trouble=str(refused), note=note, status=422)
    return redirect("drain", row.cluster.name, row.name)


def _drain_page(
    request: HttpRequest, row: Node, plan: Plan, *, trouble: str = "", note: str = "", status: int = 200
) -> HttpResponse:
    excluded = selectors.is_excluded(row)
    context: dict[str, Any] = {
        "node": row,
        "may_ask": asks(row.cluster),
        "plan": plan.draining,
        "heard": plan.heard,
        "confirm": asked(plan.draining.confirm, accept_posted(request.POST)),
        "layer2": plan.draining.layer2[:_LAYER2],
        "alone": sum(not one.others for one in plan.draining.layer2),
        "progress": progress_of(row, plan.meant),
        "held": selectors.held(row).count(),
        "local": selectors.held(row).filter(traffic_policy="Local").count(),
        "label": EXCLUDED,
        "refusal": refusal(row.cluster, wanted=not excluded),
        "command": command(row, wanted=not excluded),
        "may": request.user.has_perm(MAY),
        "old": row.name in nodes_keeping_old(row.cluster),
        "trouble": trouble,
        "note": note,
    }
    return render_page(request, "nodes/drain.html", context, status=status)
