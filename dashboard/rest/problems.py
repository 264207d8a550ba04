"""/api/v1/problems/: what is wrong now, one entry a shared cause, as the Sessions page has it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.filters import cluster_check
from clusters.api.problems import BadParameter, fault
from clusters.api.views import Endpoint
from clusters.models import Cluster
from dashboard.filters import Filters
from dashboard.problem import Problem
from dashboard.problems import problems
from dashboard.redundancy import Share
from dashboard.refusals import by_refusal, frozen
from speakers.counts import Counts
from speakers.frr.reasons import REASONS
from speakers.models import Session
from speakers.redundancy import redundancy
from speakers.selectors import HEALTH

_OBJECTS = {
    "type": "array",
    "items": {"type": "object", "properties": {name: {"type": "string"} for name in ("object", "page")}},
}
_FILTERS = tuple(field.name for field in fields(Filters))


class ShareSerializer(serializers.Serializer[Share]):
    """Nodes that have as many sessions left as each other."""

    vrf = serializers.CharField(help_text="Empty = whichever the nodes have.")
    family = serializers.CharField(
        help_text="ipv4 or ipv6: only the sessions that carry it; empty = all sessions there carry the same."
    )
    nodes = serializers.IntegerField(help_text="How many nodes.")
    left = serializers.IntegerField(source="left.up", help_text="Established sessions of each.")
    of = serializers.IntegerField(source="left.intended", help_text="Of so many that a BGPPeer intends.")
    unknown = serializers.IntegerField(source="left.unseen", help_text="Of these, not heard of: neither up nor down.")


class ProblemSerializer(serializers.Serializer[Problem]):
    """Sessions that are not up for one cause."""

    kind = serializers.CharField(
        help_text="What they share: router, node, vrf, speaker (does not answer), configuration (refused)."
    )
    health = serializers.CharField(
        help_text="The worst of its sessions; `old`: none tells, but nodes keep their old configuration."
    )
    sessions = serializers.IntegerField(source="number", help_text="How many there are.")
    of = serializers.IntegerField(help_text="Of how many sessions to that neighbor, or on these nodes.")
    title = serializers.CharField()
    cluster = serializers.CharField()
    vrf = serializers.CharField(help_text="Empty = several.")
    neighbor = serializers.CharField(help_text="Empty = several.")
    peer = serializers.CharField()
    remote_as = serializers.IntegerField(allow_null=True)
    nodes = serializers.ListField(child=serializers.CharField(), help_text="The first and the last by name.")
    number_of_nodes = serializers.IntegerField()
    since = serializers.DateTimeField(
        allow_null=True, help_text="Of the first session; of degraded ones, since when it is Established."
    )
    began_before = serializers.BooleanField(help_text="Some of it was so before `since`, when nobody looked.")
    reason = serializers.CharField(help_text="Code of the cause.")
    cause = serializers.CharField()
    detail = serializers.CharField()
    side = serializers.SerializerMethodField(help_text="Where it looks to be: ours, theirs, path or unknown.")
    check = serializers.SerializerMethodField(help_text="What to look at next.")
    objects = serializers.SerializerMethodField(
        help_text="What is to be mended, each with its page; configuration only."
    )
    redundancy = serializers.CharField(help_text="What its nodes have left, in words; empty = nothing is lost.")
    left = ShareSerializer(source="shares", many=True, help_text="The same as numbers, the least left first.")
    page = serializers.CharField(source="href", help_text="Where its sessions are.")
    timeline = serializers.CharField(help_text="Where what happened just before is; empty = it is not known when.")

    def get_side(self, problem: Problem) -> str:
        """The side that the cause points to."""
        return REASONS[problem.reason].side if problem.reason in REASONS else "unknown"

    @extend_schema_field(_OBJECTS)
    def get_objects(self, problem: Problem) -> list[dict[str, str]]:
        """The objects for which nodes refuse their configuration, or the reports of it."""
        return [{"object": name, "page": href} for name, href in problem.objects]

    def get_check(self, problem: Problem) -> list[str]:
        """What to check next."""
        return list(REASONS[problem.reason].check) if problem.reason in REASONS else []


class ProblemViewSet(Endpoint):
    """What is wrong now."""

    queryset = Session.objects.none()  # names the model whose permissions count
    serializer_class = ProblemSerializer
    filterset_class = None
    parameters = {"list": (*_FILTERS, "page", "page_size")}

    @extend_schema(
        summary="List problems",
        description=(
            "Sessions that are not up, one entry a shared cause, the worst first: a router that no node reaches, a "
            "node that lost every peer, a VRF that nodes do not have, speakers that do not answer; and nodes that keep "
            "their old configuration, whatever their sessions do."
        ),
        parameters=[
            *(OpenApiParameter(name, str, description=words) for name, words in {
                "cluster": "Name of the cluster", "vrf": "VRF", "node": "Name of the node",
                "peer": "Name of the BGPPeer", "q": "Words: addresses, names, AS numbers",
            }.items()),
            OpenApiParameter("health", str, enum=HEALTH),
        ],
        responses=ProblemSerializer(many=True),
    )  # fmt: skip
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them, by pages."""
        health = request.query_params.get("health", "")
        if health and health not in HEALTH:
            message = f"must be one of {', '.join(HEALTH)}"
            raise BadParameter(f"health {message}.", findings=[fault("health", message, code="health", value=health)])
        filters = Filters.of(request.query_params)
        clusters = {cluster.pk: cluster for cluster in Cluster.objects.all()}
        cluster_check(filters.cluster, [cluster.name for cluster in clusters.values()])
        why = frozen(filters)
        counts = Counts.of(filters)
        found = by_refusal(problems(counts, clusters, filters, {}, why, redundancy(counts)), why, filters)
        page = self.paginate_queryset(found)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
