"""/api/v1/servicebgpstatuses/ and the like: what MetalLB and frr-k8s report, read-only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from clusters.api.filters import of_cluster, text
from clusters.api.problems import finding_json
from clusters.api.shapes import FINDINGS
from clusters.api.views import ReadEndpoint
from clusters.models import StatusObject
from clusters.reported.selectors import findings_of
from intent.kinds import Kind


class StatusObjectSerializer(serializers.ModelSerializer[StatusObject]):
    """An object that is reported, as it was last read; what its kind lacks is empty."""

    cluster = serializers.CharField(source="cluster.name")
    object = serializers.DictField(source="body", help_text="Without secrets and what the API server adds.")

    class Meta:
        model = StatusObject
        fields: tuple[str, ...] = (
            "cluster", "kind", "namespace", "name", "node", "service_namespace", "service_name", "peer", "vrf",
            "result", "message", "object", "shortened", "created_at", "seen_at",
        )  # fmt: skip
        read_only_fields = fields


class JudgedSerializer(StatusObjectSerializer):
    """The same of an object that rules look at."""

    findings = serializers.SerializerMethodField(help_text="What the rules say of it, beside all others.")

    class Meta(StatusObjectSerializer.Meta):
        fields = (*StatusObjectSerializer.Meta.fields, "findings")
        read_only_fields = fields

    @extend_schema_field(FINDINGS)
    def get_findings(self, row: StatusObject) -> list[dict[str, Any]]:
        """As they are told of what people configure."""
        return [finding_json(finding) for finding in findings_of(row)]


class StatusFilters(FilterSet):  # type: ignore[misc]
    """By place, and by what the object is about."""

    cluster = of_cluster()
    namespace = text("namespace", label="Namespace of the object")
    name = text("name", label="Name of the object")
    node = text("node", label="Node that it is about")
    service_namespace = text("service_namespace", label="Namespace of the service that it is about")
    service_name = text("service_name", label="Name of that service")
    peer = text("peer", label="Address of the router in canonical text, or interface")
    vrf = text("vrf", label='VRF, "default" for none')
    result = text("result", label="Valid, Invalid, success, failed, Established, ...")


class StatusViewSet(ReadEndpoint):
    """The objects of one kind."""

    KIND: ClassVar[Kind]
    queryset = StatusObject.objects.none()
    serializer_class = StatusObjectSerializer
    filterset_class = StatusFilters
    lookup_path: ClassVar[tuple[str, ...]]
    ordering = ("cluster", "namespace", "name")
    ordering_fields = {
        **{name: name for name in ("namespace", "name", "node", "peer", "vrf", "result", "seen_at", "service_name")},
        "cluster": "cluster__name",
    }

    def get_queryset(self) -> QuerySet[StatusObject]:
        """Those of the kind."""
        return StatusObject.objects.filter(kind=self.KIND.kind).select_related("cluster")

    def get_serializer_class(self) -> type[StatusObjectSerializer]:
        """One object by itself is judged where there are rules for it."""
        judged = self.action == "retrieve" and self.KIND.kind == "FRRConfiguration"
        return JudgedSerializer if judged else StatusObjectSerializer

    def get_object(self) -> StatusObject:
        """The row that the address names. Raises Http404."""
        place = {part: self.kwargs[part] for part in self.lookup_path}
        place["cluster__name"] = place.pop("cluster")
        row = self.get_queryset().filter(**place).first()
        if row is None:
            raise Http404(f"There is no {self.KIND.kind} of this name.")
        return row


def status_endpoint(kind: Kind) -> type[StatusViewSet]:
    """List and retrieve the objects of a kind."""
    parts = ("cluster", "name") if kind.scope == "Cluster" else ("cluster", "namespace", "name")
    path = [OpenApiParameter(part, str, OpenApiParameter.PATH) for part in parts]
    body = {"__doc__": kind.description, "KIND": kind, "lookup_path": parts}
    endpoint: type[StatusViewSet] = type(f"{kind.kind}ViewSet", (StatusViewSet,), body)
    told = extend_schema_view(
        list=extend_schema(summary=f"List {kind.kind} objects", description=kind.description),
        retrieve=extend_schema(summary=f"One {kind.kind}", parameters=path),
    )
    return told(endpoint)
