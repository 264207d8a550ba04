"""One alarm with its evidence and notices; that somebody looks after it; routes and notices that are tried again."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from alarms.models import Alarm, Notice, Route
from alarms.quietness import quiet_now, silenced_by
from alarms.selectors import gone
from alarms.services import alarm_acknowledge, notice_again, notice_test
from clusters import clock
from clusters.models import Change
from clusters.pages import HttpRequest, render_page
from peers.models import BGPPeer

_NOTICES = 50
_NAMED = 10  # nodes


@require_GET
@permission_required("alarms.view_alarm", raise_exception=True)
def alarm(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that is known of it."""
    rows = Alarm.objects.select_related("cluster", "rule", "acknowledged_by", "inhibited_by")
    if (found := rows.filter(pk=pk).first()) is None:
        return _gone(request)
    context = {
        "alarm": found,
        "silence": silenced_by(found, quiet_now(clock.now())) if found.state in Alarm.OPEN else None,
        "explained": found.explained.filter(state__in=Alarm.OPEN).order_by("-sessions", "pk")[:_NOTICES],
        "notices": found.notices.select_related("route").defer("body").order_by("-created_at", "-pk")[:_NOTICES],
        "sessions": f"{reverse('home')}?{urlencode(_sessions(found))}",
        "quiet": f"{reverse('silence-new')}?{urlencode([('m', text) for text in _matchers(found)])}",
        "peer_row": _peer(found, request),
        "nodes": _nodes(found, request),
        "now": clock.now(),
    }
    return render_page(request, "alarms/alarm.html", context, part="body")


def _gone(request: HttpRequest) -> HttpResponse:
    """What became of it, since notices and people's notes have its address; an open page must not go on showing it."""
    response = render_page(request, "alarms/gone.html", {"why": gone()}, status=404)
    if request.htmx:
        response.headers["HX-Refresh"] = "true"
    return response


def _peer(alarm: Alarm, request: HttpRequest) -> BGPPeer | None:
    """Its BGPPeer, if that is still there and may be looked at."""
    if not alarm.peer or not request.user.has_perm("peers.view_bgppeer"):
        return None
    rows = BGPPeer.objects.select_related("cluster").filter(cluster=alarm.cluster, namespace=alarm.cluster.namespace)
    return rows.filter(name=alarm.peer).first()


def _nodes(alarm: Alarm, request: HttpRequest) -> list[tuple[str, str]]:
    """Names of the first of its nodes, with the address of the page of each that is still there."""
    names = alarm.nodes[:_NAMED]
    known = set[str]()
    if request.user.has_perms(("clusters.view_node", "speakers.view_session")):
        known = set(alarm.cluster.nodes.filter(name__in=names).values_list("name", flat=True))
    return [(name, reverse("node", args=[alarm.cluster.name, name]) if name in known else "") for name in names]


def _sessions(alarm: Alarm) -> dict[str, str]:
    """Filters of the Sessions page that show what it is about."""
    where = {"cluster": alarm.cluster.name, "vrf": alarm.vrf, "q": alarm.neighbor}
    if len(alarm.nodes) == 1 and alarm.number_of_nodes == 1:
        where["node"] = alarm.nodes[0]
    if alarm.cause_kind == "peer":
        where["peer"] = alarm.peer
    return {name: value for name, value in where.items() if value}


def _matchers(alarm: Alarm) -> list[str]:
    """A silence that is about this alarm, and its like."""
    found = {"cluster": alarm.cluster.name, "rule": alarm.rule_name, "vrf": alarm.vrf, "neighbor": alarm.neighbor}
    if not alarm.neighbor:
        found |= {"peer": alarm.peer, "node": alarm.nodes[0] if alarm.number_of_nodes == 1 else ""}
    return [f"{name}={value}" for name, value in found.items() if value]


@require_POST
@permission_required("alarms.change_alarm", raise_exception=True)
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody looks after it, or `undo`: nobody does."""
    found, undo = get_object_or_404(Alarm.objects.select_related("cluster"), pk=pk), "undo" in request.POST
    actor, words = cast("User", request.user), request.POST.get("words", "")
    if alarm_acknowledge(found, actor=actor, source=Change.Source.BROWSER, words=words, undo=undo):
        messages.success(request, "The acknowledgement is taken back." if undo else "The alarm is acknowledged.")
    else:
        messages.info(request, "The alarm does not fire any more.")
    return redirect(found)


@require_POST
@permission_required("alarms.change_route", raise_exception=True)
def route_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test notice."""
    route = get_object_or_404(Route, pk=pk)
    notice_test(route, actor=cast("User", request.user), source=Change.Source.BROWSER)
    messages.info(request, f"A test notice for {route.name} is on its way; below is what becomes of it.")
    return redirect(f"{reverse('notices')}?{urlencode({'route': route.name})}")


@require_POST
@permission_required("alarms.change_notice", raise_exception=True)
def notice_resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a notice again that was given up."""
    notice = get_object_or_404(Notice.objects.select_related("route"), pk=pk)
    if notice_again(notice, actor=cast("User", request.user), source=Change.Source.BROWSER):
        messages.success(request, "The notice is on its way again.")
    else:
        messages.info(request, "Only a notice that was given up can be sent again.")
    return redirect(f"{reverse('notices')}?{urlencode({'route': notice.route.name})}")
