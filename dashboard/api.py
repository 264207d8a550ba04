"""Questions to one node, asked over the API: look at a session now, and list the routes of its VRF."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import redis
from celery import current_app
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from kombu.exceptions import OperationalError
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle

from clusters.api.permissions import ViewPermission
from clusters.api.problems import BadParameter, NotAvailable, fault
from clusters.api.waiting import until, wait_of
from speakers import live
from speakers.api import SessionViewSet
from speakers.models import Session
from speakers.serializers import AnswerSerializer, answer_json

NEIGHBOR, FAMILIES = "neighbor", ("ipv4", "ipv6")
_WAIT = OpenApiParameter("wait", str, description="Hold the answer until the node has spoken, `10s`; at most 60s.")
_FAMILY = OpenApiParameter("family", str, enum=FAMILIES, description="Address family; ipv4 if not given.")
_ANSWERED = {200: AnswerSerializer, 202: OpenApiResponse(description="Asked; ask again for the answer.")}
_CURRENT = timedelta(seconds=live.PENDING_TTL)  # who asked just before us gets us our answer, too
_EXPIRES = 30.0  # seconds; who asked has gone by then


class OnDemandThrottle(UserRateThrottle):
    """Each question is an exec in a pod of the cluster."""

    scope = "on-demand"
    rate = "120/min"


class SessionActionsViewSet(SessionViewSet):
    """Sessions, and what can be asked about one at once."""

    parameters = {"refresh": ("wait",), "routes": ("wait", "family"), "routes_last": ("family",)}

    @extend_schema(
        summary="Refresh a session",
        description="Asks FRR of this node now, and answers with its own words (passwords left out).",
        request=None,
        parameters=[_WAIT],
        responses=_ANSWERED,
    )
    @action(detail=True, methods=["post"], permission_classes=[ViewPermission], throttle_classes=[OnDemandThrottle])
    def refresh(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for the neighbor."""
        return _ask(request, self.get_object(), NEIGHBOR)

    @extend_schema(
        summary="Ask for the routes of a session's VRF",
        request=None,
        parameters=[_WAIT, _FAMILY],
        responses=_ANSWERED,
    )
    @action(detail=True, methods=["post"], permission_classes=[ViewPermission], throttle_classes=[OnDemandThrottle])
    def routes(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for the BGP table of one family."""
        return _ask(request, self.get_object(), _family(request))

    @extend_schema(summary="The routes that were asked for last", parameters=[_FAMILY], responses=AnswerSerializer)
    @routes.mapping.get
    def routes_last(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The last answer, while it is kept."""
        found = live.command_get(self.get_object().pk, _family(request))
        if found is None:
            raise Http404("Nothing was asked, or the answer is no longer kept.")
        return Response(answer_json(found))


def _family(request: Request) -> str:
    family = request.query_params.get("family", FAMILIES[0])
    if family not in FAMILIES:
        message = f"must be one of {', '.join(FAMILIES)}"
        raise BadParameter(f"family {message}.", findings=[fault("family", message, code="family", value=family)])
    return family


def _ask(request: Request, session: Session, name: str) -> Response:
    wait, asked_at = wait_of(request), timezone.now()
    task, more = ("refresh_session", ()) if name == NEIGHBOR else ("show_routes", (name,))
    try:
        if live.command_start(session.pk, name):
            current_app.send_task(f"dashboard.tasks.{task}", args=(session.pk, *more), expires=_EXPIRES, retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        live.command_end(session.pk, name)
        raise NotAvailable(
            "The question cannot be handed to a worker: Redis does not answer.", retry_after=5
        ) from error

    def look() -> live.CommandResult | None:
        found = None if live.command_pending(session.pk, name) else live.command_get(session.pk, name)
        return found if found is not None and found.at >= asked_at - _CURRENT else None

    found = until(look, wait)
    if found is None:
        return Response(status=status.HTTP_202_ACCEPTED, headers={"Retry-After": "1"})
    return Response(answer_json(found))
