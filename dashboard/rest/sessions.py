"""What the API joins: peers with their sessions, and sessions with what their node can be asked at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from clusters import clock
from clusters.api.permissions import ViewPermission
from clusters.api.problems import BadParameter, Conflict, NotAvailable, fault
from clusters.api.waiting import until, wait_of
from clusters.observing import asks
from dashboard.limited import question_early
from dashboard.observe import ask
from dashboard.sources import sources
from dashboard.sparklines import peer_series
from dashboard.tallies import Tally, tallies
from peers.api import BGPPeerViewSet
from peers.models import BGPPeer
from speakers import live
from speakers.api import SessionViewSet
from speakers.counters.api import REACH, CountersSerializer, counters_json, reach_of
from speakers.frr.commands import EXCHANGED, FAMILIES, vrf_unfit
from speakers.frr.routes import PAGE
from speakers.models import Session, Speaker
from speakers.serializers import AnswerSerializer, SessionDetailSerializer, answer_json

_WAIT = OpenApiParameter("wait", str, description="Hold the answer until the node has spoken, `10s`; at most 60s.")
_FAMILY = OpenApiParameter("family", str, enum=FAMILIES, description="Address family; ipv4 if not given.")
_DIRECTION = OpenApiParameter(
    "direction", str, enum=EXCHANGED, description="What this neighbor is sent or sends; the VRF's table if not given."
)
_PAGE = OpenApiParameter("page", int, description=f"Pages of {PAGE} paths.")
_TABLE = ("family", "direction", "page")
_ASKED = OpenApiResponse(description="The node is being asked; `Location` has the answer later.")


class BGPPeerSessionsViewSet(BGPPeerViewSet):
    """BGPPeers, each with its session axis as of now; whoever was not heard of lately counts as unknown."""

    parameters = {**BGPPeerViewSet.parameters, "counters": ("reach",)}

    def represent(self, rows: Sequence[BGPPeer]) -> list[dict[str, Any]]:
        """The resources with their sessions, in one query more."""
        pairs = zip(super().represent(rows), tallies(rows), strict=True)
        return [{**resource, "sessions": _axis(tally)} for resource, tally in pairs]

    @extend_schema(
        summary="What was counted over all sessions of a BGPPeer",
        description="Sums in five minutes: sessions that are up, down and unknown, and the prefixes of those up.",
        parameters=[REACH],
        responses=CountersSerializer,
    )
    @action(detail=True, methods=["get"])
    def counters(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Series of one BGPPeer."""
        now, reach = clock.now(), reach_of(request)
        return Response(counters_json(peer_series(self.get_object(), now, reach), now))


def _axis(tally: Tally) -> dict[str, Any]:
    numbers = {name: getattr(tally, name) for name in ("intended", "up", "degraded", "down")}
    numbers["unknown"] = tally.unseen
    return numbers | ({"claimed": tally.claimed, "rivals": list(tally.rivals)} if tally.rivals else {})


class TwoSourcesSerializer(serializers.Serializer[Any]):
    """Who says what."""

    told = serializers.ListField(
        child=serializers.DictField(),
        help_text="vtysh (or the metrics of native mode), BGPSessionState, ServiceBGPStatus: name, state, at, words, "
        "href. `at`: when FRR was asked; of an object, since when it has been seen like this.",
    )
    disagree = serializers.CharField(help_text="Where two of them say something else; empty = nowhere.")


class OnDemandThrottle(BaseThrottle):
    """Each question is an exec in a pod of the cluster; those on pages count, too."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count it."""
        self._seconds = question_early(request.user)
        return not self._seconds

    def wait(self) -> float:
        """Until the next one, in seconds."""
        return self._seconds


