"""Forms of rules, routes, silences and maintenance windows: REST's own serializers judge and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import ModelSerializer

from alarms.api.inhibitions import InhibitionSerializer
from alarms.api.quiet import SilenceSerializer, WindowSerializer
from alarms.api.routes import RouteSerializer
from alarms.api.rules import RuleSerializer
from alarms.models import Inhibition, Kind, MaintenanceWindow, Route, Rule, Severity, Silence
from alarms.pages.inputs import (
    Clock,
    Days,
    Input,
    Matchers,
    Moment,
    Names,
    Number,
    Select,
    Tick,
    UnreadableError,
    faults_of,
)
from alarms.services import row_delete, row_save, silence_end
from clusters import clock
from clusters.models import Change
from clusters.pages import HttpRequest, render_page

_ALL = "Names, with spaces between; empty for all. edge-* stands for all that begin so."
_MATCH = (
    "One a line, as peer=tor-a or severity!=info; all must match, none means all alarms. "
    "Names: rule, severity, kind, cluster, node, vrf, peer, neighbor. * stands for any characters."
)
_COVERED = "With a node, only alarms all of whose nodes match: one that is about other nodes, too, is still told."
_FEW, _FLAPS = "Too few sessions established", "Session flapping"


@dataclass(frozen=True, slots=True)
class Form:
    """What a form is about. noun: of it; many: the page of the list; ends: how it is taken away."""

    model: type[Any]
    serializer: type[ModelSerializer[Any]]
    noun: str
    many: str
    ends: str
    inputs: tuple[Input, ...]
    authored: bool = False

    def may(self, user: Any, verb: str) -> None:
        """Raises PermissionDenied."""
        if not user.has_perm(f"alarms.{verb}_{self.model.__name__.lower()}"):
            raise PermissionDenied


RULE = Form(Rule, RuleSerializer, "alarm rule", "alarm-rules", "Its alarms end with the next look.", (
    Input("name", "Name", required=True),
    Select("kind", "Watches for", choices=tuple(Kind.choices)),
    Select("severity", "Severity", choices=tuple(Severity.choices)),
    Tick("enabled", "Enabled"),
    Number("seconds", "For at least, in seconds", "What is over before does not fire."),
    Number("number", "Number", "Drops within the window; or the least that is established.", only=f"{_FLAPS}, {_FEW}"),
    Number("window", "Window, in seconds", "In which drops are counted.", only=_FLAPS),
    Select("per", "Counted for each", choices=tuple(Rule.Per.choices), only=_FEW),
    Names("clusters", "Clusters", _ALL),
    Names("nodes", "Nodes", _ALL),
    Names("peers", "BGPPeers", _ALL),
    Names("vrfs", "VRFs", "The same; default for none."),
))  # fmt: skip
ROUTE = Form(Route, RouteSerializer, "alarm route", "alarm-routes", "Its notices go with it, sent or not.", (
    Input("name", "Name", required=True),
    Select("kind", "Kind", choices=tuple(Route.Kind.choices)),
    Tick("enabled", "Enabled"),
    Input("url", "Address", "Of the receiver, https://…; kept encrypted and never shown again.", secret=True,
          only="all but e-mail"),
    Input("key", "Key", "Signs each notice, at least 16 characters; kept encrypted.", secret=True, only="webhook"),
    Input("token", "Token", "A bearer token, if it needs one; kept encrypted.", secret=True, only="Alertmanager"),
    Names("recipients", "Recipients", "Addresses, with spaces between.", only="e-mail"),
    Matchers("matchers", "Alarms that match", f"{_MATCH} A heartbeat knows clusters only."),
    Number("group_wait", "First notice waits, in seconds", "So that alarms of the same cluster join it."),
    Number("group_interval", "Between notices, in seconds", "Of a cluster; of a heartbeat, the least between two."),
    Number("repeat_interval", "Repeated after, in seconds", "What still fires and nobody acknowledged; 0 for never."),
    Tick("recovery", "The end of an alarm is told, too"),
))  # fmt: skip
INHIBITION = Form(
    Inhibition, InhibitionSerializer, "inhibition", "alarm-rules", "Alarms that it held back are told then.", (
    Input("name", "Name", required=True),
    Tick("enabled", "Enabled"),
    Matchers("sources", "While an alarm fires that matches", _MATCH, required=True),
    Matchers("targets", "No notices of alarms that match", f"In the same way. {_COVERED}", required=True),
    Names("equal", "And that share", "Of cluster, node (all of them), vrf, peer, neighbor."),
))  # fmt: skip
SILENCE = Form(Silence, SilenceSerializer, "silence", "silences", "It counts no more, and stays in the list.", (
    Matchers("matchers", "Alarms that match", f"{_MATCH} {_COVERED}"),
    Input("reason", "Reason", required=True),
    Moment("starts_at", "From, UTC", required=True),
    Moment("ends_at", "Until, UTC", required=True),
), authored=True)  # fmt: skip
WINDOW = Form(
    MaintenanceWindow, WindowSerializer, "maintenance window", "silences", "Alarms are told then as always.", (
    Input("name", "Name", required=True),
    Tick("enabled", "Enabled"),
    Matchers("matchers", "Alarms that match", f"{_MATCH} {_COVERED}"),
    Input("reason", "Reason", required=True),
    Moment("starts_at", "Once, UTC", "Leave it empty for one that recurs."),
    Days("weekdays", "Or on these days"),
    Clock("time", "At"),
    Input("time_zone", "In the time zone", "UTC, or as Europe/Zurich.", required=True),
    Number("minutes", "For, in minutes", required=True),
), authored=True)  # fmt: skip


@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, form: Form, pk: int | None = None) -> HttpResponse:
    """The form of a new one, or of one that is there; POST saves it, or with `remove` takes it away."""
    row = None if pk is None else get_object_or_404(form.model, pk=pk)
    form.may(request.user, "add" if row is None else "change")
    if request.method != "POST":
        return _page(request, form, row, _first(request, form) if row is None else vars(row))
    if "remove" in request.POST and row is not None:
        return _removed(request, form, row)
    data, faults = _typed(form, request.POST)
    asked = form.serializer(row, data=data, partial=row is not None)
    if not faults and asked.is_valid():
        more = {"author": request.user} if form.authored and row is None else {}
        try:
            saved = row_save(asked, actor=cast("User", request.user), source=Change.Source.BROWSER, **more)
        except ValidationError as error:
            faults = faults_of(cast("Mapping[str, Any]", error.detail))
        else:
            messages.success(request, f"{form.noun.capitalize()} {saved} is saved.")
            return redirect(form.many)
    return _page(request, form, row, data, faults or faults_of(asked.errors))


def _first(request: HttpRequest, form: Form) -> dict[str, Any]:
    """What a new one begins with: the model's defaults, and for a silence what the link asks for."""
    found: dict[str, Any] = vars(form.model())
    if form is SILENCE:
        now = clock.now()
        texts = "\n".join(request.GET.getlist("m")[:20])
        query = QueryDict(mutable=True)
        query["matchers"] = texts
        try:
            found["matchers"] = Matchers("matchers", "").read(query)
        except UnreadableError:
            found["matchers"] = []
        found |= {"starts_at": now, "ends_at": now + timedelta(hours=1)}
    return found


