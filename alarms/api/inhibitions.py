"""/api/v1/alarm-inhibitions/: which alarms others explain."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from alarms.api.fields import MatchersField
from alarms.api.views import EnabledFilters, WriteEndpoint
from alarms.models import Inhibition
from alarms.models.inhibition import EQUAL
from clusters.api.bodies import KnownFields


class InhibitionSerializer(KnownFields, serializers.ModelSerializer[Inhibition]):
    """An inhibition."""

    sources = MatchersField(help_text="Of the alarm that explains; all must match, and there must be one.")
    targets = MatchersField(
        help_text="Of those that send no notices meanwhile; the same, `node` for all of their nodes."
    )
    equal = serializers.ListField(
        child=serializers.ChoiceField(choices=EQUAL), max_length=len(EQUAL), required=False,
        help_text="What both must share. node: all nodes of the target are among those of the source.",
    )  # fmt: skip

    class Meta:
        model = Inhibition
        fields = ("id", "name", "enabled", "sources", "targets", "equal")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Neither side stands for every alarm."""
        for name in ("sources", "targets"):
            if not attrs.get(name, getattr(self.instance, name, ())):
                raise serializers.ValidationError({name: "say which alarms, as kind=node-not-ready"})
        return attrs


_EXAMPLE = {
    "name": "What a missing VRF explains", "equal": ["cluster", "vrf"],
    "sources": [{"name": "rule", "op": "=", "value": "VRF without a session"}],
    "targets": [{"name": "kind", "op": "=", "value": "session-down"}],
}  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="List inhibitions"),
    retrieve=extend_schema(summary="One inhibition"),
    create=extend_schema(
        summary="Add an inhibition",
        description="While an alarm of the sources fires, those of the targets that share `equal` send no notices.",
        examples=[OpenApiExample("A VRF explains its sessions", value=_EXAMPLE, request_only=True)],
    ),
    update=extend_schema(summary="Replace an inhibition"),
    partial_update=extend_schema(summary="Change an inhibition"),
    destroy=extend_schema(summary="Remove an inhibition"),
)
class InhibitionViewSet(WriteEndpoint):
    """Inhibitions."""

    serializer_class = InhibitionSerializer
    queryset = Inhibition.objects.all()
    filterset_class = EnabledFilters
    ordering = ("name",)
    ordering_fields = {name: name for name in ("name", "enabled")}
