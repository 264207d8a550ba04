"""/api/v1/overview/: what the wall shows."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from alarms.selectors import firing_count
from clusters import clock
from clusters.api.filters import cluster_check
from clusters.api.views import Endpoint
from clusters.selectors import clusters_known
from dashboard.filters import Filters
from dashboard.overview import Part, overview
from dashboard.refusals import leading
from dashboard.summary import Thinned, sentence
from dashboard.views.home import observed
from speakers.models import Session


class PartSerializer(serializers.Serializer[Part]):
    """The sessions of one VRF of a cluster."""

    cluster = serializers.CharField()
    vrf = serializers.CharField()
    health = serializers.CharField(help_text="down, unknown, degraded or up: the worst of its sessions.")
    up = serializers.IntegerField(help_text="Established, and all is well.")
    degraded = serializers.IntegerField(help_text="Established, and not all is well; or not intended.")
    down = serializers.IntegerField(help_text="Down, or missing in FRR.")
    unknown = serializers.IntegerField(help_text="Not heard of lately.")
    total = serializers.IntegerField()
    nodes_without = serializers.IntegerField(
        source="without", help_text="Nodes without an Established session left here, for an address family at least."
    )
    nodes_last = serializers.IntegerField(source="last", help_text="Nodes that have one of several left.")
    nodes_unknown = serializers.IntegerField(
        source="unheard", help_text="Nodes with a session here that is not heard of, so that what is left is not known."
    )
    since = serializers.DateTimeField(
        allow_null=True, help_text="Of the oldest that is down or not seen; if there is none, of the last change."
    )
    began_before = serializers.BooleanField(help_text="Some of it was so before `since`, when nobody looked.")


class OverviewSerializer(serializers.Serializer[Any]):
    """All of it."""

    at = serializers.DateTimeField()
    observed_at = serializers.DateTimeField(allow_null=True, help_text="When a speaker was last heard.")
    state = serializers.CharField(help_text="live, late, stale (three polls missed) or never.")
    sentence = serializers.CharField(help_text="What the Sessions page leads with.")
    causes = serializers.IntegerField(help_text="How many there are in `problems/`.")
    alarms = serializers.IntegerField(allow_null=True, help_text="That fire; null without the right to see them.")
    vrfs = PartSerializer(many=True, help_text="Those with trouble first.")


class OverviewViewSet(Endpoint):
    """Everything in a handful of lines."""

    queryset = Session.objects.none()  # names the model whose permissions count
    serializer_class = OverviewSerializer
    filterset_class = None
    pagination_class = None
    parameters = {"list": ("cluster",)}

    @extend_schema(
        summary="Overview",
        description="How many sessions are up, down and unknown in each VRF of each cluster, and for how long.",
        parameters=[OpenApiParameter("cluster", str, description="Name of the cluster")],
        responses=OverviewSerializer,
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All clusters, or one."""
        clusters = {cluster.pk: cluster for cluster in clusters_known()}
        filters = Filters(cluster=request.query_params.get("cluster", "").strip()[:253])
        chosen = next((one for one in clusters.values() if one.name == filters.cluster), None)
        cluster_check(filters.cluster, [one.name for one in clusters.values()])
        now, seen = clock.now(), observed(chosen)
        found = overview(filters, clusters, now)
        blind = seen.blind if found.counts.totals else ""
        unasked, refused = seen.fresh.unasked, leading(found.problems)
        said = sentence(
            found.counts, filters, Thinned.of(found.counts, found.left), blind=blind, refused=refused, unasked=unasked
        )
        told_alarms = firing_count(filters.cluster) if request.user.has_perm("alarms.view_alarm") else None
        answer = {
            "at": now,
            "observed_at": seen.fresh.observed_at,
            "state": seen.fresh.state,
            "sentence": str(said),
            "causes": len(found.problems),
            "alarms": told_alarms,
            "vrfs": found.parts,
        }
        return Response(self.get_serializer(answer).data)