def _typed(form: Form, post: QueryDict) -> tuple[dict[str, Any], dict[str, str]]:
    data: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for one in form.inputs:
        try:
            data |= one.given(post)
        except UnreadableError as error:
            faults[one.name] = str(error)
    return data, faults


def _removed(request: HttpRequest, form: Form, row: Any) -> HttpResponse:
    form.may(request.user, "delete")
    actor = cast("User", request.user)
    if isinstance(row, Silence):
        silence_end(row, actor=actor, source=Change.Source.BROWSER)
    else:
        row_delete(row, actor=actor, source=Change.Source.BROWSER)
    messages.success(request, f"{form.noun.capitalize()} {row} is {'ended' if form is SILENCE else 'removed'}.")
    return redirect(form.many)


def _page(
    request: HttpRequest, form: Form, row: Any, values: Mapping[str, Any], faults: Mapping[str, str] | None = None
) -> HttpResponse:
    """The form; what is secret is never in it again."""
    faults, sent = faults or {}, request.POST
    inputs = []
    for one in form.inputs:
        value = "" if one.secret else one.shown(values.get(one.name))
        if isinstance(one, Matchers) and one.name in faults:  # as it was typed
            value = sent.get(one.name, "")[:4000]
        inputs.append((one, value, faults.get(one.name, "")))
    labels = {one.name: one.label for one in form.inputs}
    context = {
        "form": form,
        "row": row,
        "inputs": inputs,
        "faults": [(name if name in labels else "", labels.get(name, ""), text) for name, text in faults.items()],
        "ends": row is not None and request.user.has_perm(f"alarms.delete_{form.model.__name__.lower()}"),
        "back": reverse(form.many),
        "broken": row.error if isinstance(row, Rule) and row.enabled else "",
        "over": isinstance(row, Silence) and row.ends_at <= clock.now(),
    }
    return render_page(request, "alarms/form.html", context, status=422 if faults else 200)
