"""/api/v1/clusters/: connection, mode, versions, rights, and what is missing; for admins, adding and removing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.cluster_serializers import (
    ClusterSerializer,
    ConnectSerializer,
    NewClusterSerializer,
    OneClusterSerializer,
)
from clusters.api.filters import choice, flag, text
from clusters.api.problems import ClusterUnusable, Conflict, fault
from clusters.api.schema import DRY_RUN, MESSAGE
from clusters.api.views import ReadEndpoint
from clusters.api.writing import Edit, edit_of
from clusters.connecting import services
from clusters.connecting.access import UnfitError
from clusters.connecting.asked import access_asked, contexts_asked, label_asked, name_asked, trial_of
from clusters.connecting.once import once
from clusters.connecting.services import NotEditableError
from clusters.connecting.trial import Trial
from clusters.kube.connection import Access
from clusters.models import Change, Cluster
from clusters.selectors import clusters_known
from intent.snapshot import Mode

_KUBECONFIG = """apiVersion: v1
kind: Config
current-context: east
contexts: [{name: east, context: {cluster: east, user: bgpui}}]
clusters: [{name: east, cluster: {server: "https://east.example:6443", certificate-authority-data: LS0t…}}]
users: [{name: bgpui, user: {token: eyJh…}}]
"""


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
        summary="Rename a cluster, switch it on or off, replace its credentials, or choose how it is observed",
        description="How its sessions are observed may be chosen for clusters that the settings name, too.",
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
                known = Cluster(name=name, label=label, source=Cluster.Source.ADDED, **trial.facts)
                return Response(OneClusterSerializer(known).data)
            made = services.cluster_add(name=name, label=label, access=access, trial=trial, **_who(edit))
        return Response(OneClusterSerializer(made).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what is given."""
        edit, body, cluster = edit_of(request), _body(request, ConnectSerializer), self.get_object()
        others = bool(body.keys() - {"observe"}) or not body
        with _refusals():
            if others:
                services.editable(cluster)
            label = label_asked(body["label"]) if "label" in body else None
            connects = bool(body.keys() & {"kubeconfig", "inCluster", "context"})
            if connects:
                access, trial = _tried(cluster.name, body, cluster)
                if not edit.dry_run:
                    services.cluster_connect(cluster=cluster, access=access, trial=trial, **_who(edit))
            if not edit.dry_run and others:
                services.cluster_set(cluster=cluster, label=label, enabled=body.get("enabled"), **_who(edit))
            if not edit.dry_run and "observe" in body:
                services.cluster_observe(cluster=cluster, observe=body["observe"], **_who(edit))
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
    if inside:
        once(None, but=cluster)
        return None, trial_of(name, None, but=cluster)
    access = access_asked(*contexts_asked(text), body.get("context", ""), but=cluster)
    return access, trial_of(name, access, but=cluster)


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
