"""Nodes as JSON: as listed, what each tells whom, and what draining one means."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from clusters.models import Node
from dashboard.nodes import selectors
from dashboard.nodes.progress import Phase


class NodeSerializer(serializers.ModelSerializer[Node]):
    """A Node as last listed."""

    cluster = serializers.CharField(source="cluster.name")
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True))
    addresses = serializers.ListField(child=serializers.CharField())
    subnets = serializers.ListField(child=serializers.CharField())
    excluded = serializers.SerializerMethodField(help_text="Excluded from load balancing by its label.")

    class Meta:
        model = Node
        fields: tuple[str, ...] = (
            "cluster", "name", "uid", "labels", "zone", "addresses", "subnets", "ready", "unschedulable",
            "network_unavailable", "excluded",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields

    def get_excluded(self, node: Node) -> bool:
        """By its label."""
        return selectors.is_excluded(node)


class TellingSerializer(serializers.Serializer[Any]):
    """What one session's neighbor is told."""

    id = serializers.IntegerField(source="session.pk")
    vrf = serializers.CharField(source="session.vrf")
    neighbor = serializers.CharField(source="session.neighbor")
    peer = serializers.CharField(source="session.peer", help_text="Name of the BGPPeer; empty = none intends it.")
    health = serializers.CharField()
    sent = serializers.IntegerField(allow_null=True, help_text="Prefixes now, as FRR counts them; null = not known.")
    meant = serializers.IntegerField(help_text="Prefixes unless the node is excluded.")
    prefixes = serializers.ListField(child=serializers.CharField(), help_text="The first that FRR named when asked.")
    asked_at = serializers.DateTimeField(allow_null=True, help_text="When that was.")


class ProgressSerializer(serializers.Serializer[Any]):
    """Where a node is on its way to being drained, or back."""

    phase = serializers.ChoiceField(choices=[phase.value for phase in Phase])
    safe = serializers.BooleanField(help_text="FRR itself says that no neighbor is told anything from here.")
    words = serializers.CharField()
    hint = serializers.CharField()
    excluded = serializers.BooleanField(help_text="The label is on the node.")
    sent = serializers.IntegerField(help_text="Prefixes that are told now, over all sessions.")
    layer2 = serializers.IntegerField(help_text="Services that it answers ARP and NDP for, as MetalLB reports.")
    observed_at = serializers.DateTimeField(allow_null=True, help_text="When FRR of the node answered last.")
    sessions = TellingSerializer(source="tellings", many=True)


class HeldSerializer(serializers.Serializer[Any]):
    """A Service that has an endpoint on the node."""

    namespace = serializers.CharField()
    name = serializers.CharField()
    traffic_policy = serializers.CharField()
    endpoint_count = serializers.IntegerField(help_text="Nodes with endpoints.")


class NodeDetailSerializer(NodeSerializer):
    """A Node with what it tells whom, and the services whose endpoints it holds."""

    progress = ProgressSerializer()
    services = HeldSerializer(many=True)

    class Meta(NodeSerializer.Meta):
        fields = (*NodeSerializer.Meta.fields, "progress", "services")
        read_only_fields = fields


class CandidateSerializer(serializers.Serializer[Any]):
    """A service that the node may answer ARP and NDP for."""

    namespace = serializers.CharField(source="service.namespace")
    name = serializers.CharField(source="service.name")
    others = serializers.IntegerField(help_text="Other nodes that may.")


class DrainSerializer(serializers.Serializer[Any]):
    """What the label means, to be set or to be taken off, and how far the node is."""

    next = serializers.ChoiceField(choices=["set", "take-off"], help_text="What is next.")
    refusal = serializers.CharField(help_text="Why bgpui cannot do it; empty = it can.")
    command = serializers.CharField(help_text="What does it in a shell.")
    prefixes = serializers.IntegerField(help_text="Over all sessions, that leave or come back.")
    lost = serializers.ListField(child=serializers.CharField(), help_text="Services that nobody announces then.")
    confirm = serializers.ListField(
        child=serializers.CharField(), help_text="What has to be confirmed with `accept` before the label is set."
    )
    announcements = serializers.DictField(help_text="As in a review.")
    layer2 = CandidateSerializer(many=True)
    progress = ProgressSerializer()
