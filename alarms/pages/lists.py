"""Lists: alarms, rules, routes, silences with maintenance windows, notices."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from alarms.models import Alarm, Inhibition, Kind, MaintenanceWindow, Notice, Route, Rule, Severity, Silence
from alarms.quietness import quiet_now, silenced_by
from alarms.selectors import alarms_ordered, firing_count, sweeps_stopped
from clusters import clock
from clusters.pages import HttpRequest, misfits, page_of, render_page

_LONGEST = 253
_INHIBITIONS = 200
_STATES = (
    ("firing", "firing"),
    ("pending", "not for long enough"),
    ("resolved", "over"),
    ("passed", "passed before it fired"),
)


@require_GET
@permission_required("alarms.view_alarm", raise_exception=True)
def alarms(request: HttpRequest) -> HttpResponse:
    """All alarms, what fires first, filtered and paged by the URL."""
    names = ("cluster", "state", "severity", "kind", "q")
    wanted = {name: request.GET.get(name, "").strip()[:_LONGEST] for name in names}
    rows = alarms_ordered()
    exact = {"cluster__name": wanted["cluster"], "title__icontains": wanted["q"]}
    for name, choices in (("state", Alarm.State.values), ("severity", Severity.values), ("kind", Kind.values)):
        exact[name] = wanted[name] if wanted[name] in choices else ""
    rows = rows.filter(**{column: value for column, value in exact.items() if value})
    rows = rows if exact["state"] else rows.exclude(state=Alarm.State.PASSED)
    page, quiets = page_of(request, rows), quiet_now(clock.now())
    context = {
        "page": page,
        "rows": [(alarm, _silence(alarm, quiets)) for alarm in page],
        "wanted": wanted,
        "narrowed": any(value for name, value in wanted.items() if name != "cluster"),
        "firing": firing_count(wanted["cluster"]),
        "routes": Route.objects.filter(enabled=True).exclude(kind=Route.Kind.HEARTBEAT).count(),
        "rules": Rule.objects.filter(enabled=True).count(),
        "states": _STATES,
        "severities": Severity.choices,
        "kinds": Kind.choices,
        "misfits": misfits(request, state=Alarm.State.values, severity=Severity.values, kind=Kind.values),
    }
    return render_page(request, "alarms/list.html", context, part="table")


def _silence(alarm: Alarm, quiets: list[Silence | MaintenanceWindow]) -> Silence | MaintenanceWindow | None:
    return silenced_by(alarm, quiets) if alarm.state in Alarm.OPEN else None


@require_GET
@permission_required("alarms.view_rule", raise_exception=True)
def rules(request: HttpRequest) -> HttpResponse:
    """All rules by name, and which alarms others explain."""
    inhibitions = Inhibition.objects.order_by("name")[:_INHIBITIONS]
    context = {"page": page_of(request, Rule.objects.order_by("name")), "inhibitions": inhibitions}
    return render_page(request, "alarms/rules.html", context)


@require_GET
@permission_required("alarms.view_route", raise_exception=True)
def routes(request: HttpRequest) -> HttpResponse:
    """All routes by name, with what became of their notices."""
    page = page_of(request, Route.objects.order_by("name"))
    left = Notice.objects.exclude(state=Notice.State.SENT).filter(route__in=list(page)).order_by()
    numbers: dict[tuple[int, str], int] = {}
    for key in left.values_list("route_id", "state"):
        numbers[key] = numbers.get(key, 0) + 1
    rows = [
        (route, numbers.get((route.pk, Notice.State.WAITING), 0), numbers.get((route.pk, Notice.State.DEAD), 0))
        for route in page
    ]
    return render_page(request, "alarms/routes.html", {"page": page, "rows": rows}, part="table")


@require_GET
@permission_required("alarms.view_silence", raise_exception=True)
def silences(request: HttpRequest) -> HttpResponse:
    """Silences, those that count first, and maintenance windows."""
    now = clock.now()
    page = page_of(request, Silence.objects.select_related("author").order_by("-ends_at", "-pk"))
    windows = MaintenanceWindow.objects.select_related("author").order_by("name")[:200]
    context = {
        "page": page,
        "rows": [(silence, silence.active(now), silence.ends_at <= now) for silence in page],
        "windows": [(window, window.active(now), window.next_start(now)) for window in windows],
    }
    return render_page(request, "alarms/silences.html", context)


@require_GET
@permission_required("alarms.view_notice", raise_exception=True)
def notices(request: HttpRequest) -> HttpResponse:
    """Notices, the newest first, filtered by the URL."""
    state, route = (request.GET.get(name, "").strip()[:_LONGEST] for name in ("state", "route"))
    rows = Notice.objects.select_related("route", "cluster").defer("body").order_by("-created_at", "-pk")
    rows = rows.filter(state=state) if state in Notice.State.values else rows
    rows = rows.filter(route__name=route) if route else rows
    context = {
        "page": page_of(request, rows),
        "state": state,
        "route": route,
        "states": Notice.State.choices,
        "routes": [(name, name) for name in Route.objects.order_by("name").values_list("name", flat=True)[:200]],
        "misfits": misfits(request, state=Notice.State.values),
    }
    return render_page(request, "alarms/notices.html", context, part="table")


@require_GET
@permission_required("speakers.view_session", raise_exception=True)
def standing(request: HttpRequest) -> HttpResponse:
    """What every page has: whether sweeps have stopped, and for the navigation how many alarms fire."""
    context = {"stopped": sweeps_stopped(), "live": request.user.has_perm("alarms.view_alarm")}
    return render_page(request, "alarms/standing.html", context)
