"""One session: its state and why, its last day, everything that FRR says of it, and questions asked on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from clusters import clock
from clusters.observing import asks
from clusters.pages import HttpRequest, render_page
from clusters.places import places_of
from clusters.stale import Freeze, freezes, refusals
from dashboard import facts
from dashboard.factgroups import groups
from dashboard.limited import limited
from dashboard.observe import ask as ask_frr
from dashboard.problem import peer_href
from dashboard.ribbon import states
from dashboard.sources import sources
from dashboard.sparklines import sparklines
from dashboard.timeline.asked import around
from dashboard.views.home import STALE_POLLS
from speakers import live
from speakers.comparison.selectors import comparison_of, differences_of
from speakers.counters.series import session_series
from speakers.frr import commands
from speakers.frr.logs import TAIL
from speakers.frr.reasons import REASONS
from speakers.frr.routes import PAGE, Path
from speakers.history import DAY, MONTH, history
from speakers.models import Session, Speaker
from speakers.reach import UNSEEN
from speakers.selectors import freshness, sessions, transitions
from speakers.shell import oc

_FAMILY_WORDS = {"ipv4": "IPv4", "ipv6": "IPv6"}
QUESTIONS = (
    *(
        (f"{direction}-{family}", f"{_FAMILY_WORDS[family]} routes {words}")
        for direction, words in (("advertised", "told to this neighbor"), ("received", "heard from this neighbor"))
        for family in commands.FAMILIES
    ),
    ("ipv4", "IPv4 routes of this VRF"),
    ("ipv6", "IPv6 routes of this VRF"),
    ("neighbor", "The neighbor as vtysh prints it"),
    ("reach", "The way to the router, as FRR tracks it"),
    ("log", "Log lines of FRR and MetalLB around the last change"),
)
_REFRESH = "refresh"
_CHANGES = 50
_REFUSALS = 3
_DIFFERENCES = 50  # prefixes that are shown
_ROUNDING = timedelta(minutes=1)
_REACHES = (
    ("24 hours", DAY, ("24 h ago", "18 h", "12 h", "6 h", "now")),
    ("30 days", MONTH, ("30 d ago", "", "15 d", "", "now")),
)


@dataclass(frozen=True, slots=True)
class Question:
    """Something that FRR can be asked now, and its last answer."""

    name: str
    label: str
    command: str
    pending: bool
    answer: live.CommandResult | None
    refused: str = ""  # why it cannot be asked here
    page: Page[Path] | None = None  # of the table


def _found(pk: int) -> tuple[Session, str]:
    row = get_object_or_404(sessions(), pk=pk)
    return row, str(vars(row)["health"])  # an annotation, which the type of a single row does not know


def _questions(row: Session, pages: Mapping[str, str]) -> list[Question]:
    """pages: the number of the page of a question's table, by `<question>-page`."""
    found = []
    for name, label in QUESTIONS:
        family = name.partition("-")[2]
        if name != "log" and row.speaker.source == Speaker.Source.METRICS:  # there is no FRR
            continue
        if family and row.families and f"{family}Unicast" not in row.families:
            continue
        try:
            command = _command(row, name)
        except commands.ArgumentError:
            continue
        pending, answer = live.command_pending(row.pk, name), live.command_get(row.pk, name)
        paths = answer.table.paths if answer and answer.table else []
        page = Paginator(paths, PAGE).get_page(pages.get(f"{name}-page"))
        refused = "" if name == "log" or asks(row.cluster) else row.cluster.observing_why
        found.append(Question(name, label, command, pending, answer, refused, page))
    return found


def _command(row: Session, name: str) -> str:
    """What asks the same in a shell; "" if there is nothing to ask. Raises ArgumentError."""
    speaker = row.speaker
    if name == "log":
        line = commands.oc_log(speaker.namespace, speaker.pod, speaker.container, TAIL) if speaker.pod else ""
        return line if line.isprintable() else ""
    if name == "reach":
        return oc(speaker, commands.next_hop(row.vrf, row.neighbor))
    direction, exchanged, family = name.partition("-")
    if exchanged:
        return oc(speaker, commands.exchanged(row.vrf, row.neighbor, family, direction))
    if name in commands.FAMILIES:
        return oc(speaker, commands.routes(row.vrf, name))
    return oc(speaker, commands.neighbor(row.vrf, row.neighbor))


