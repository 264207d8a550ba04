"""The JSON of what a session was until now."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clusters.api.shapes import shape
from speakers.history import DAY, MONTH, History, Span

WINDOWS = {"24h": DAY, "30d": MONTH}
_SPANS = 1000
_SECONDS = {"type": "number", "description": "Seconds."}
_RATIO = {"type": ["number", "null"], "description": "up / (up + down); null = nothing was observed."}
_LOSSES = {"type": "integer"}
_UPTIME = shape({**dict.fromkeys(("up", "down", "unknown"), _SECONDS), "ratio": _RATIO})


class FlapSerializer(serializers.Serializer[History]):
    """How often the session was lost within the window of the settings."""

    losses = serializers.IntegerField(source="flaps")
    window = serializers.SerializerMethodField(help_text="Seconds.")
    limit = serializers.SerializerMethodField(help_text="So many losses are flapping.")
    flapping = serializers.BooleanField()

    def get_window(self, _history: History) -> int:
        """BGPUI_FLAP_WINDOW."""
        return int(settings.BGPUI_FLAP_WINDOW)

    def get_limit(self, _history: History) -> int:
        """BGPUI_FLAP_COUNT."""
        return int(settings.BGPUI_FLAP_COUNT)


class SpanSerializer(serializers.Serializer[Span]):
    """A time in one state."""

    state = serializers.CharField(help_text="FRR's word, Absent, or Unknown where nobody observed it.")
    begin = serializers.DateTimeField()
    end = serializers.DateTimeField()


class HistorySerializer(serializers.Serializer[History]):
    """What a session was until now."""

    at = serializers.DateTimeField(source="now")
    uptime = serializers.SerializerMethodField()
    losses = serializers.SerializerMethodField()
    flaps = FlapSerializer(source="*")
    spans = serializers.SerializerMethodField(help_text="States of the last 24 hours, oldest first.")

    @extend_schema_field(shape(dict.fromkeys(WINDOWS, _UPTIME)))
    def get_uptime(self, past: History) -> dict[str, Any]:
        """By window; what nobody observed is neither up nor down."""
        found = {name: past.uptime(reach) for name, reach in WINDOWS.items()}
        return {name: asdict(uptime) | {"ratio": uptime.ratio} for name, uptime in found.items()}

    @extend_schema_field(shape(dict.fromkeys(WINDOWS, _LOSSES)))
    def get_losses(self, past: History) -> dict[str, int]:
        """By window."""
        return {name: past.lost(reach) for name, reach in WINDOWS.items()}

    @extend_schema_field(SpanSerializer(many=True))
    def get_spans(self, past: History) -> Any:
        """The newest 1,000 of the last day."""
        recent = [span for span in past.spans if span.end > past.now - DAY]
        return [span._asdict() for span in recent[-_SPANS:]]
