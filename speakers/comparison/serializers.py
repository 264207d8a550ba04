"""The JSON of comparisons."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clusters import clock
from speakers.comparison.models import Comparison, PrefixDifference


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    """How many prefixes are told as they are meant; as old as `age` says."""

    age = serializers.SerializerMethodField(help_text="Seconds since FRR said so; null = it never did.")
    as_meant = serializers.IntegerField(help_text="Prefixes that are told with the attributes that are meant.")

    class Meta:
        model = Comparison
        fields = ("compared_at", "age", "error", "meant", "told", "as_meant", "missing", "extra", "attributes")
        read_only_fields = fields

    def get_age(self, comparison: Comparison) -> int | None:
        """Seconds since FRR was heard."""
        at = comparison.compared_at
        return None if at is None else max(0, int((clock.now() - at).total_seconds()))


class PrefixDifferenceSerializer(serializers.ModelSerializer[PrefixDifference]):
    """One prefix of one session that is not as it is meant to be."""

    cluster = serializers.CharField(source="cluster.name")
    session = serializers.IntegerField(source="session_id")
    node = serializers.CharField(source="session.node")
    vrf = serializers.CharField(source="session.vrf")
    neighbor = serializers.CharField(source="session.neighbor")
    peer = serializers.CharField(source="session.peer")

    class Meta:
        model = PrefixDifference
        fields = ("id", "cluster", "session", "node", "vrf", "neighbor", "peer", "prefix", "kind", "words", "since")
        read_only_fields = fields


@extend_schema_field(ComparisonSerializer(allow_null=True))
class ComparisonField(serializers.Field[Any, Any, Any, Any]):
    """The comparison of a session, null if its prefixes were never looked at."""

    def __init__(self, **named: Any) -> None:
        super().__init__(source="*", read_only=True, **named)
        self._rows = ComparisonSerializer()  # its fields are made once, not for each row

    def to_representation(self, value: Any) -> Any:
        """As JSON."""
        row = getattr(value, "comparison", None)
        return None if row is None else self._rows.to_representation(row)
