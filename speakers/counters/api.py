"""The JSON of series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from clusters.api.problems import BadParameter, fault
from speakers.counters.packing import SLOT
from speakers.counters.series import Series
from speakers.counters.taking import BFD, MESSAGES
from speakers.history import DAY

REACHES = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "24h": DAY, "7d": timedelta(days=7)}
_USUAL = "24h"
REACH = OpenApiParameter("reach", str, enum=tuple(REACHES), description=f"How far back; {_USUAL} if not given.")


NAMES = ("prefixes_sent", "prefixes_received", *MESSAGES, BFD)
MOST = 200  # sessions of one answer that have a series
SERIES = OpenApiParameter(
    "series",
    str,
    enum=NAMES,
    description=f"Each session with this series, its families together; pages of at most {MOST} then.",
)


def name_of(request: Request) -> str:
    """The series that is asked for, "" = none. Raises BadParameter."""
    wanted = request.query_params.get("series", "")
    if wanted and wanted not in NAMES:
        message = f"must be one of {', '.join(NAMES)}"
        raise BadParameter(f"series {message}.", findings=[fault("series", message, code="series", value=wanted[:40])])
    return wanted


def reach_of(request: Request) -> timedelta:
    """How far back is asked for. Raises BadParameter."""
    wanted = request.query_params.get("reach", _USUAL)
    if wanted not in REACHES:
        message = f"must be one of {', '.join(REACHES)}"
        raise BadParameter(f"reach {message}.", findings=[fault("reach", message, code="reach", value=wanted[:20])])
    return REACHES[wanted]


class SeriesSerializer(serializers.Serializer[Series]):
    """Values at equal distances."""

    name = serializers.CharField(
        help_text=(
            "prefixes_received.<family>, prefixes_sent.<family>, updates_sent, updates_received, messages_sent, "
            "messages_received, bfd_up; of a BGPPeer: up, down, unknown, prefixes_received, prefixes_sent."
        )
    )
    counter = serializers.BooleanField(help_text="It only grows, until FRR counts anew.")
    begin = serializers.DateTimeField(help_text="Of the first value; each is the first one seen in its `step`.")
    values = serializers.SerializerMethodField(help_text="null where there is none.")

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField(allow_null=True)))
    def get_values(self, series: Series) -> list[int | None]:
        """The oldest first."""
        return list(series.values)


class CountersSerializer(serializers.Serializer[Any]):
    """Series of one session, or of all of a BGPPeer."""

    at = serializers.DateTimeField()
    step = serializers.IntegerField(help_text="Seconds from value to value.")
    series = SeriesSerializer(many=True)


def counters_json(series: Sequence[Series], now: datetime) -> Any:
    """As endpoints answer."""
    return CountersSerializer({"at": now, "step": SLOT, "series": series}).data
