"""/api/v1/nodes/: nodes, and the way of one to being drained and back."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django_filters.rest_framework import ChoiceFilter, FilterSet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.filters import flag, of_cluster, text
from clusters.api.meaning import announcements_json
from clusters.api.permissions import ModelPermissions, ViewPermission
from clusters.api.problems import ConfirmationNeeded, Conflict, NotAvailable
from clusters.api.schema import ACCEPT, DRY_RUN, MESSAGE, WAIT
from clusters.api.views import ReadEndpoint
from clusters.api.waiting import until
from clusters.api.writing import Edit, edit_of
from clusters.excluding.rights import command, refusal
from clusters.excluding.services import ExclusionRefusedError, exclusion_ask
from clusters.models import Change, Exclusion, Node
from dashboard.nodes import selectors
from dashboard.nodes.asking import node_ask
from dashboard.nodes.plan import Plan, meant_of, plan_of
from dashboard.nodes.progress import progress_of
from dashboard.rest.node_serializers import (
    CandidateSerializer,
    DrainSerializer,
    HeldSerializer,
    NodeDetailSerializer,
    NodeSerializer,
    ProgressSerializer,
)
from dashboard.rest.sessions import OnDemandThrottle
from intent.confirmations import unconfirmed

_PATH = [OpenApiParameter(name, str, OpenApiParameter.PATH) for name in ("cluster", "name")]
_NAMED = 500  # services


class StateFilter(ChoiceFilter):  # type: ignore[misc]
    """What is special about a Node."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows; all for no value."""
        return qs.filter(selectors.STATES[value]) if value in selectors.STATES else qs


class NodeFilters(FilterSet):  # type: ignore[misc]
    """By name and state."""

    cluster = of_cluster()
    name = text("name", label="Name")
    name_contains = text("name", lookup_expr="icontains", label="Part of the name")
    zone = text("zone", label="Value of the label that BGPUI_ZONE_LABEL names")
    ready = flag("ready", label="Whether it is ready")
    state = StateFilter(choices=[(word, word) for word in selectors.STATES], label="What is special about it")


class LabelPermission(ModelPermissions):
    """Who may see nodes reads; who may change exclusions labels."""

    perms_map = {
        **ModelPermissions.perms_map,
        "POST": ["clusters.change_exclusion"],
        "DELETE": ["clusters.change_exclusion"],
    }


