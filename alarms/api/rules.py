"""/api/v1/alarm-rules/: what is watched for."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from alarms.api.fields import PatternsField
from alarms.api.views import EnabledFilters, WriteEndpoint
from alarms.models import Kind, Rule, Severity
from alarms.models.alarm import VRF
from clusters.api.bodies import KnownFields
from clusters.api.filters import choice

_WEEK = 7 * 24 * 3600
_OF_SESSIONS = tuple(kind for kind in Kind if kind not in {Kind.STALE, Kind.CLUSTER, Kind.NODE})
_ONLY = {  # what only rules of some kinds have a use for
    "nodes": tuple(kind for kind in Kind if kind != Kind.CLUSTER),
    "peers": _OF_SESSIONS,
    "vrfs": _OF_SESSIONS,
}


class RuleSerializer(KnownFields, serializers.ModelSerializer[Rule]):
    """A rule."""

    seconds = serializers.IntegerField(
        min_value=0, max_value=_WEEK, default=60, help_text="How long it has to last before it is an alarm."
    )
    number = serializers.IntegerField(
        min_value=1, max_value=100_000, default=1,
        help_text="`session-flapping`: drops within the window. `few-established`: fewer than this are established.",
    )  # fmt: skip
    window = serializers.IntegerField(
        min_value=10, max_value=_WEEK, default=900, help_text="`session-flapping`: seconds in which drops are counted."
    )
    clusters = PatternsField(help_text="Names; none = all. `edge-*` = all that begin so.")
    nodes = PatternsField(help_text="The same of nodes.")
    peers = PatternsField(help_text="The same of BGPPeers.")
    vrfs = PatternsField(longest=VRF, help_text="The same of VRFs; `default` for none.")

    class Meta:
        model = Rule
        fields = (
            "id", "name", "kind", "severity", "enabled", "seconds", "number", "window", "per",
            "clusters", "nodes", "peers", "vrfs", "changed_at", "error",
        )  # fmt: skip
        read_only_fields = ("error",)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """It watches for what it always has, and has no filter that the kind has no use for."""
        kind = attrs.get("kind", getattr(self.instance, "kind", ""))
        if self.instance is not None and kind != self.instance.kind:  # its open alarms are of that kind
            raise serializers.ValidationError({"kind": "cannot become another one; add a rule, and remove this one"})
        for name, kinds in _ONLY.items():
            if attrs.get(name, getattr(self.instance, name, ())) and kind not in kinds:
                whole = "clusters" if kind == Kind.CLUSTER else "nodes"
                others = "" if kind == Kind.CLUSTER else " or nodes"
                text = f"a rule of kind {kind} is about whole {whole}: leave it empty, and use clusters{others}"
                raise serializers.ValidationError({name: text})
        return attrs


class RuleFilters(EnabledFilters):
    """By kind, severity, and whether it counts."""

    name = django_filters.CharFilter(label="Name")
    kind = choice("kind", Kind.values, label="What it watches for")
    severity = choice("severity", Severity.values, label="How bad it is")


_EXAMPLE = {
    "name": "Storage VRF", "kind": "few-established", "severity": "critical", "per": "vrf", "number": 2, "seconds": 30,
    "vrfs": ["storage"],
}  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="List alarm rules"),
    retrieve=extend_schema(summary="One alarm rule"),
    create=extend_schema(
        summary="Add an alarm rule",
        description="It counts from the next look on, which comes with every sweep.",
        examples=[OpenApiExample("Fewer than two sessions in a VRF", value=_EXAMPLE, request_only=True)],
    ),
    update=extend_schema(summary="Replace an alarm rule"),
    partial_update=extend_schema(summary="Change an alarm rule"),
    destroy=extend_schema(summary="Remove an alarm rule", description="Its alarms end with the next look."),
)
class RuleViewSet(WriteEndpoint):
    """Rules."""

    serializer_class = RuleSerializer
    queryset = Rule.objects.all()
    filterset_class = RuleFilters
    ordering = ("name",)
    ordering_fields = {name: name for name in ("name", "kind", "severity", "enabled", "changed_at")}
