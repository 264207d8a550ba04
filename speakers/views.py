"""The page of the speakers: where FRR runs, and when it last answered."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.db.models import Case, Q, When
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clusters import clock
from clusters.ordering import ordered
from clusters.pages import Column, HttpRequest, misfits, ordering, page_of, render_page
from clusters.stale import by_node, refusals
from speakers import selectors
from speakers.frr import commands
from speakers.shell import oc

COLUMNS = (
    Column("node", "Node", ("node", "cluster__name")),
    Column("pod", "Pod", ("namespace", "pod")),
    Column("restarts", "Restarts", ("restarts",)),
    Column("age", "Age", ("started_at",)),
    Column("version", "FRR", ("frr_version",)),
    Column("answered", "Last answer", ("observed_at",)),
)
_WORST_FIRST = ("calm", "cluster__name", "node")  # what needs a look, then the others
FRESHNESS = (("live", "live"), ("late", "late"), ("unknown", "not answering"), ("absent", "no pod"))
_OLD = ("old", "keeps its old configuration")


@require_GET
@permission_required("speakers.view_speaker", raise_exception=True)
def speakers(request: HttpRequest) -> HttpResponse:
    """All speakers, filtered and ordered by the URL."""
    refused = by_node(refusals())
    old = selectors.keeping_old(refused)
    rows = selectors.speakers().alias(calm=Case(When(old, then=0), When(freshness="live", then=1), default=0))
    cluster, wanted = request.GET.get("cluster", ""), request.GET.get("state", "")
    words = request.GET.get("q", "").strip()[:253]
    if cluster:
        rows = rows.filter(cluster__name=cluster)
    if wanted in dict(FRESHNESS):
        rows = rows.filter(freshness=wanted)
    elif wanted == _OLD[0]:
        rows = rows.filter(old)
    if words:
        rows = rows.filter(Q(node__icontains=words) | Q(pod__icontains=words) | Q(frr_version__istartswith=words))
    order, headers = ordering(request, COLUMNS, _WORST_FIRST)
    page = page_of(request, ordered(rows, order))
    context = {
        "page": page,
        "speakers": [
            (row, oc(row, commands.neighbors_all()), refused.get((row.cluster_id, row.node), ())) for row in page
        ],
        "old": selectors.speakers().filter(old).count() if refused else 0,
        "headers": headers,
        "fresh": selectors.freshness(),
        "words": words,
        "wanted": wanted,
        "choices": (*FRESHNESS, _OLD),
        "misfits": misfits(request, state=dict((*FRESHNESS, _OLD))),
        "now": clock.now(),
    }
    return render_page(request, "speakers/speakers.html", context, part="table")
