"""/api/v1/topology/: for each VRF its routers, its nodes in groups, and the sessions between them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.filters import cluster_check
from clusters.api.problems import BadParameter, fault
from clusters.api.views import Endpoint
from clusters.selectors import clusters_known
from dashboard.filters import Filters
from dashboard.rest.sessions import page_of
from dashboard.topology import groups
from dashboard.topology.picture import OPENED, ROWS, VRF, picture
from dashboard.views.topology import VIEW
from speakers.models import Session
from speakers.selectors import HEALTH

_TEXTS = ("cluster", "vrf", "node", "peer", "q")
_PARAMETERS = [
    *(OpenApiParameter(name, str) for name in _TEXTS),
    OpenApiParameter("health", str, enum=HEALTH),
    OpenApiParameter("by", str, description="The label that nodes are grouped by; `none` = by none."),
    OpenApiParameter("open", str, many=True, description=f"Groups with all nodes, {ROWS} on a page; else {OPENED}."),
    OpenApiParameter("page", int, description="Of the nodes of opened groups."),
]


class SumSerializer(serializers.Serializer[Any]):
    """The sessions of a group to one router."""

    health = serializers.CharField(help_text="The worst.")
    up = serializers.IntegerField()
    total = serializers.IntegerField()


class RouterSerializer(serializers.Serializer[Any]):
    """A router, by its address or interface, and the config axis of its BGPPeer."""

    neighbor = serializers.CharField()
    peer = serializers.CharField(help_text="Name of the BGPPeer; empty = none intends it.")
    sync = serializers.CharField(help_text="Config axis; empty = there is no BGPPeer.")
    broken = serializers.BooleanField(help_text="The BGPPeer breaks rules.")


_OF_CELLS = ("health", "since", "began_before", "why")


class CellSerializer(serializers.Serializer[Any]):
    """A session."""

    id = serializers.IntegerField()
    health = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    began_before = serializers.BooleanField(help_text="It was so before `since`, when nobody looked.")
    why = serializers.CharField()


class LineSerializer(serializers.Serializer[Any]):
    """A node and its sessions in the order of `routers`, null where there is none."""

    cluster = serializers.CharField()
    node = serializers.CharField()
    health = serializers.CharField(help_text="The worst of its sessions in this VRF.")
    old_configuration = serializers.BooleanField()
    excluded = serializers.BooleanField()
    cordoned = serializers.BooleanField()
    sessions = serializers.ListField(child=CellSerializer(allow_null=True))


class GroupSerializer(serializers.Serializer[Any]):
    """Nodes that stand together. hidden: those that are not in `nodes`."""

    cluster = serializers.CharField(help_text="Empty if nodes are not grouped.")
    name = serializers.CharField(help_text="Value of the label; empty = they have none.")
    total = serializers.IntegerField()
    sums = SumSerializer(many=True, help_text="In the order of `routers`.")
    nodes = LineSerializer(many=True)
    healthy_hidden = serializers.IntegerField()
    problems_hidden = serializers.IntegerField()


class VRFSerializer(serializers.Serializer[Any]):
    """One VRF."""

    vrf = serializers.CharField()
    nodes = serializers.IntegerField()
    up = serializers.IntegerField()
    sessions = serializers.IntegerField()
    routers = RouterSerializer(many=True)
    hidden_routers = serializers.IntegerField()
    groups = GroupSerializer(many=True)
    hidden_groups = serializers.IntegerField()


class TopologySerializer(serializers.Serializer[Any]):
    """The picture. by: the label that nodes are grouped by; labels: those that could be chosen."""

    by = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())
    vrfs = VRFSerializer(many=True)


class MayLook(BasePermission):
    """As the page."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Sessions, nodes and peers may be seen."""
        return all(request.user.has_perm(name) for name in VIEW)


class TopologyViewSet(Endpoint):
    """The topology."""

    queryset = Session.objects.none()
    permission_classes = (MayLook,)
    filterset_class = None
    parameters = {"list": (*_TEXTS, "health", "by", "open", "page")}
    repeatable = {"list": ("open",)}

    @extend_schema(
        summary="The topology",
        description="Nodes with problems are named, those of groups that are `open` all; the others are counted.",
        parameters=_PARAMETERS,
        responses=TopologySerializer,
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The picture."""
        by, query = request.query_params.get("by", ""), request.query_params
        if by and by != groups.NONE and not groups.is_label(by):
            raise _bad("by", "must be the name of a label, or none", by)
        clusters = {cluster.pk: cluster for cluster in clusters_known()}
        cluster_check(query.get("cluster", ""), sorted(cluster.name for cluster in clusters.values()))
        if query.get("health", HEALTH[0]) not in HEALTH:
            raise _bad("health", f"must be one of {', '.join(HEALTH)}", query["health"])
        filters = Filters.of(query)
        places = groups.places(by, filters.cluster)
        found = picture(filters, places, clusters, query.getlist("open"), page_of(request))
        return Response({"by": places.by, "labels": places.labels, "vrfs": [_vrf_json(one) for one in found]})


def _bad(name: str, message: str, value: str) -> BadParameter:
    return BadParameter(f"{name} {message}.", findings=[fault(name, message, code=name, value=value[:80])])


def _vrf_json(vrf: VRF) -> dict[str, Any]:
    routers = [
        {"neighbor": column.neighbor, "peer": column.peer, "sync": config.sync, "broken": config.broken}
        for column, config in vrf.columns
    ]
    return {
        "vrf": vrf.name,
        "nodes": vrf.nodes,
        "up": vrf.up,
        "sessions": vrf.total,
        "routers": routers,
        "hidden_routers": vrf.hidden_columns,
        "groups": [
            {
                "cluster": group.cluster,
                "name": group.name,
                "total": group.total,
                "sums": SumSerializer(group.sums, many=True).data,
                "nodes": [
                    {
                        "cluster": line.cluster,
                        "node": line.node.node,
                        "health": line.node.health,
                        "old_configuration": line.old,
                        "excluded": line.place.excluded,
                        "cordoned": line.place.cordoned,
                        "sessions": [
                            cell and {"id": cell.session, **{name: getattr(cell, name) for name in _OF_CELLS}}
                            for cell in line.cells
                        ],
                    }
                    for line in group.lines
                ],
                "healthy_hidden": group.healthy_hidden,
                "problems_hidden": group.problems_hidden,
            }
            for group in vrf.groups
        ],
        "hidden_groups": vrf.hidden_groups,
    }
