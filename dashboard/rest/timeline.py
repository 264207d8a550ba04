"""/api/v1/timeline/: what happened, as the page has it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clusters import clock
from clusters.api.filters import cluster_check
from clusters.api.problems import BadParameter, fault
from clusters.api.views import Endpoint
from dashboard.timeline.asked import FLAPS, FOLDED, REACHES, USUAL, Asked, AskedError
from dashboard.timeline.items import LANES, Item
from dashboard.timeline.order import exact_stamp
from dashboard.timeline.reading import SHOWN, Timeline, timeline
from speakers.models import Session

_PARAMETERS = (
    OpenApiParameter("cluster", str, description="Name of the cluster"),
    OpenApiParameter("node", str, description="Name of the node"),
    OpenApiParameter("peer", str, description="Name of the BGPPeer"),
    OpenApiParameter("vrf", str, description="Only sessions in this VRF; the other lanes stay"),
    OpenApiParameter("neighbor", str, description="Only sessions with this address; the other lanes stay"),
    OpenApiParameter("lane", str, enum=tuple(LANES), description="Only this sort of things"),
    OpenApiParameter("reach", str, enum=tuple(REACHES), description=f"How long; {USUAL} if not given"),
    OpenApiParameter("until", OpenApiTypes.DATETIME, description="The end of that time; now if not given"),
    OpenApiParameter(
        "flaps",
        str,
        enum=tuple(FLAPS),
        description=f"Whether what flaps is one entry, or each change is told; {FOLDED} if not given",
    ),
    OpenApiParameter("after", str, description="Where a page begins; part of `next`"),
)


class ItemSerializer(serializers.Serializer[Item]):
    """What happened at one time; what says the same of several is one."""

    lane = serializers.CharField(help_text=f"One of {', '.join(LANES)}.")
    at = serializers.DateTimeField(help_text="When the first of it was seen.")
    until = serializers.DateTimeField(help_text="When the last of it was seen.")
    cluster = serializers.CharField()
    health = serializers.CharField(help_text="down, degraded, up or unknown.")
    title = serializers.CharField()
    detail = serializers.CharField()
    number = serializers.IntegerField(help_text="Of sessions, nodes or objects.")
    nodes = serializers.ListField(child=serializers.CharField(), help_text="The first 20.")
    neighbors = serializers.ListField(child=serializers.CharField(), help_text="The first 20.")
    flaps = serializers.IntegerField(
        help_text="How often sessions were lost from `at` to `until`, in an entry of what flapped; else 0."
    )
    page = serializers.CharField(source="href", help_text="Where more of it is; empty = nowhere.")


class TimelineSerializer(serializers.Serializer[Timeline]):
    """What happened in a stretch of time."""

    begin = serializers.DateTimeField(source="asked.begin")
    end = serializers.DateTimeField(source="asked.end")
    cut = serializers.BooleanField(help_text="More happened than this page and those before it tell.")
    next = serializers.SerializerMethodField(help_text="The page after this one; null = there is none.")
    items = ItemSerializer(many=True, source="shown", help_text=f"At most {SHOWN}, the newest first.")

    def get_next(self, found: Timeline) -> str | None:
        """Its address, which keeps the end of the time, so that nothing moves from page to page."""
        request: Request = self.context["request"]
        if found.following is None:
            return None
        query = request.GET.copy()
        query["until"], query["after"] = exact_stamp(found.asked.end), str(found.following)
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class TimelineViewSet(Endpoint):
    """What happened."""

    queryset = Session.objects.none()  # names the model whose permissions count
    serializer_class = TimelineSerializer
    filterset_class = None
    parameters = {"list": tuple(one.name for one in _PARAMETERS)}
    pagination_class = None

    @extend_schema(
        summary="What happened",
        description=(
            "Changes of sessions beside those of the configuration, events of nodes, restarts and reloads of FRR, and "
            "times in which nobody observed, the newest first. Sessions of one node, or with one router, that turned "
            "together are one entry, and so are those that flap. Changes of objects need the right to see them."
        ),
        parameters=list(_PARAMETERS),
        responses=TimelineSerializer,
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One stretch of time."""
        try:
            asked = Asked.of(request.query_params, clock.now())
        except AskedError as error:
            found = fault(error.name, error.message, code=error.name, value=error.value)
            raise BadParameter(f"{error.name} {error.message}.", findings=[found]) from error
        cluster_check(asked.cluster)
        return Response(
            self.get_serializer(timeline(asked, changes=request.user.has_perm("clusters.view_change"))).data
        )
