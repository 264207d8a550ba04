"""/api/v1/alarms/: what was found, and that somebody looks after it."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django.utils.functional import SimpleLazyObject
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from alarms.models import Alarm, Kind, Severity
from alarms.quietness import quiet_now, silenced_by
from alarms.selectors import gone
from alarms.services import alarm_acknowledge
from clusters import clock
from clusters.api.bodies import KnownFields
from clusters.api.filters import choice, flag, of_cluster, text
from clusters.api.permissions import ChangePermission
from clusters.api.problems import Conflict
from clusters.api.views import ReadEndpoint
from clusters.models import Change
from clusters.moments import MomentFilter

_NOT_FIRING = "The alarm does not fire any more."


class EvidenceSerializer(serializers.Serializer[Any]):
    """What says so."""

    name = serializers.CharField()
    value = serializers.CharField()


class CauseSerializer(serializers.ModelSerializer[Alarm]):
    """The alarm that explains another one."""

    class Meta:
        model = Alarm
        fields = ("id", "title", "kind", "state")
        read_only_fields = fields


class AlarmSerializer(serializers.ModelSerializer[Alarm]):
    """An alarm; `silenced` is as of now."""

    cluster = serializers.CharField(source="cluster.name")
    rule = serializers.CharField(source="rule_name")
    evidence = serializers.SerializerMethodField()
    silenced = serializers.SerializerMethodField(help_text="Why no notices are sent; empty = they are.")
    inhibited_by = CauseSerializer(
        read_only=True, allow_null=True, help_text="It follows from this alarm; who is told of that gets no notices."
    )
    acknowledged_by = serializers.CharField(source="acknowledged_by.username", allow_null=True, default=None)

    class Meta:
        model = Alarm
        fields = (
            "id", "state", "severity", "kind", "rule", "cluster", "title", "cause_kind", "cause", "reason", "vrf",
            "neighbor", "peer", "nodes", "number_of_nodes", "sessions", "evidence", "began_at", "began_before",
            "fired_at", "resolved_at", "resolution", "blind", "silenced", "inhibited_by",
            "acknowledged_at", "acknowledged_by", "acknowledgement",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(EvidenceSerializer(many=True))
    def get_evidence(self, alarm: Alarm) -> list[dict[str, str]]:
        """Pairs of words."""
        return [{"name": name, "value": value} for name, value in alarm.evidence]

    def get_silenced(self, alarm: Alarm) -> str:
        """The reason of the silence or maintenance window."""
        found = silenced_by(alarm, self.context["quiets"]) if alarm.state in Alarm.OPEN else None
        return found.reason if found is not None else ""


class AcknowledgementSerializer(KnownFields):
    """What is said with an acknowledgement."""

    words = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class AlarmFilters(FilterSet):  # type: ignore[misc]
    """By state, by place, and by time."""

    state = choice(
        "state",
        Alarm.State.values,
        label="pending = not for long enough yet; passed = over before it fired, listed only if it is asked for",
    )
    severity = choice("severity", Severity.values, label="How bad it is")
    kind = choice("kind", Kind.values, label="What the rule watches for")
    rule = text("rule_name", label="Name of the rule")
    inhibited = flag("inhibited_by", lookup_expr="isnull", exclude=True, label="Whether it follows from another alarm")
    cluster = of_cluster()
    vrf = text("vrf", label="VRF")
    peer = text("peer", label="Name of the BGPPeer")
    neighbor = text("neighbor", label="Address of the router, or interface")
    since = MomentFilter("began_at", "gte", label="Began then or later")
    until = MomentFilter("began_at", "lt", label="Began before then")
    q = django_filters.CharFilter("title", "icontains", max_length=253, label="In the title")


@extend_schema_view(
    list=extend_schema(
        summary="List alarms",
        description="One for each cause of a rule in a cluster, those that fire first: a dead router is one alarm.",
    ),
    retrieve=extend_schema(summary="One alarm"),
)
class AlarmViewSet(ReadEndpoint):
    """Alarms."""

    serializer_class = AlarmSerializer
    queryset = Alarm.objects.select_related("cluster", "acknowledged_by", "inhibited_by")
    filterset_class = AlarmFilters
    lookup_value_regex = r"[0-9]{1,18}"
    ordering = ("state", "-began_at")
    ordering_fields = {
        **{name: name for name in ("state", "severity", "kind", "began_at", "fired_at", "resolved_at", "sessions")},
        "cluster": "cluster__name",
    }

    def filter_queryset(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """What passed before it fired is listed for whoever asks for that."""
        found = super().filter_queryset(queryset)
        asked = self.detail or "state" in self.request.query_params
        return found if asked else found.exclude(state=Alarm.State.PASSED)

    def get_object(self) -> Alarm:
        """The row. Raises Http404 that says what has become of it."""
        try:
            return cast("Alarm", super().get_object())
        except Http404:
            raise Http404(gone()) from None

    def get_serializer_context(self) -> dict[str, Any]:
        """With what is silent now, asked for when it is needed; two queries."""
        return {**super().get_serializer_context(), "quiets": SimpleLazyObject(lambda: quiet_now(clock.now()))}

    @extend_schema(
        summary="Acknowledge an alarm",
        description="Somebody looks after it: its notices are not repeated, unless it grows. Its end is told.",
        request=AcknowledgementSerializer,
        responses=AlarmSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[ChangePermission])
    def acknowledge(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Note who."""
        asked = AcknowledgementSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return self._acknowledged(request, words=asked.validated_data["words"])

    @extend_schema(summary="Take an acknowledgement back", request=None, responses=AlarmSerializer)
    @action(detail=True, methods=["post"], permission_classes=[ChangePermission])
    def unacknowledge(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Nobody does any more."""
        return self._acknowledged(request, words="", undo=True)

    def _acknowledged(self, request: Request, *, words: str, undo: bool = False) -> Response:
        alarm = self.get_object()
        if not alarm_acknowledge(alarm, actor=request.user, source=Change.Source.API, words=words, undo=undo):
            raise Conflict(_NOT_FIRING)
        return Response(self.get_serializer(self.get_object()).data)