@extend_schema_view(list=extend_schema(summary="List nodes"))
class NodeViewSet(ReadEndpoint):
    """Nodes."""

    queryset = Node.objects.none()
    serializer_class = NodeSerializer
    filterset_class = NodeFilters
    lookup_path = ("cluster", "name")
    ordering = ("cluster", "name")
    ordering_fields = {"name": "name", "cluster": "cluster__name", "ready": "ready", "unschedulable": "unschedulable"}
    repeatable = {"label": ("accept",)}
    parameters = {"label": ("dry_run", "message", "wait", "accept"), "unlabel": ("dry_run", "message", "wait")}

    def get_queryset(self) -> QuerySet[Node]:
        """All of clusters that were not removed."""
        return selectors.nodes()

    def get_object(self) -> Node:
        """The row that the address names. Raises Http404."""
        row = selectors.node_get(self.kwargs["cluster"], self.kwargs["name"])
        if row is None:
            raise Http404("There is no node of this name.")
        return row

    @extend_schema(summary="One node", parameters=_PATH, responses=NodeDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One node in full."""
        row = self.get_object()
        told = ProgressSerializer(progress_of(row, meant_of(row))).data
        services = HeldSerializer(selectors.held(row)[: selectors.HELD], many=True).data
        return Response({**self.get_serializer(row).data, "progress": told, "services": services})

    @extend_schema(
        summary="What draining a node means, and how far it is",
        description="`progress.safe` is true only when FRR itself says that nothing is announced from here any more.",
        parameters=_PATH,
        responses=DrainSerializer,
    )
    @action(detail=True, methods=["get"], permission_classes=[LabelPermission])
    def drain(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Plan and progress."""
        row = self.get_object()
        return Response(_drain_json(row, plan_of(row)))

    @extend_schema(
        summary="Exclude a node from load balancing",
        description="A worker sets the label `node.kubernetes.io/exclude-from-external-load-balancers`.",
        request=None,
        parameters=[*_PATH, DRY_RUN, MESSAGE, WAIT, ACCEPT],
        responses={200: DrainSerializer, 202: OpenApiResponse(DrainSerializer, description="Not done yet.")},
    )
    @drain.mapping.post
    def label(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Set the label."""
        edit, row = edit_of(request), self.get_object()
        plan = plan_of(row)
        if not edit.dry_run and (left := unconfirmed(plan.draining.confirm, edit.accept)):
            raise ConfirmationNeeded(left)
        return _labelled(edit, row, plan, wanted=True)

    @extend_schema(
        summary="Take a node back into load balancing",
        description="A worker takes the label off.",
        request=None,
        parameters=[*_PATH, DRY_RUN, MESSAGE, WAIT],
        responses={200: DrainSerializer, 202: OpenApiResponse(DrainSerializer, description="Not done yet.")},
    )
    @drain.mapping.delete
    def unlabel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take the label off."""
        edit, row = edit_of(request), self.get_object()
        return _labelled(edit, row, plan_of(row), wanted=False)

    @extend_schema(
        summary="Ask FRR of a node what it tells each neighbor",
        description="The answers are in `progress` of the node when they are there.",
        request=None,
        parameters=_PATH,
        responses={202: OpenApiResponse(description="It is being asked.")},
    )
    @action(detail=True, methods=["post"], permission_classes=[ViewPermission], throttle_classes=[OnDemandThrottle])
    def ask(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask it now."""
        row = self.get_object()
        if not node_ask(row):
            raise NotAvailable("FRR runs no session on this node, is being asked, or nobody can be told to ask.")
        location = self.reverse_action("drain", args=[row.cluster.name, row.name])
        return Response(status=status.HTTP_202_ACCEPTED, headers={"Location": location, "Retry-After": "1"})


def _labelled(edit: Edit, row: Node, plan: Plan, *, wanted: bool) -> Response:
    if edit.dry_run:
        return Response(_drain_json(row, plan))
    try:
        asked = exclusion_ask(
            node=row,
            wanted=wanted,
            actor=edit.actor,
            source=Change.Source.API,
            message=edit.message,
            confirmed=plan.draining.confirm if wanted else (),
        )
    except ExclusionRefusedError as refused:
        raise Conflict(str(refused), command=command(row, wanted=wanted)) from refused
    done = asked is None or until(lambda: _settled(asked), edit.wait) is not None
    row.refresh_from_db()
    return Response(_drain_json(row, plan_of(row)), status=status.HTTP_200_OK if done else status.HTTP_202_ACCEPTED)


def _settled(asked: Exclusion) -> bool | None:
    rows = Exclusion.objects.filter(pk=asked.pk, revision__gte=asked.revision)
    return True if rows.exclude(state=Exclusion.State.PENDING).exists() else None


def _drain_json(row: Node, plan: Plan) -> dict[str, Any]:
    progress = progress_of(row, plan.meant)
    wanted = not progress.excluded
    return {
        "next": "set" if wanted else "take-off",
        "refusal": refusal(row.cluster, wanted=wanted),
        "command": command(row, wanted=wanted),
        "prefixes": plan.draining.prefixes,
        "lost": [str(one) for one in plan.draining.lost[:_NAMED]],
        "confirm": [str(one) for one in plan.draining.confirm],
        "announcements": announcements_json(plan.draining.effects, plan.heard),
        "layer2": CandidateSerializer(plan.draining.layer2[:_NAMED], many=True).data,
        "progress": ProgressSerializer(progress).data,
    }
