"""/api/v1/routes/: who announces an address or prefix, in the whole fleet."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.permissions import ViewPermission
from clusters.api.problems import BadParameter, Conflict, NotAvailable, TooMuch, fault
from clusters.api.schema import CLUSTER
from clusters.api.views import Endpoint
from clusters.api.waiting import until, wait_of
from clusters.api.writing import cluster_of
from clusters.models import Cluster
from clusters.observing import asks
from dashboard import lookup
from dashboard.rest.sessions import OnDemandThrottle, page_of
from speakers.frr import commands
from speakers.models import Session

PAGE = 100  # rows
_COUNTS = ("prefix", "at", "asked", "answered", "announcing", "silent", "untold", "missing", "service_count", "unasked")
_PREFIX = OpenApiParameter("prefix", str, required=True, description="An IP address, or a prefix: 203.0.113.0/24.")
_PAGE = OpenApiParameter("page", int, description=f"Pages of {PAGE} rows.")
_WAIT = OpenApiParameter("wait", str, description="Hold the answer until the nodes have spoken, `10s`; at most 60s.")


class ToldSerializer(serializers.Serializer[lookup.Told]):
    """A neighbor."""

    peer = serializers.CharField(help_text="Name of the BGPPeer; empty = none is known.")
    neighbor = serializers.CharField()


class MeantSerializer(ToldSerializer):
    """A neighbor that MetalLB's objects mean."""

    within = serializers.CharField(help_text="The prefix that it is announced in; empty = the one that was found.")


class UntoldSerializer(ToldSerializer):
    """A neighbor that should be told, and is not."""

    why = serializers.CharField()
    href = serializers.CharField(help_text="Page of the session; empty = the session is not what is wrong.")


class RowSerializer(serializers.Serializer[lookup.Row]):
    """A node and VRF that has the prefix, or should."""

    node = serializers.CharField()
    vrf = serializers.CharField()
    session = serializers.IntegerField(allow_null=True)
    own = serializers.BooleanField(help_text="Whether this node originates it.")
    announced = serializers.BooleanField(help_text="Whether it originates it, and tells somebody.")
    found = serializers.DictField(allow_null=True, help_text="FRR's paths and whom it tells; null = it has none.")
    told = ToldSerializer(many=True, help_text="Whom FRR tells.")
    known = serializers.BooleanField(help_text="Whether the node answered.")
    meant = MeantSerializer(many=True, help_text="Whom MetalLB's objects announce it to.")
    untold = UntoldSerializer(many=True, help_text="Those of them whom it does not tell, though it originates it.")
    communities = serializers.ListField(child=serializers.CharField())
    local_preference = serializers.IntegerField(allow_null=True)


class BehindSerializer(serializers.Serializer[Any]):
    """A service behind the prefix."""

    namespace = serializers.CharField()
    name = serializers.CharField()


class AggregateSerializer(serializers.Serializer[lookup.Aggregate]):
    """A shorter prefix that holds the address."""

    prefix = serializers.CharField()
    services = serializers.IntegerField(help_text="How many are announced with it.")


class LookupSerializer(serializers.Serializer[lookup.Lookup]):
    """What all nodes said."""

    prefix = serializers.CharField()
    cluster = serializers.CharField()
    at = serializers.DateTimeField()
    asked = serializers.IntegerField(help_text="Nodes.")
    answered = serializers.IntegerField()
    announcing = serializers.IntegerField(help_text="Nodes that originate it and tell somebody.")
    silent = serializers.IntegerField(help_text="Nodes that originate it and tell nobody.")
    untold = serializers.IntegerField(
        help_text="Neighbors that should be told by nodes that originate it, and are not."
    )
    missing = serializers.IntegerField(help_text="Nodes that answered, should, and do not.")
    failed = serializers.DictField(child=serializers.CharField(), help_text="Nodes without an answer, and why.")
    unasked = serializers.ListField(
        child=serializers.CharField(), help_text="VRFs that no node was asked for: vtysh would not take their names."
    )
    services = BehindSerializer(
        many=True, help_text="The first that have the address, or are announced with the prefix."
    )
    service_count = serializers.IntegerField(help_text="Of all of them.")
    aggregates = AggregateSerializer(
        many=True, help_text="Shorter prefixes that MetalLB's objects announce and that hold the address."
    )
    count = serializers.IntegerField(help_text="Rows of all pages.")
    results = RowSerializer(many=True)