class SessionActionsViewSet(SessionViewSet):
    """Sessions, and what can be asked about one at once."""

    parameters = {
        **SessionViewSet.parameters,
        "refresh": ("wait",),
        "routes": ("wait", *_TABLE),
        "routes_last": _TABLE,
        "log": ("wait",),
    }

    @extend_schema(
        summary="Who says what of a session",
        description="What FRR said when it was asked, and what FRR-K8s and MetalLB report of it, told apart.",
        responses=TwoSourcesSerializer,
    )
    @action(detail=True, methods=["get"])
    def sources(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them."""
        return Response(sources(self.get_object()).as_json())

    @extend_schema(
        summary="Refresh a session",
        description="Asks FRR of this node now; the answer is the session as it is then.",
        request=None,
        parameters=[_WAIT],
        responses={200: SessionDetailSerializer, 202: _ASKED},
    )
    @action(detail=True, methods=["post"], permission_classes=[ViewPermission], throttle_classes=[OnDemandThrottle])
    def refresh(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Look at it now."""
        session = self.get_object()
        before = session.speaker.attempted_at
        if _answered(request, session, "refresh"):
            asked = Speaker.objects.filter(pk=session.speaker_id).exclude(attempted_at=before)
            if not session.speaker.pod or asked.exists():  # the mark of a question that no worker took vanishes as well
                return self.retrieve(request, *args, **kwargs)
        return self._asked("detail")

    @extend_schema(
        summary="Ask for the routes of a session's VRF, or of its neighbor",
        description=(
            "Runs `show bgp vrf <vrf> <family> unicast json` on the session's node; with a direction "
            "`… neighbors <neighbor> advertised-routes|received-routes json`."
        ),
        request=None,
        parameters=[_WAIT, _FAMILY, _DIRECTION, _PAGE],
        responses={200: AnswerSerializer, 202: _ASKED},
    )
    @action(detail=True, methods=["post"], permission_classes=[ViewPermission], throttle_classes=[OnDemandThrottle])
    def routes(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for the BGP table of one family."""
        return self._ask(request, _table(request), "routes")

    @extend_schema(
        summary="The routes that were asked for last",
        parameters=[_FAMILY, _DIRECTION, _PAGE],
        responses=AnswerSerializer,
    )
    @routes.mapping.get
    def routes_last(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The last answer, while it is kept."""
        return self._last(_table(request), page_of(request))

    @extend_schema(
        summary="Ask for the log lines around a session's last change",
        description=(
            "Reads the logs of FRR and of MetalLB on the session's node, and keeps at most 200 lines a container that "
            "concern this neighbor, under `text`; passwords are left out."
        ),
        request=None,
        parameters=[_WAIT],
        responses={200: AnswerSerializer, 202: _ASKED},
    )
    @action(detail=True, methods=["post"], permission_classes=[ViewPermission], throttle_classes=[OnDemandThrottle])
    def log(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for the lines."""
        return self._ask(request, "log", "log")

    @extend_schema(summary="The log lines that were asked for last", responses=AnswerSerializer)
    @log.mapping.get
    def log_last(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The last answer, while it is kept."""
        return self._last("log")

    def _ask(self, request: Request, question: str, where: str) -> Response:
        session = self.get_object()
        before = live.command_get(session.pk, question)
        if _answered(request, session, question):
            found = live.command_get(session.pk, question)
            if found is not None and (before is None or found.at != before.at):
                return Response(answer_json(found, page_of(request)))
        return self._asked(where)

    def _last(self, question: str, page: int = 1) -> Response:
        found = live.command_get(self.get_object().pk, question)
        if found is None:
            raise Http404("Nothing was asked, or the answer is no longer kept.")
        return Response(answer_json(found, page))

    def _asked(self, where: str) -> Response:
        query = self.request.query_params.copy()
        query.pop("wait", None)
        location = self.reverse_action(where, args=[self.kwargs["pk"]]) + (f"?{query.urlencode()}" if query else "")
        return Response(status=status.HTTP_202_ACCEPTED, headers={"Location": location, "Retry-After": "1"})


def _table(request: Request) -> str:
    """The question that the parameters mean. Raises BadParameter."""
    family = _one_of(request, "family", FAMILIES) or FAMILIES[0]
    direction = _one_of(request, "direction", EXCHANGED)
    return f"{direction}-{family}" if direction else family


def _one_of(request: Request, name: str, known: Sequence[str]) -> str:
    value = request.query_params.get(name, "")
    if value and value not in known:
        message = f"must be one of {', '.join(known)}"
        raise BadParameter(f"{name} {message}.", findings=[fault(name, message, code=name, value=value)])
    return value


def page_of(request: Request) -> int:
    """The page that is asked for, from 1. Raises BadParameter."""
    value = request.query_params.get("page", "1")
    if not (value.isascii() and value.isdigit() and len(value) < 7 and int(value)):
        message = "must be a whole number from 1"
        raise BadParameter(f"page {message}.", findings=[fault("page", message, code="page", value=value[:20])])
    return int(value)


def _answered(request: Request, session: Session, question: str) -> bool:
    """Have it asked, wait as long as the caller does, and tell whether nothing is to be waited for any more."""
    if question not in ("refresh", "log") and not asks(session.cluster):
        raise Conflict(f"bgpui does not ask it here. {session.cluster.observing_why}")
    unfit = vrf_unfit(session.vrf) if question not in ("refresh", "log") else ""
    if unfit:
        raise Conflict(f"FRR cannot be asked about this VRF alone. {unfit}")
    wait = wait_of(request)
    if not ask(session, question) and not live.command_pending(session.pk, question):
        raise NotAvailable("No worker can be told to ask: Redis does not answer.", retry_after=5)
    return until(lambda: None if live.command_pending(session.pk, question) else True, wait) or False
