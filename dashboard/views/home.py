"""The Sessions page: what is wrong, and everything as one matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from alarms.selectors import firing_count
from clusters import clock
from clusters.config_counts import Odd, odd_objects
from clusters.kindpages import kind_pages
from clusters.models import Cluster, SyncState
from clusters.observing import told_of
from clusters.pages import HttpRequest, misfits, render_page
from clusters.selectors import clusters_known
from clusters.words import age_words
from dashboard.elsewhere import elsewhere, found_words, prefix_of
from dashboard.filters import Filters
from dashboard.matrix import Matrix, matrix
from dashboard.problems import SHOWN, SHOWN_ALL, problems, with_ribbons
from dashboard.refusals import by_refusal, frozen, kept_old, leading
from dashboard.sparklines import LINES
from dashboard.summary import Config, Thinned, also, headline_counts, sentence
from peers.models import BGPPeer
from speakers.counts import Counts
from speakers.history import DAY, LOST
from speakers.models import Transition
from speakers.redundancy import redundancy
from speakers.selectors import HEALTH, Freshness, freshness, sessions

STALE_POLLS = 3.5  # three polls missed, and the time that an answer takes


@dataclass(frozen=True, slots=True)
class Observed:
    """The freshness line: how current everything is, and when the page has to grey itself."""

    fresh: Freshness
    limit: float

    @property
    def blind(self) -> str:
        """Why nothing can be said of now; "" = it can."""
        if self.fresh.state == "never":
            return "no speaker has answered yet"
        if self.fresh.state == "stale" and self.fresh.observed_at is None:
            return "no speaker has answered since the database's clock was set back"
        if self.fresh.state == "stale" and self.fresh.observed_at:
            return f"nothing was observed for {age_words(clock.now() - self.fresh.observed_at)}"
        return ""


def observed(cluster: Cluster | None) -> Observed:
    """One query."""
    fresh = freshness(cluster=cluster)
    return Observed(fresh, fresh.interval * STALE_POLLS)


@require_GET
@permission_required("speakers.view_session", raise_exception=True)
def home(request: HttpRequest) -> HttpResponse:
    """Everything, or the part that htmx asks for: the freshness line, or the whole board."""
    filters = Filters.of(request.GET)
    clusters = {cluster.pk: cluster for cluster in clusters_known()}
    cluster = next((one for one in clusters.values() if one.name == filters.cluster), None)
    context: dict[str, Any] = {"observed": observed(cluster), "filters": filters, "now": clock.now()}
    if request.htmx.target == "fresh":
        return render_page(request, "dashboard/home.html", context, part="fresh")
    context["misfits"] = misfits(request, health=HEALTH)
    context |= _board(request, filters, clusters, context["observed"])
    return render_page(request, "dashboard/home.html", context, part="board")


def _board(request: HttpRequest, filters: Filters, clusters: dict[int, Cluster], seen: Observed) -> dict[str, Any]:
    counts = Counts.of(filters)
    left = redundancy(counts)
    config = _config(filters, clusters)
    opened = {"1": True, "0": False}.get(request.GET.get("healthy", ""))
    lined = request.GET.get(LINES) == "1"
    drawn = _drawn(request, filters, counts, clusters, opened=opened, lined=lined)
    why = frozen(filters)
    kept = kept_old(why, filters)
    peers = {column.key: column.peer for column in drawn.columns}
    found = by_refusal(problems(counts, clusters, filters, peers, why, left), why, filters)
    every = SHOWN_ALL if request.GET.get("causes") == "all" else SHOWN
    blind = seen.blind if counts.totals else ""
    thinned = Thinned.of(counts, left)
    said = sentence(counts, filters, thinned, blind=blind, refused=leading(found), unasked=seen.fresh.unasked)
    hits = elsewhere(request.user, filters.q, filters.cluster)
    return {
        "counts": counts,
        "sentence": said if counts.totals else _nothing(filters, found_words(hits)),
        "also": also(counts, said, thinned, seen.fresh.unasked),
        "kept": kept,
        "elsewhere": hits,
        "prefix": prefix_of(filters.q),
        "top": next((problem for problem in found if problem.neighbor and problem.number > 1), None),
        "numbers": headline_counts(
            counts, filters, kept, flaps=_drops(filters), alarms=firing_count(filters.cluster), config=config
        ),
        "problems": with_ribbons(found[:every], clock.now()),
        "problem_count": len(found),
        "matrix": drawn,
        "healthy_query": f"healthy={int(opened)}&" if opened is not None else "",
        "lined": lined,
        "lines_query": f"{LINES}=1&" if lined else "",
        "clusters_by_pk": clusters,
        "observing": [one for one in clusters.values() if told_of(one) and filters.cluster in ("", one.name)],
        "several": len(clusters) > 1 and not filters.cluster,
        "peers_exist": bool(counts.totals) or BGPPeer.objects.exists(),
        "vrfs": sorted({vrf for _cluster, vrf, _neighbor in counts.totals})[:200],
        "healths": HEALTH,
    }


def _drawn(
    request: HttpRequest,
    filters: Filters,
    counts: Counts,
    clusters: dict[int, Cluster],
    *,
    opened: bool | None,
    lined: bool,
) -> Matrix:
    """A page of the matrix. opened: with healthy nodes, None = if they are few; lined: with lines."""
    wanted = request.GET.get("page", "")
    page = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else 1
    names = {pk: one.name for pk, one in clusters.items()}
    at = clock.now() if lined else None
    return matrix(filters.apply(sessions()), counts, names, opened=opened, page=page, lined_at=at)


def _nothing(filters: Filters, found: str) -> str:
    """What leads a page without a session. found: what a search has found beside them."""
    if found:
        return f"{found[:1].upper()}{found[1:]} found, and no session"
    return "No session matches" if filters.chips else "No BGP session is intended yet"


def _drops(filters: Filters) -> int:
    wanted = {"cluster__name": filters.cluster, "vrf": filters.vrf, "node": filters.node, "peer": filters.peer}
    rows = Transition.objects.filter(**{name: value for name, value in wanted.items() if value})
    return rows.filter(LOST, at__gte=clock.now() - DAY).count()


def _config(filters: Filters, clusters: dict[int, Cluster]) -> Config:
    """One query; the links go to the first kind that has something to say."""
    names = {pk: one.name for pk, one in clusters.items()}
    odd = [one for one in odd_objects() if filters.cluster in {"", names.get(one.cluster_id)}]
    pages = {about.kind.kind: reverse(about.many) for about in kind_pages()}
    found = []
    for name, is_meant in _MEANT.items():
        meant = [one for one in odd if is_meant(one)]
        kinds = {one.kind for one in meant}
        page = next((page for kind, page in pages.items() if kind in kinds), "")
        found.append((sum(one.number for one in meant), f"{page}?sync={name}"))
    return Config(*found)


_MEANT: dict[str, Callable[[Odd], bool]] = {
    "pending": lambda one: one.state in {SyncState.PENDING, SyncState.DELETING},
    "stuck": lambda one: one.state in {SyncState.REJECTED, SyncState.CONFLICT},
    "error": lambda one: one.is_broken,
}
