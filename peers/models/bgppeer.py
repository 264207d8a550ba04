"""BGPPeer, metallb.io/v1beta2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from clusters.models import Cluster, Resource
from clusters.selectors import nodes_of, resource_of
from intent.kinds import KINDS
from intent.sessions import numbers
from intent.snapshot import Mode, Snapshot


class BGPPeer(Resource):
    """A BGP peer that the selected nodes open a session to; one column a field of the CRD's spec.

    `password` has no column on purpose: a typed password becomes a Secret, a foreign one is only known to exist.
    """

    KIND = KINDS["BGPPeer"]
    PAGE = "peer"

    my_asn = models.BigIntegerField(null=True)
    peer_asn = models.BigIntegerField(null=True)
    dynamic_asn = models.CharField(max_length=20, null=True)
    local_asn = models.BigIntegerField(null=True)
    peer_address = models.CharField(max_length=100, null=True)
    interface = models.CharField(max_length=100, null=True)
    source_address = models.CharField(max_length=100, null=True)
    peer_port = models.IntegerField(null=True)
    hold_time = models.CharField(max_length=100, null=True)
    keepalive_time = models.CharField(max_length=100, null=True)
    connect_time = models.CharField(max_length=100, null=True)
    router_id = models.CharField(max_length=100, null=True)
    node_selectors = models.JSONField(null=True)
    password_secret = models.JSONField(null=True)
    bfd_profile = models.CharField(max_length=253, null=True)
    enable_graceful_restart = models.BooleanField(null=True)
    ebgp_multi_hop = models.BooleanField(null=True)
    vrf = models.CharField(max_length=100, null=True)
    disable_mp = models.BooleanField(null=True)
    dual_stack_address_family = models.BooleanField(null=True)

    # The session axis, written by the task that observes; as old as `sessions_at`. What is intended follows from the
    # object and the nodes alone, so it is written with the outcome of an edit, too.
    sessions_intended = models.PositiveIntegerField(default=0)
    sessions_up = models.PositiveIntegerField(default=0)
    sessions_degraded = models.PositiveIntegerField(default=0)
    sessions_down = models.PositiveIntegerField(default=0)
    sessions_at = models.DateTimeField(null=True)

    class Meta(Resource.Meta):
        verbose_name = "BGP peer"

    def derived(self, live: Mapping[str, Any] | None) -> dict[str, Any]:
        """How many sessions are intended, before any node was asked."""
        return {"sessions_intended": sessions_intended(self.cluster, [(self, live)]).get(self.name, 0)}


def sessions_intended(cluster: Cluster, peers: Iterable[tuple[BGPPeer, Mapping[str, Any] | None]]) -> dict[str, int]:
    """On how many nodes each of these peers runs a session, by name; one query. Objects None are left out."""
    resources = tuple(resource_of(row.ref, dict(live)) for row, live in peers if live is not None)
    snapshot = Snapshot(Mode(cluster.mode), cluster.metallb_version, cluster.namespace, resources, nodes_of(cluster))
    return numbers(snapshot)
