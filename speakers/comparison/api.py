"""/api/v1/prefix-differences/: prefixes that are not told as they are meant to be."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_view

from clusters.api.filters import IntegerFilter, choice, of_cluster, text
from clusters.api.views import ReadEndpoint
from clusters.moments import MomentFilter
from speakers.comparison.models import PrefixDifference
from speakers.comparison.selectors import differences_now
from speakers.comparison.serializers import PrefixDifferenceSerializer


class PrefixDifferenceFilters(FilterSet):  # type: ignore[misc]
    """By session or its parts, by kind, prefix, and age."""

    cluster = of_cluster()
    session = IntegerFilter("session_id", label="Id of the session")
    node = text("session__node", label="Name of the node")
    vrf = text("session__vrf", label='VRF, "default" for none')
    neighbor = text("session__neighbor", label="Address of the router, or interface")
    peer = text("session__peer", label="Name of the BGPPeer")
    prefix = text("prefix", label="Prefix")
    kind = choice("kind", PrefixDifference.Kind.values, label="How it differs")
    after = MomentFilter("since", "gte", label="Since then or later")
    before = MomentFilter("since", "lt", label="Since before then")


@extend_schema_view(
    list=extend_schema(
        summary="List prefixes that differ",
        description=(
            "Of sessions that are up and heard of: meant and missing, told and not meant, or told with other "
            "attributes. The first 100 of a session; `comparison` of a session counts all."
        ),
    ),
    retrieve=extend_schema(summary="One prefix that differs"),
)
class PrefixDifferenceViewSet(ReadEndpoint):
    """Prefixes that are not told as they are meant to be."""

    queryset = PrefixDifference.objects.none()
    serializer_class = PrefixDifferenceSerializer
    filterset_class = PrefixDifferenceFilters
    ordering = ("cluster", "node", "vrf", "neighbor", "kind", "prefix")
    ordering_fields = {
        **{name: name for name in ("prefix", "kind", "since")},
        **{name: f"session__{name}" for name in ("node", "vrf", "neighbor", "peer")},
        "cluster": "cluster__name",
    }

    def get_queryset(self) -> QuerySet[PrefixDifference]:
        """Those that count now."""
        return differences_now()