def _live(row: Session, health: str) -> dict[str, Any]:
    now = clock.now()
    detail = live.session_detail(row) if asks(row.cluster) else None
    past = history(row, now)
    reason = REASONS.get(row.reason)
    fresh = freshness(cluster=row.cluster)
    compared = comparison_of(row)
    place = {"cluster": row.cluster.name, "node": row.node}
    began = row.speaker.observed_at if health in UNSEEN else row.since
    return {
        "compared": compared,
        "compared_late": compared is not None and compared.late(now),
        "differences": differences_of(row, _DIFFERENCES) if compared is not None and compared.differences else [],
        "detail": detail,
        "state": facts.state_words(row, health, now),
        "before": facts.since_words(row) if row.began_before and health not in UNSEEN else "",
        "past": past,
        "pasts": [
            (words, reach - _ROUNDING, axis, past.uptime(reach), past.lost(reach), states(past.spans, now, reach))
            for words, reach, axis in _REACHES
        ],
        "sparklines": sparklines(session_series(row, now)),
        "changes": [(each, around(each.at, **place)) for each in transitions(row, now - DAY, _CHANGES)],
        "timeline": around(began or row.since, **place),
        "flap_window": timedelta(seconds=settings.BGPUI_FLAP_WINDOW),
        "reason": reason,
        "side": facts.side_words(reason.side) if reason else "",
        "refused": _refused(row) if health == "absent" else [],
        "evidence": facts.evidence(row),
        "groups": groups(row, detail),
        "ticket": facts.ticket(row, health, now),
        "sources": sources(row),
        "quiet": row.cluster.observing_why if not asks(row.cluster) else "",
        "limit": fresh.interval * STALE_POLLS,
        "now": now,
    }


def _refused(row: Session) -> list[tuple[Freeze, list[tuple[str, str]]]]:
    """Why the node keeps its old configuration, each reason with the objects to mend and their pages."""
    why = [freeze for freeze in freezes(refusals(row.cluster)) if row.node in freeze.nodes][:_REFUSALS]
    pages = places_of((one.cluster, ref) for one in why for ref in one.objects)
    return [(one, [(str(ref), pages.get((one.cluster, ref), "")) for ref in one.objects]) for one in why]


@require_GET
@permission_required("speakers.view_session", raise_exception=True)
def session(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, its live part, or the part with the answers."""
    row, health = _found(pk)
    context = {
        "session": row,
        "health": health,
        "peer_href": peer_href(row.cluster, row.peer),
        "refreshing": live.command_pending(row.pk, _REFRESH),
        "unfit": commands.vrf_unfit(row.vrf),
    }
    if request.htmx.target == "answers":
        return render_page(
            request, "dashboard/session.html", context | {"questions": _questions(row, request.GET)}, part="answers"
        )
    context |= _live(row, health)
    if request.htmx.target == "live":
        return render_page(request, "dashboard/session.html", context, part="live")
    return render_page(request, "dashboard/session.html", context | {"questions": _questions(row, request.GET)})


@require_POST
@permission_required("speakers.view_session", raise_exception=True)
@limited
def ask(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Ask FRR now; the answer arrives on the page when it is there."""
    if name not in {_REFRESH, *(known for known, _label in QUESTIONS)}:
        raise Http404
    row, health = _found(pk)
    ask_frr(row, name)
    if not request.htmx:
        return redirect(f"{row.get_absolute_url()}#answers" if name != _REFRESH else row.get_absolute_url())
    context = {"session": row, "health": health, "questions": _questions(row, request.GET), "refreshing": True}
    context["unfit"] = commands.vrf_unfit(row.vrf)
    part = "refresh" if name == _REFRESH else "answers"
    return render_page(request, "dashboard/session.html", context, part=part)
