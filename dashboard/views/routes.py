"""Who announces an address, in the whole fleet: asked of FRR on every node, beside what MetalLB's objects say."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from clusters.models import Cluster
from clusters.observing import asks
from clusters.pages import HttpRequest, parameters, render_page
from clusters.selectors import clusters_active
from dashboard import lookup
from dashboard.limited import limited
from speakers.frr import commands

PAGE = 100  # rows


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("speakers.view_session", raise_exception=True)
@limited
def routes(request: HttpRequest) -> HttpResponse:
    """The form, and the last answer to what it asks; a POST has every node asked."""
    given = request.POST if request.method == "POST" else request.GET
    clusters = list(clusters_active().order_by("name"))
    words, name = given.get("prefix", "").strip()[:60], given.get("cluster", "")
    cluster = next((one for one in clusters if one.name == name), clusters[0] if clusters else None)
    prefix, wrong = "", ""
    try:
        prefix = commands.prefix_argument(words) if words else ""
    except commands.ArgumentError:
        wrong = f"“{words}” is neither an IP address nor a prefix such as 203.0.113.0/24."
    refused = cluster.observing_why if cluster is not None and not asks(cluster) else ""
    context = {"clusters": clusters, "cluster": cluster, "words": words, "wrong": wrong, "prefix": prefix}
    context["refused"] = refused
    if request.method == "POST" and cluster and prefix and not refused:
        try:
            if lookup.ask(cluster, prefix) or lookup.pending(cluster, prefix):
                return redirect(f"{request.path}{parameters(request, cluster=cluster.name, prefix=prefix, page=None)}")
            context["wrong"] = "No worker can be told to ask: Redis does not answer."
        except lookup.TooManyError as error:
            context["wrong"] = str(error)
    return render_page(request, "dashboard/routes.html", context | _answer(request, cluster, prefix), part="answer")


def _answer(request: HttpRequest, cluster: Cluster | None, prefix: str) -> dict[str, Any]:
    if cluster is None or not prefix:
        return {}
    found = lookup.last(cluster, prefix)
    page = Paginator(found.rows if found else [], PAGE).get_page(request.GET.get("page"))
    return {"found": found, "pending": lookup.pending(cluster, prefix), "page": page}
