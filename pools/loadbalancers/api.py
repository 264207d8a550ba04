"""/api/v1/services/: Services of type LoadBalancer, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import Http404
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.filters import choice, of_cluster, text
from clusters.api.problems import BadParameter, fault
from clusters.api.views import ReadEndpoint
from clusters.heard import heard
from clusters.models import Service, ServiceAddress
from clusters.stale import nodes_keeping_old
from intent.addresses import parse_address
from pools.loadbalancers.announced import layer2, live_snapshot, standings
from pools.loadbalancers.covering import covering
from pools.loadbalancers.selectors import STATES
from pools.loadbalancers.serializers import (
    AddressStandingSerializer,
    AnnouncedSerializer,
    CoveringSerializer,
    Layer2Serializer,
    announcement,
)
from pools.loadbalancers.telling import ANNOUNCED, Announced, announced, announced_as

_PATH = [OpenApiParameter(name, str, OpenApiParameter.PATH) for name in ("cluster", "namespace", "name")]


class PortSerializer(serializers.Serializer[Any]):
    """A port of a Service."""

    name = serializers.CharField()
    protocol = serializers.CharField()
    port = serializers.IntegerField(required=False)
    nodePort = serializers.IntegerField(required=False)  # noqa: N815  # as Kubernetes calls it


class ServiceSerializer(serializers.ModelSerializer[Service]):
    """A Service of type LoadBalancer as last listed."""

    cluster = serializers.CharField(source="cluster.name")
    labels = serializers.DictField(child=serializers.CharField())
    annotations = serializers.DictField(child=serializers.CharField(), help_text="MetalLB's own ones only.")
    addresses = serializers.ListField(child=serializers.CharField())
    requested_addresses = serializers.ListField(child=serializers.CharField())
    ip_families = serializers.ListField(child=serializers.CharField())
    endpoint_nodes = serializers.ListField(
        child=serializers.CharField(allow_blank=True), help_text="Where an endpoint is ready or serving."
    )
    ports = PortSerializer(many=True)
    announced = serializers.SerializerMethodField()

    @extend_schema_field(AnnouncedSerializer)
    def get_announced(self, row: Service) -> Any:
        """As it was found out for all rows of the answer at once."""
        return AnnouncedSerializer(self.context["announced"][row.pk]).data

    class Meta:
        model = Service
        fields: tuple[str, ...] = (
            "cluster", "namespace", "name", "uid", "labels", "annotations", "addresses", "pool", "requested_pool",
            "requested_addresses", "sharing_key", "traffic_policy", "ip_families", "ip_family_policy",
            "load_balancer_class", "ports", "endpoint_nodes", "announced", "warning",
            "created_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields


class ServiceDetailSerializer(ServiceSerializer):
    """A Service with what the rules say of it."""

    announcements = AddressStandingSerializer(many=True)
    advertisements = CoveringSerializer(many=True)
    layer2 = Layer2Serializer(many=True, help_text="Empty if no L2Advertisement is for its pool.")
    old_configuration = serializers.ListField(
        child=serializers.CharField(), help_text="Nodes that keep their old configuration, and may announce otherwise."
    )

    class Meta(ServiceSerializer.Meta):
        fields = (*ServiceSerializer.Meta.fields, "announcements", "advertisements", "layer2", "old_configuration")
        read_only_fields = fields


class _Address(forms.CharField):
    """An IP address."""

    def validate(self, value: str) -> None:
        """Raises ValidationError for another text."""
        super().validate(value)
        if value and parse_address(value) is None:
            raise forms.ValidationError("must be an IP address, as 203.0.113.7 or 2001:db8::7")


@extend_schema_field(str)
class AddressFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Services with this address, however it is written."""

    field_class = _Address

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows; all for no value."""
        if not value:
            return qs
        its = ServiceAddress.objects.filter(address=str(parse_address(value)))
        return qs.filter(pk__in=its.values("service"))


class StateFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """What a Service lacks or does."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows; all for no value."""
        return qs.filter(STATES[value]) if value in STATES else qs


class AnnouncedFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Whether routers hear of it now."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows; all for no value."""
        return announced_as(qs, value) if value in ANNOUNCED else qs


class ServiceFilters(FilterSet):  # type: ignore[misc]
    """By name, place, address and pool."""

    cluster = of_cluster()
    namespace = text("namespace", label="Namespace")
    name = text("name", label="Name")
    name_contains = text("name", lookup_expr="icontains", label="Part of the name")
    address = AddressFilter(label="An address of it", strip=False)
    pool = text("pool", label="Pool that its addresses are from")
    sharing_key = text("sharing_key", label="metallb.io/allow-shared-ip")
    traffic_policy = choice("traffic_policy", Service.TrafficPolicy.values, label="externalTrafficPolicy")
    state = StateFilter(choices=[(word, word) for word in STATES], label="What it lacks or does")
    announced = AnnouncedFilter(choices=[(word, word) for word in ANNOUNCED], label="How it is announced now")


@extend_schema_view(
    list=extend_schema(summary="List Services", description="Of type LoadBalancer; they are changed in the cluster."),
)
class ServiceViewSet(ReadEndpoint):
    """Services of type LoadBalancer."""

    queryset = Service.objects.select_related("cluster")
    serializer_class = ServiceSerializer
    filterset_class = ServiceFilters
    lookup_path = ("cluster", "namespace", "name")
    parameters = {"retrieve": ("node",)}
    announced: Mapping[int, Announced] = MappingProxyType({})
    ordering = ("cluster", "namespace", "name")
    ordering_fields = {
        **{name: name for name in ("namespace", "name", "pool", "traffic_policy", "created_at")},
        "cluster": "cluster__name",
        "addresses": "address_count",
        "endpoints": "endpoint_count",
    }

    def get_serializer_context(self) -> dict[str, Any]:
        """With how the rows are announced."""
        return {**super().get_serializer_context(), "announced": self.announced}

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        """The rows of a page."""
        page: Any = super().paginate_queryset(queryset)
        self.announced = announced(page)
        return list(page)

    def get_object(self) -> Service:
        """The row that the address names. Raises Http404."""
        cluster, namespace, name = (self.kwargs[part] for part in self.lookup_path)
        row: Service | None = self.get_queryset().filter(cluster__name=cluster, namespace=namespace, name=name).first()
        if row is None:
            raise Http404("There is no Service of type LoadBalancer of this name.")
        return row

    @extend_schema(
        summary="One Service",
        description="With what each node does with its addresses, by the rules, and the first reason why not.",
        parameters=[*_PATH, OpenApiParameter("node", str, description="Only this node's chains.")],
        responses=ServiceDetailSerializer,
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One Service in full."""
        row = self.get_object()
        self.announced = announced([row])
        snapshot, node = live_snapshot(row), request.query_params.get("node", "")
        if node and all(each.name != node for each in snapshot.nodes):
            said = fault("node", "is no node of the cluster", code="node", value=node[:253])
            raise BadParameter("node is no node of the cluster.", findings=[said])
        found = standings(row, snapshot, heard(row.cluster), node)
        announcements = [announcement(one, len(snapshot.nodes)) for one in found]
        covered = CoveringSerializer(covering(row, snapshot), many=True).data
        local = Layer2Serializer(layer2(row, snapshot), many=True).data
        old = sorted(nodes_keeping_old(row.cluster))
        told = {"announcements": announcements, "advertisements": covered, "layer2": local, "old_configuration": old}
        return Response({**self.get_serializer(row).data, **told})
