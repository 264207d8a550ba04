"""/api/v1/clusters/: connection, mode, versions, rights, and what is missing; read-only, the settings name them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from clusters.api.filters import choice, text
from clusters.api.views import ReadEndpoint
from clusters.models import Cluster
from clusters.selectors import clusters_active
from clusters.watched import watching
from intent.snapshot import Mode


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    """A cluster; where its credentials are is not told."""

    connected = serializers.SerializerMethodField(help_text="Whether the last attempt to reach it succeeded.")
    served = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    permissions = serializers.ListField(child=serializers.DictField(), help_text="What bgpui may do there.")
    problems = serializers.ListField(child=serializers.DictField(), help_text="What is missing, and the way out.")
    watching = serializers.SerializerMethodField(
        help_text="Event streams: live, partly (some are missing), lost (not looked after any more) or never."
    )
    streams = serializers.ListField(child=serializers.DictField(), help_text="Each stream, and why it is not live.")

    class Meta:
        model = Cluster
        fields = (
            "name", "context", "namespace", "connected", "error", "checked_at", "connected_at", "discovered_at",
            "watching", "watched_at", "event_at", "event_lag", "streams", "identity", "mode", "metallb_version",
            "kubernetes_version", "served", "permissions", "problems",
        )  # fmt: skip
        read_only_fields = fields

    def get_connected(self, cluster: Cluster) -> bool:
        """Whether the last attempt succeeded."""
        return cluster.connected_at is not None and not cluster.error

    def get_watching(self, cluster: Cluster) -> str:
        """How the event streams are."""
        return watching(cluster)


class ClusterFilters(FilterSet):  # type: ignore[misc]
    """By name and mode."""

    name = text("name", label="Name")
    mode = choice("mode", [mode.value for mode in Mode], label="BGP backend of MetalLB")


@extend_schema_view(list=extend_schema(summary="List clusters"), retrieve=extend_schema(summary="One cluster"))
class ClusterViewSet(ReadEndpoint):
    """The clusters that the settings name."""

    queryset = Cluster.objects.none()
    serializer_class = ClusterSerializer
    filterset_class = ClusterFilters
    lookup_field = "name"
    lookup_value_regex = r"[^/\x00]+"
    ordering = ("name",)
    ordering_fields = {name: name for name in ("name", "mode", "metallb_version", "checked_at", "connected_at")}

    def get_queryset(self) -> QuerySet[Any]:
        """Those that are looked after."""
        return clusters_active()
