"""A snapshot prepared for rules that look at several objects: who is in force, and on which nodes."""

from __future__ import annotations

from functools import cached_property

from intent.addresses import Address, NetworkIndex, parse_address
from intent.findings import ObjectRef
from intent.modes import Mode, release
from intent.placement import Placement
from intent.rules.subject import Subject, subject_of
from intent.snapshot import Resource, SecretFact, Snapshot

NODE_AWARE = (0, 16, 0)  # before, each speaker read all peers, and peers were compared whatever their nodes


class View:
    """One snapshot; everything derived from it is computed once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.release = release(snapshot.version)
        self.placement = Placement(snapshot.nodes)
        self.node_aware = self.release >= NODE_AWARE
        self.compares_peers = snapshot.mode is not Mode.NATIVE

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """All objects that have rules, sorted by kind, namespace and name."""
        found = (subject_of(resource, self.snapshot) for resource in self.snapshot.resources)
        return tuple(sorted((subject for subject in found if subject), key=lambda subject: subject.resource.ref))

    @cached_property
    def peers(self) -> tuple[Resource, ...]:
        """The BGPPeers that MetalLB reads, sorted by name."""
        return self.snapshot.in_force("BGPPeer")

    @cached_property
    def masks(self) -> dict[ObjectRef, int]:
        """The nodes on which each peer opens a session."""
        return {peer.ref: self.placement.mask(peer.spec) for peer in self.peers}

    @cached_property
    def profiles(self) -> dict[str, Resource]:
        """The BFDProfiles that MetalLB reads, by name."""
        return {profile.name: profile for profile in self.snapshot.in_force("BFDProfile")}

    @cached_property
    def subnets(self) -> NetworkIndex:
        """The networks that the nodes are connected to, as far as they are known."""
        index = NetworkIndex()
        for number, node in enumerate(self.placement.nodes):
            for subnet in node.subnets:
                index.add(subnet, 1 << number)
        return index

    @cached_property
    def hosts(self) -> dict[Address, int]:
        """Whose addresses are whose."""
        masks: dict[Address, int] = {}
        for number, node in enumerate(self.placement.nodes):
            for address in map(parse_address, node.addresses):
                if address is not None:
                    masks[address] = masks.get(address, 0) | 1 << number
        return masks

    @cached_property
    def secrets(self) -> dict[str, SecretFact]:
        """What is known about the Secrets where passwords are looked for, by name."""
        own = (fact for fact in self.snapshot.secrets if fact.namespace == self.snapshot.secret_namespace)
        return {fact.name: fact for fact in own}

    def readers(self, resource: Resource) -> int:
        """The nodes whose speakers read this object, and refuse their configuration because of it."""
        if self.node_aware and resource.ref in self.masks:
            return self.masks[resource.ref]
        return self.placement.everywhere

    def in_force(self, subject: Subject) -> bool:
        """Whether MetalLB reads the object at all."""
        return subject.resource.ref.namespace == self.snapshot.namespace
