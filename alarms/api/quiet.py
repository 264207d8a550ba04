"""/api/v1/silences/ and maintenance-windows/: when nobody is to be told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from alarms.api.fields import MatchersField
from alarms.api.views import EnabledFilters, WriteEndpoint
from alarms.models import MaintenanceWindow, Silence
from alarms.services import silence_end
from clusters import clock
from clusters.api.bodies import KnownFields
from clusters.models import Change
from clusters.moments import MomentFilter

_LONGEST = timedelta(days=366)
_WEEK = 7 * 24 * 60  # minutes
_TOLD = "All must match, `node` for each node of the alarm, and these must be known; none = all alarms."


class SilenceSerializer(KnownFields, serializers.ModelSerializer[Silence]):
    """A silence."""

    matchers = MatchersField(help_text=_TOLD)
    reason = serializers.CharField(max_length=300, help_text="Why, for whoever wonders.")
    starts_at = serializers.DateTimeField(required=False, help_text="Left out = now.")
    author = serializers.CharField(source="author.username", read_only=True, default=None, allow_null=True)
    active = serializers.SerializerMethodField(help_text="Whether it counts now.")

    class Meta:
        model = Silence
        fields = ("id", "matchers", "reason", "starts_at", "ends_at", "author", "created_at", "active")
        read_only_fields = ("created_at",)

    def get_active(self, silence: Silence) -> bool:
        """As of now."""
        return silence.active(clock.now())

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """It ends after it begins, and not in the past."""
        now = clock.now()
        starts = attrs.setdefault("starts_at", getattr(self.instance, "starts_at", now))
        ends = attrs.get("ends_at", getattr(self.instance, "ends_at", None))
        if ends is not None and ends <= max(starts, now):
            raise serializers.ValidationError({"ends_at": "must be later than now, and than starts_at"})
        if ends is not None and ends - starts > _LONGEST:
            raise serializers.ValidationError(
                {"ends_at": f"must be within {_LONGEST.days} days of starts_at; switch a rule off that nobody needs"}
            )
        return attrs


class SilenceFilters(FilterSet):  # type: ignore[misc]
    """By time."""

    ends_after = MomentFilter("ends_at", "gt", label="Ends after then; now = those that are not over")


_SILENCE = {
    "matchers": [{"name": "peer", "op": "=", "value": "tor-a"}],
    "reason": "Line card of tor-a is exchanged, CHG-4711", "ends_at": "2031-01-01T06:00:00Z",
}  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="List silences", description="The one that ends last comes first."),
    retrieve=extend_schema(summary="One silence"),
    create=extend_schema(
        summary="Silence alarms",
        examples=[OpenApiExample("While a router is repaired", value=_SILENCE, request_only=True)],
    ),
    update=extend_schema(summary="Replace a silence"),
    partial_update=extend_schema(summary="Change a silence"),
    destroy=extend_schema(summary="End a silence", description="It counts no more, and stays in the list."),
)
class SilenceViewSet(WriteEndpoint):
    """Silences."""

    serializer_class = SilenceSerializer
    queryset = Silence.objects.select_related("author")
    filterset_class = SilenceFilters
    authored = True
    ordering = ("-ends_at",)
    ordering_fields = {name: name for name in ("starts_at", "ends_at", "created_at")}

    def perform_destroy(self, instance: Silence) -> None:
        """Its end."""
        silence_end(instance, actor=self.request.user, source=Change.Source.API)


class WindowSerializer(KnownFields, serializers.ModelSerializer[MaintenanceWindow]):
    """A maintenance window: once (`starts_at`), or on weekdays (`weekdays`, `time`, `time_zone`)."""

    matchers = MatchersField(help_text=_TOLD)
    reason = serializers.CharField(max_length=300)
    minutes = serializers.IntegerField(min_value=1, max_value=_WEEK, help_text="How long it lasts.")
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), max_length=7, required=False,
        help_text="0 = Monday to 6 = Sunday.",
    )  # fmt: skip
    time = serializers.TimeField(required=False, allow_null=True, format="%H:%M", help_text="When it begins, as 02:00.")
    starts_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Of one that is only once, in place of weekdays and time."
    )
    author = serializers.CharField(source="author.username", read_only=True, default=None, allow_null=True)
    active = serializers.SerializerMethodField(help_text="Whether it is under way.")
    next_start = serializers.SerializerMethodField(help_text="null = it does not come again.")

    class Meta:
        model = MaintenanceWindow
        fields = (
            "id", "name", "enabled", "matchers", "reason", "starts_at", "weekdays", "time", "time_zone", "minutes",
            "author", "created_at", "active", "next_start",
        )  # fmt: skip
        read_only_fields = ("created_at",)

    def get_active(self, window: MaintenanceWindow) -> bool:
        """As of now."""
        return window.active(clock.now())

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_start(self, window: MaintenanceWindow) -> Any:
        """As of now."""
        return window.next_start(clock.now())

    def validate_time_zone(self, name: str) -> str:
        """One that is known."""
        if name not in available_timezones():
            raise serializers.ValidationError(f"{name[:60]!r} is no time zone, as UTC or Europe/Zurich")
        return name

    def validate_weekdays(self, days: list[int]) -> list[int]:
        """Each once, in order."""
        return sorted(set(days))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Either once or again and again."""
        found = {
            name: attrs.get(name, getattr(self.instance, name, None)) for name in ("starts_at", "weekdays", "time")
        }
        recurs = bool(found["weekdays"]) or found["time"] is not None
        if recurs == (found["starts_at"] is not None):
            raise serializers.ValidationError(
                {"starts_at": "say either starts_at, for once, or weekdays and time, for again and again"}
            )
        if recurs and (not found["weekdays"] or found["time"] is None):
            raise serializers.ValidationError({"weekdays": "one that recurs needs weekdays and time"})
        return attrs


_WINDOW = {
    "name": "Patch night", "reason": "Nodes restart one by one", "weekdays": [1], "time": "02:00",
    "time_zone": "Europe/Zurich", "minutes": 120, "matchers": [{"name": "cluster", "op": "=", "value": "edge-*"}],
}  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="List maintenance windows"),
    retrieve=extend_schema(summary="One maintenance window"),
    create=extend_schema(
        summary="Add a maintenance window",
        examples=[OpenApiExample("Every Tuesday night", value=_WINDOW, request_only=True)],
    ),
    update=extend_schema(summary="Replace a maintenance window"),
    partial_update=extend_schema(summary="Change a maintenance window"),
    destroy=extend_schema(summary="Remove a maintenance window"),
)
class WindowViewSet(WriteEndpoint):
    """Maintenance windows."""

    serializer_class = WindowSerializer
    queryset = MaintenanceWindow.objects.select_related("author")
    filterset_class = EnabledFilters
    authored = True
    ordering = ("name",)
    ordering_fields = {name: name for name in ("name", "enabled", "created_at")}