class RouteViewSet(Endpoint):
    """Look-ups of prefixes."""

    queryset = Session.objects.none()  # names the model whose permissions count
    serializer_class = LookupSerializer
    filterset_class = None
    permission_classes = [ViewPermission]
    parameters = {"list": ("cluster", "prefix", "page"), "create": ("cluster", "prefix", "page", "wait")}

    def get_throttles(self) -> list[Any]:
        """Each question is an exec on every node."""
        return [OnDemandThrottle()] if self.action == "create" else super().get_throttles()

    @extend_schema(
        summary="Ask all nodes for a prefix",
        description="Runs `show bgp vrf <vrf> ipv4|ipv6 unicast <prefix> json` on every node, for each of its VRFs.",
        request=None,
        parameters=[CLUSTER, _PREFIX, _PAGE, _WAIT],
        responses={200: LookupSerializer, 202: OpenApiResponse(description="GET has the answer later.")},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask."""
        cluster, prefix, wait = *_asked(request), wait_of(request)
        if not asks(cluster):
            raise Conflict(f"bgpui does not ask FRR there. {cluster.observing_why}")
        before = lookup.last(cluster, prefix)
        try:
            if not lookup.ask(cluster, prefix) and not lookup.pending(cluster, prefix):
                raise NotAvailable("No worker can be told to ask: Redis does not answer.", retry_after=5)
        except lookup.TooManyError as error:
            raise TooMuch(str(error), retry_after=5) from error
        until(lambda: None if lookup.pending(cluster, prefix) else True, wait)
        found = lookup.last(cluster, prefix)
        if found is None or (before is not None and before.at == found.at):
            return Response(status=status.HTTP_202_ACCEPTED, headers={"Retry-After": "1"})
        return Response(_json(request, cluster, found))

    @extend_schema(
        summary="What the nodes said last",
        parameters=[CLUSTER, _PREFIX, _PAGE],
        responses=LookupSerializer,
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The last answer, while it is kept."""
        cluster, prefix = _asked(request)
        found = lookup.last(cluster, prefix)
        if found is None:
            raise Http404("Nothing was asked, or the answer is no longer kept.")
        return Response(_json(request, cluster, found))


def _asked(request: Request) -> tuple[Cluster, str]:
    given = request.query_params.get("prefix", "")
    try:
        prefix = commands.prefix_argument(given)
    except commands.ArgumentError:
        message = "must be an IP address or a prefix such as 203.0.113.0/24"
        found = fault("prefix", message, code="prefix", value=given[:60])
        raise BadParameter(f"prefix {message}.", findings=[found]) from None
    return cluster_of(request, None), prefix


def _json(request: Request, cluster: Cluster, found: lookup.Lookup) -> dict[str, Any]:
    start = (page_of(request) - 1) * PAGE
    rows = [_row(row) for row in found.rows[start : start + PAGE]]
    counts = {name: getattr(found, name) for name in _COUNTS}
    counts["services"] = [{"namespace": namespace, "name": name} for namespace, name in found.services]
    counts["aggregates"] = msgspec.to_builtins(found.aggregates)
    return {**counts, "cluster": cluster.name, "failed": dict(found.failed), "count": len(found.rows), "results": rows}


def _row(row: lookup.Row) -> dict[str, Any]:
    told = msgspec.to_builtins(row)
    del told["names"]
    return {**told, "own": row.own, "announced": row.announced}
