"""/api/v1/sessions/, transitions/ and speakers/: what FRR said, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clusters import clock
from clusters.api.filters import IntegerFilter, choice, flag, of_cluster, text
from clusters.api.problems import BadParameter, fault
from clusters.api.views import ReadEndpoint
from clusters.moments import MomentFilter
from clusters.stale import by_node, refusals
from speakers import live, selectors
from speakers.counters.api import (
    MOST,
    REACH,
    SERIES,
    CountersSerializer,
    SeriesSerializer,
    counters_json,
    name_of,
    reach_of,
)
from speakers.counters.series import series_by_session, session_series
from speakers.frr.reasons import REASONS
from speakers.history import history
from speakers.history_serializers import HistorySerializer
from speakers.models import Session, Speaker, Transition
from speakers.serializers import (
    SessionDetailSerializer,
    SessionSerializer,
    SpeakerSerializer,
    TransitionSerializer,
    detail_json,
)


class ListedSessionSerializer(SessionSerializer):
    """A session of a list."""

    series = SeriesSerializer(required=False, allow_null=True, help_text="If one is asked for; null = nothing counted.")

    class Meta(SessionSerializer.Meta):
        fields = (*SessionSerializer.Meta.fields, "series")
        read_only_fields = fields


class SessionFilters(FilterSet):  # type: ignore[misc]
    """Together cluster, node, vrf and neighbor name one session; `health` is as of now."""

    cluster = of_cluster()
    node = text("node", label="Name of the node")
    vrf = text("vrf", label='VRF, "default" for none')
    neighbor = text("neighbor", label="Address of the router in canonical text, or interface")
    peer = text("peer", label="Name of the BGPPeer")
    state = choice("state", Session.State.values, label="State of FRR's state machine")
    health = choice("health", selectors.HEALTH, label="What that means now")
    reason = choice("reason", REASONS, label="Code of the cause")
    intended = flag("intended", label="Whether a BGPPeer intends it")
    remote_as = IntegerFilter("remote_as", label="AS of the router")
    since_after = MomentFilter("since", "gte", label="In this state since then or later")
    since_before = MomentFilter("since", "lt", label="In this state since before then")


@extend_schema_view(
    list=extend_schema(
        summary="List sessions",
        description="Of all nodes and VRFs, clusters as they were added; `health` is computed from the clock.",
        parameters=[SERIES, REACH],
        responses=ListedSessionSerializer(many=True),
    ),
)
class SessionViewSet(ReadEndpoint):
    """Sessions as FRR last described them."""

    queryset = Session.objects.none()  # names the model whose permissions count; the rows come from the selector
    parameters: ClassVar[Mapping[str, tuple[str, ...]]] = {"counters": ("reach",), "list": ("series", "reach")}
    serializer_class = SessionSerializer
    filterset_class = SessionFilters
    ordering = ("cluster_id", "node", "vrf", "neighbor")  # an index has this order
    ordering_fields = {
        **{name: name for name in ("node", "vrf", "neighbor", "peer", "state", "since", "reason", "remote_as")},
        "cluster": "cluster__name",
        "health": "severity",
        "observed_at": "speaker__observed_at",
        "uptime": "established_at",
    }

    def get_queryset(self) -> QuerySet[Session]:
        """All sessions with their health, and how their prefixes compare; of a list only what it is chosen by."""
        asked = self.request.query_params
        if self.action != "list":
            return selectors.sessions().select_related("comparison")
        by_health = "health" in asked or "health" in asked.get("ordering", "")
        return selectors.sessions() if by_health else Session.objects.all()

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        """The rows of a page by their keys, so that nothing is joined to the rows before it."""
        keys: Any = super().paginate_queryset(queryset.values_list("pk", flat=True))
        rows = selectors.sessions().select_related("comparison").filter(pk__in=list(keys)).order_by()
        found = {row.pk: row for row in rows}
        self._page = [found[key] for key in keys if key in found]
        return self._page

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of sessions, with a series of each if one is asked for; one query more then."""
        name, reach = name_of(request), reach_of(request)
        response = super().list(request, *args, **kwargs)
        if name:
            if len(self._page) > MOST:
                message = f"must be at most {MOST} with series"
                raise BadParameter(f"page_size {message}.", findings=[fault("page_size", message, code="page-size")])
            places = {(row.cluster_id, row.node, row.vrf, row.neighbor): row.pk for row in self._page}
            found = series_by_session(places, name, clock.now(), reach)
            for one in response.data["results"]:
                series = found.get(one["id"])
                one["series"] = None if series is None else SeriesSerializer(series).data
        return response

    @extend_schema(
        summary="One session",
        description="With `live`: timers, counters and capabilities of the node's last answer; null when that is gone.",
        responses=SessionDetailSerializer,
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One session in full."""
        session = self.get_object()
        return Response({**self.get_serializer(session).data, "live": detail_json(live.session_detail(session))})

    @extend_schema(
        summary="What a session was",
        description=(
            "How long it was up within 24 hours and 30 days, how often it was lost, whether it flaps, and its states "
            "of the last day. What nobody observed is `Unknown`, and counts as neither up nor down."
        ),
        responses=HistorySerializer,
    )
    @action(detail=True, methods=["get"])
    def history(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The last 30 days of one session."""
        return Response(HistorySerializer(history(self.get_object(), clock.now())).data)

    @extend_schema(
        summary="What FRR counted",
        description=(
            "A value in five minutes of prefixes by address family, UPDATEs, messages and BFD, as long as "
            "BGPUI_COUNTER_DAYS says. A series that has no value in that time is left out."
        ),
        parameters=[REACH],
        responses=CountersSerializer,
    )
    @action(detail=True, methods=["get"])
    def counters(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Series of one session."""
        now, reach = clock.now(), reach_of(request)
        return Response(counters_json(session_series(self.get_object(), now, reach), now))


class TransitionFilters(FilterSet):  # type: ignore[misc]
    """By session or its parts, by state, and by time."""

    cluster = of_cluster()
    session = IntegerFilter("session_id", label="Id of the session")
    node = text("node", label="Name of the node")
    vrf = text("vrf", label='VRF, "default" for none')
    neighbor = text("neighbor", label="Address of the router, or interface")
    peer = text("peer", label="Name of the BGPPeer")
    old_state = choice("old_state", Session.State.values, label="State before")
    new_state = choice("new_state", Session.State.values, label="State after")
    reason = choice("reason", REASONS, label="Code of the cause")
    after = MomentFilter("at", "gte", label="Then or later")
    before = MomentFilter("at", "lt", label="Before then")


@extend_schema_view(
    list=extend_schema(summary="List transitions", description="Changes of a session's state, the newest first."),
    retrieve=extend_schema(summary="One transition"),
)
class TransitionViewSet(ReadEndpoint):
    """Changes of state as observed."""

    queryset = Transition.objects.select_related("cluster")
    serializer_class = TransitionSerializer
    filterset_class = TransitionFilters
    ordering = ("-at",)
    ordering_fields = {name: name for name in ("at", "node", "vrf", "neighbor", "peer", "new_state")}


class SpeakerFilters(FilterSet):  # type: ignore[misc]
    """By place, and by how current the answer is."""

    cluster = of_cluster()
    node = text("node", label="Name of the node")
    pod = text("pod", label="Name of the pod")
    freshness = choice("freshness", ("live", "late", "unknown", "absent"), label="How current its answer is")
    frr_version = text("frr_version", label="Version of FRR")


@extend_schema_view(
    list=extend_schema(
        summary="List speakers", description="The FRR of every node: pod, readiness, version, last poll."
    ),
    retrieve=extend_schema(summary="One speaker"),
)
class SpeakerViewSet(ReadEndpoint):
    """The FRR of every node."""

    queryset = Speaker.objects.none()
    serializer_class = SpeakerSerializer
    filterset_class = SpeakerFilters
    ordering = ("cluster", "node")
    ordering_fields = {
        **{name: name for name in ("node", "pod", "restarts", "started_at", "frr_version", "observed_at", "misses")},
        "cluster": "cluster__name",
    }

    def get_queryset(self) -> QuerySet[Speaker]:
        """All speakers with their freshness."""
        return selectors.speakers()

    def get_serializer_context(self) -> dict[str, Any]:
        """With why nodes keep their old configuration, asked for when it is needed; a query a kind."""
        return {**super().get_serializer_context(), "refusals": SimpleLazyObject(lambda: by_node(refusals()))}
