"""/api/v1/clusters/: connection, mode, versions, rights, and what is missing; for admins, adding and removing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.bodies import KnownFields
from clusters.api.filters import choice, flag, text
from clusters.api.problems import ClusterUnusable, Conflict, fault
from clusters.api.schema import DRY_RUN, MESSAGE
from clusters.api.views import ReadEndpoint
from clusters.api.writing import Edit, edit_of
from clusters.connecting import services
from clusters.connecting.access import UnfitError
from clusters.connecting.asked import access_asked, contexts_asked, label_asked, name_asked, trial_of
from clusters.connecting.sealing import is_current
from clusters.connecting.services import NotEditableError
from clusters.connecting.trial import Trial
from clusters.kube.connection import Access
from clusters.kube.permissions import Permission, missing_as_yaml
from clusters.models import Change, Cluster, Credential
from clusters.selectors import as_numbers_of, clusters_known, is_active, nodes_of
from clusters.watched import watching
from intent.notices import notices
from intent.snapshot import Mode

_KUBECONFIG = """apiVersion: v1
kind: Config
current-context: east
contexts: [{name: east, context: {cluster: east, user: bgpui}}]
clusters: [{name: east, cluster: {server: "https://east.example:6443", certificate-authority-data: LS0t…}}]
users: [{name: bgpui, user: {token: eyJh…}}]
"""


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    """A cluster; its credentials are not told."""

    active = serializers.SerializerMethodField(help_text="Whether it is looked after; others are only remembered.")
    connected = serializers.SerializerMethodField(help_text="Whether the last attempt to reach it succeeded.")
    credential = serializers.SerializerMethodField(
        help_text="What is told of stored credentials: kind, server, stored_at, expires_at, and whether they are "
        "encrypted with the first key (`current_key`); null = none are stored."
    )
    served = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    permissions = serializers.ListField(child=serializers.DictField(), help_text="What bgpui may do there.")
    problems = serializers.ListField(child=serializers.DictField(), help_text="What is missing, and the way out.")
    watching = serializers.SerializerMethodField(
        help_text="Event streams: live, partly (some are missing), lost (not looked after any more) or never."
    )
    streams = serializers.ListField(child=serializers.DictField(), help_text="Each stream, and why it is not live.")

    class Meta:
        model = Cluster
        fields: tuple[str, ...] = (
            "name", "label", "source", "enabled", "active", "context", "credential", "namespace", "connected", "error",
            "checked_at", "connected_at", "discovered_at", "watching", "watched_at", "event_at", "event_lag",
            "streams", "identity", "mode", "metallb_version", "kubernetes_version", "served", "permissions", "problems",
        )  # fmt: skip
        read_only_fields = fields

    def get_active(self, cluster: Cluster) -> bool:
        """Whether it is looked after."""
        return is_active(cluster)

    def get_connected(self, cluster: Cluster) -> bool:
        """Whether the last attempt succeeded."""
        return cluster.connected_at is not None and not cluster.error

    def get_credential(self, cluster: Cluster) -> dict[str, Any] | None:
        """What may be told of it."""
        found: Credential | None = getattr(cluster, "credential", None) if cluster.pk is not None else None
        if found is None:
            return None
        told = {name: getattr(found, name) for name in ("kind", "server", "stored_at", "expires_at")}
        return told | {"current_key": is_current(found)}

    def get_watching(self, cluster: Cluster) -> str:
        """How the event streams are."""
        return watching(cluster)


class OneClusterSerializer(ClusterSerializer):
    """With what holds for the cluster as a whole, and the Roles that grant what is missing."""

    notices = serializers.SerializerMethodField(help_text="What to know: text, way_out, source.")
    role = serializers.SerializerMethodField(help_text="Roles and bindings that grant the missing rights, as YAML.")

    class Meta(ClusterSerializer.Meta):
        fields = (*ClusterSerializer.Meta.fields, "notices", "role")
        read_only_fields = fields

    def get_notices(self, cluster: Cluster) -> list[dict[str, str]]:
        """What holds for the whole cluster."""
        known = cluster.pk is not None
        nodes, numbers = (nodes_of(cluster), as_numbers_of(cluster)) if known else ((), {})
        return [asdict(notice) for notice in notices(Mode(cluster.mode), cluster.metallb_version, nodes, numbers)]

    def get_role(self, cluster: Cluster) -> str:
        """Of the rights that it has not."""
        return missing_as_yaml([Permission(**permission) for permission in cluster.permissions], cluster.identity)


class ConnectSerializer(KnownFields, serializers.ModelSerializer[Cluster]):
    """What a cluster is connected with, and what it is called. label, context: as in the model; "" = none."""

    kubeconfig = serializers.CharField(
        required=False, write_only=True, trim_whitespace=False, help_text="Its text. Only one context of it is kept."
    )
    inCluster = serializers.BooleanField(  # noqa: N815  # the API's name
        required=False, write_only=True, help_text="Instead of a kubeconfig: the cluster that bgpui itself runs in."
    )

    class Meta:
        model = Cluster
        fields: tuple[str, ...] = ("label", "enabled", "kubeconfig", "context", "inCluster")
        extra_kwargs = {
            "context": {"help_text": "Of the kubeconfig; without it the current one."},
            "enabled": {"help_text": "Whether it is looked after."},
        }


class NewClusterSerializer(ConnectSerializer):
    """The same for a new one."""

    name = serializers.CharField(help_text="As in addresses; it stays.")

    class Meta(ConnectSerializer.Meta):
        fields = ("name", "label", "kubeconfig", "context", "inCluster")


class ClusterFilters(FilterSet):  # type: ignore[misc]
    """By name, mode, and who says that it is there."""

    name = text("name", label="Name")
    mode = choice("mode", [mode.value for mode in Mode], label="BGP backend of MetalLB")
    source = choice("source", Cluster.Source.values, label="Named by the settings, or added here")
    enabled = flag("enabled", label="Switched on")


@extend_schema_view(
    list=extend_schema(summary="List clusters", responses=ClusterSerializer(many=True)),
    retrieve=extend_schema(summary="One cluster"),
    create=extend_schema(
        summary="Add a cluster",
        description="Tried before it is saved: it must answer, and accept the credentials. They are kept encrypted.",
        parameters=[DRY_RUN, MESSAGE],
        request=NewClusterSerializer,
        examples=[
            OpenApiExample("By a kubeconfig", {"name": "east", "kubeconfig": _KUBECONFIG}, request_only=True),
            OpenApiExample("The one that bgpui runs in", {"name": "here", "inCluster": True}, request_only=True),
        ],
        responses={201: OneClusterSerializer, 200: OpenApiResponse(OneClusterSerializer, description="A trial.")},
    ),
    partial_update=extend_schema(
        summary="Rename a cluster, switch it on or off, or replace its credentials",
        parameters=[DRY_RUN, MESSAGE],
        request=ConnectSerializer,
        responses=OneClusterSerializer,
    ),
    destroy=extend_schema(
        summary="Remove a cluster",
        description="Its credentials and what was learnt of it; the history stays. Nothing changes in the cluster.",
        parameters=[MESSAGE],
    ),
)
class ClusterViewSet(ReadEndpoint):
    """Clusters."""

    queryset = Cluster.objects.none()
    serializer_class = OneClusterSerializer
    filterset_class = ClusterFilters
    lookup_field = "name"
    lookup_value_regex = r"[^/\x00]+"
    ordering = ("name",)
    ordering_fields = {name: name for name in ("name", "mode", "metallb_version", "checked_at", "connected_at")}
    parameters = {
        "create": ("dry_run", "message"),
        "partial_update": ("dry_run", "message"),
        "destroy": ("message",),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """All but those that were removed."""
        return clusters_known().select_related("credential")

    def get_serializer_class(self) -> type[ClusterSerializer]:
        """A list has less of each."""
        return ClusterSerializer if self.action == "list" else OneClusterSerializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add one, or only try it."""
        edit, body = edit_of(request), _body(request, NewClusterSerializer)
        with _refusals():
            name, label = name_asked(body["name"]), label_asked(body.get("label", ""))
            access, trial = _tried(name, body, None)
            if edit.dry_run:
                return Response(OneClusterSerializer(Cluster(name=name, label=label, **trial.facts)).data)
            made = services.cluster_add(name=name, label=label, access=access, trial=trial, **_who(edit))
        return Response(OneClusterSerializer(made).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what is given."""
        edit, body, cluster = edit_of(request), _body(request, ConnectSerializer), self.get_object()
        with _refusals():
            services.editable(cluster)
            label = label_asked(body["label"]) if "label" in body else None
            connects = bool(body.keys() & {"kubeconfig", "inCluster", "context"})
            if connects:
                access, trial = _tried(cluster.name, body, cluster)
                if not edit.dry_run:
                    services.cluster_connect(cluster=cluster, access=access, trial=trial, **_who(edit))
            if not edit.dry_run:
                services.cluster_set(cluster=cluster, label=label, enabled=body.get("enabled"), **_who(edit))
        if edit.dry_run and connects:
            for column, value in trial.facts.items():
                setattr(cluster, column, value)
            return Response(OneClusterSerializer(cluster).data)
        return Response(OneClusterSerializer(self.get_queryset().get(pk=cluster.pk)).data)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Forget it."""
        edit, cluster = edit_of(request), self.get_object()
        with _refusals():
            services.cluster_remove(cluster=cluster, **_who(edit))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _who(edit: Edit) -> dict[str, Any]:
    return {"actor": edit.actor, "source": Change.Source.API, "message": edit.message}


def _body(request: Request, kind: type[ConnectSerializer]) -> dict[str, Any]:
    asked = kind(data=request.data)
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def _tried(name: str, body: dict[str, Any], cluster: Cluster | None) -> tuple[Access | None, Trial]:
    """What to connect with, and how the cluster answers. Raises UnfitError."""
    text, inside = body.get("kubeconfig", ""), body.get("inCluster", False)
    if bool(text) == bool(inside):
        raise UnfitError("kubeconfig", "Give a kubeconfig, or inCluster: true.", "Give one of both, and not both.")
    access = access_asked(*contexts_asked(text), body.get("context", ""), but=cluster) if text else None
    return access, trial_of(name, access)


@contextmanager
def _refusals() -> Iterator[None]:
    """What is refused, as problems."""
    try:
        yield
    except UnfitError as error:
        found = fault(error.field, error.text, code="cluster", hint=error.way_out)
        raise ClusterUnusable(error.text, findings=[found]) from error
    except NotEditableError as error:
        raise Conflict(str(error)) from error
