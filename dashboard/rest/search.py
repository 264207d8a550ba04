"""/api/v1/search/: what words mean, as the search of every page has it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.filters import cluster_check
from clusters.api.views import Endpoint
from dashboard.elsewhere import Hits, elsewhere
from dashboard.filters import Filters
from speakers.models import Session
from speakers.selectors import health_counts, sessions

_PARAMETERS = {"q": "Words: names, addresses, prefixes, AS numbers.", "cluster": "Name of the cluster"}


class HitSerializer(serializers.Serializer[Any]):
    """An object."""

    kind = serializers.CharField()
    cluster = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    addresses = serializers.ListField(source="told", child=serializers.CharField(), help_text="The first of them.")
    page = serializers.CharField(source="href")


class HitsSerializer(serializers.Serializer[Hits]):
    """Objects of one kind, the first by name."""

    found = HitSerializer(many=True)
    more = serializers.BooleanField(help_text="Whether there are others.")
    page = serializers.CharField(source="href", help_text="Lists all of them.")


class SearchSerializer(serializers.Serializer[Any]):
    """What was found."""

    sessions = serializers.DictField(child=serializers.IntegerField(), help_text="How many match, by health.")
    services = HitsSerializer(required=False)
    pools = HitsSerializer(required=False)
    nodes = HitsSerializer(required=False)


class SearchViewSet(Endpoint):
    """The search."""

    queryset = Session.objects.none()  # names the model whose permissions count
    serializer_class = SearchSerializer
    filterset_class = None
    parameters = {"list": tuple(_PARAMETERS)}

    @extend_schema(
        summary="Search",
        description="Sessions by what FRR and BGPPeers call them, services by name or address, pools by name or by an "
        "address or prefix within, nodes by an address. What is not found is left out.",
        parameters=[OpenApiParameter(name, str, description=words) for name, words in _PARAMETERS.items()],
        responses=SearchSerializer,
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All that the words mean."""
        filters = Filters.of(request.query_params)
        cluster_check(filters.cluster)
        hits = {one.label.lower(): one for one in elsewhere(request.user, filters.q, filters.cluster)}
        found = {name: HitsSerializer(one).data for name, one in hits.items()}
        return Response({"sessions": health_counts(filters.apply(sessions())), **found})
