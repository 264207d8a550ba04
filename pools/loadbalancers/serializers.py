"""What REST says of one Service beyond what it is: who announces it, and why others do not."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from intent.announcements.chain import Step
from pools.loadbalancers.announced import AddressStanding
from pools.loadbalancers.redundancy import redundancy
from pools.loadbalancers.telling import ANNOUNCED


class NodesAndPeersSerializer(serializers.Serializer[Any]):
    """From where and to whom."""

    nodes = serializers.IntegerField()
    peers = serializers.IntegerField(help_text="Number of BGPPeers.")


class AnnouncedSerializer(serializers.Serializer[Any]):
    """How a Service is announced now."""

    state = serializers.ChoiceField(
        list(ANNOUNCED),
        help_text="yes = over BGP; layer2 = with ARP and NDP only; unknown = its sessions are not known.",
    )
    now = NodesAndPeersSerializer(help_text="Over sessions that are up and tell one of its prefixes.")
    meant = NodesAndPeersSerializer(help_text="Over all that are meant to.")


class MissingSerializer(serializers.Serializer[Any]):
    """A session that something is meant over, and that is not up."""

    node = serializers.CharField()
    peer = serializers.CharField(help_text="Name of the BGPPeer.")
    vrf = serializers.CharField()
    neighbor = serializers.CharField()
    words = serializers.CharField(help_text="Why it is not up.")
    href = serializers.CharField(help_text="Its page; empty = FRR was not asked yet.")


class OverSerializer(serializers.Serializer[Any]):
    """Sessions that something is meant over."""

    meant = serializers.IntegerField()
    up = serializers.IntegerField(help_text="How many of them are Established now.")
    notUp = MissingSerializer(source="missing", many=True, help_text="The first of the others.")  # noqa: N815
    differing = serializers.IntegerField(help_text="Over how many of those it is not told as it is meant to be.")
    unclear = serializers.IntegerField(help_text="Over how many others of those nobody knows whether it is.")
    unsure = serializers.IntegerField(help_text="Of how many nobody knows whether they are up: not heard of lately.")


class ThingSerializer(serializers.Serializer[Any]):
    """An object."""

    kind = serializers.CharField()
    namespace = serializers.CharField(help_text="Empty for a Node.")
    name = serializers.CharField()
    href = serializers.CharField(help_text="Its page.")


class LinkSerializer(serializers.Serializer[Any]):
    """One link of the chain from the Service to a prefix that routers hear of."""

    step = serializers.ChoiceField([step.value for step in Step])
    state = serializers.ChoiceField(
        ["holds", "broken", "unknown", "open"],
        help_text="unknown = its sessions were not heard of lately; open = not asked for, since one before it stops.",
    )
    objects = ThingSerializer(many=True, help_text="What it is made of; of a broken one, what is to be changed.")
    texts = serializers.ListField(child=serializers.CharField(), help_text="The address, or the prefixes.")


class StandingSerializer(serializers.Serializer[Any]):
    """What some nodes do alike with an address."""

    nodes = serializers.ListField(child=serializers.CharField())
    meant = serializers.BooleanField(help_text="Whether it is meant to go out to a peer.")
    announced = serializers.BooleanField(help_text="Whether it goes out: over at least one session that is up.")
    unknown = serializers.BooleanField(source="unsure", help_text="Whether nobody knows if it goes out.")
    sessions = OverSerializer(source="over", help_text="Those that it is meant over.")
    prefixes = serializers.ListField(child=serializers.CharField())
    peers = serializers.ListField(child=serializers.CharField(), help_text="Names of BGPPeers.")
    reason = serializers.CharField(source="code", help_text="MetalLB's word for the first reason; empty = none.")
    words = serializers.CharField(help_text="The same as a sentence.")
    hint = serializers.CharField(help_text="The way out.")
    chain = LinkSerializer(many=True, help_text="Link by link: the first broken one is why it is not announced.")
    change = ThingSerializer(many=True, help_text="Objects with which the way out begins.")


class RedundancySerializer(serializers.Serializer[Any]):
    """What is left if something fails."""

    level = serializers.ChoiceField(["none", "unknown", "one-session", "one-node", "one-router", "redundant"])
    words = serializers.CharField()


class AddressStandingSerializer(serializers.Serializer[Any]):
    """One address: who announces it, and the first reason of the others."""

    address = serializers.CharField(help_text="Empty for a Service without one.")
    pool = serializers.CharField(help_text="The IPAddressPool that holds it.")
    nodes = StandingSerializer(source="shown", many=True)
    redundancy = RedundancySerializer(help_text="Of all nodes, whichever were asked for.")


class Layer2Serializer(serializers.Serializer[Any]):
    """Nodes that may answer ARP and NDP, of which MetalLB takes one, or that may not for one reason."""

    nodes = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField(source="code", help_text="MetalLB's word for the first reason; empty = they may.")
    words = serializers.CharField(help_text="The same as a sentence.")
    hint = serializers.CharField(help_text="The way out.")


class CoveringSerializer(serializers.Serializer[Any]):
    """An advertisement that is for the Service."""

    kind = serializers.CharField()
    name = serializers.CharField()
    nodes = serializers.IntegerField(help_text="On how many nodes.")
    peers = serializers.ListField(child=serializers.CharField(), allow_null=True, help_text="null = all.")


def announcement(one: AddressStanding, nodes: int) -> dict[str, Any]:
    """One address. nodes: how many the cluster has."""
    level, words = redundancy(one, nodes)
    about = {"level": level, "words": words}
    values = {"address": one.address, "pool": one.pool, "shown": one.shown, "redundancy": about}
    return AddressStandingSerializer(values).data
