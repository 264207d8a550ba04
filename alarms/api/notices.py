"""/api/v1/notices/: what was sent, what waits, and what was given up."""

from __future__ import annotations

from typing import Any

from django_filters.rest_framework import FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from alarms.delivery.body import KEPT, shortened
from alarms.models import Notice
from alarms.services import notice_again
from clusters.api.filters import IntegerFilter, choice, of_cluster, text
from clusters.api.permissions import ChangePermission
from clusters.api.problems import Conflict
from clusters.api.views import ReadEndpoint
from clusters.models import Change


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """A notice."""

    route = serializers.CharField(source="route.name")
    cluster = serializers.CharField(source="cluster.name", allow_null=True, default=None)
    body = serializers.SerializerMethodField(
        help_text=f"The alarms as they are told; in lists {KEPT} of each sort at most, by itself as many as are sent."
    )

    class Meta:
        model = Notice
        fields = (
            "id", "key", "route", "cluster", "kind", "title", "state", "attempts", "created_at", "next_at", "sent_at",
            "error", "body",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_body(self, notice: Notice) -> Any:
        """As it is sent to a webhook."""
        return notice.body if self.parent is None else shortened(notice.body)


class NoticeFilters(FilterSet):  # type: ignore[misc]
    """By state, and by what they are about."""

    state = choice("state", Notice.State.values, label="dead = given up after the last try")
    kind = choice("kind", Notice.Kind.values, label="Why it is sent")
    route = text("route__name", label="Name of the route")
    cluster = of_cluster()
    alarm = IntegerFilter("alarms", label="Id of an alarm that it tells of")


@extend_schema_view(
    list=extend_schema(summary="List notices", description="The newest first."),
    retrieve=extend_schema(summary="One notice"),
)
class NoticeViewSet(ReadEndpoint):
    """Notices."""

    serializer_class = NoticeSerializer
    queryset = Notice.objects.select_related("route", "cluster")
    filterset_class = NoticeFilters
    lookup_value_regex = r"[0-9]{1,18}"
    ordering = ("-created_at",)
    ordering_fields = {name: name for name in ("created_at", "sent_at", "state", "attempts")}

    @extend_schema(
        summary="Send a notice again that was given up",
        description="From the first try on, with the same key.",
        request=None,
        responses={202: NoticeSerializer},
    )
    @action(detail=True, methods=["post"], permission_classes=[ChangePermission])
    def resend(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put it back into the outbox."""
        notice = self.get_object()
        if not notice_again(notice, actor=request.user, source=Change.Source.API):
            raise Conflict("Only a notice that was given up can be sent again.")
        return Response(self.get_serializer(self.get_object()).data, status=202)
