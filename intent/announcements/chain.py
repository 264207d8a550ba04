"""From a service to a prefix: the links in between, and the objects that decide where it stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from intent.addresses import parse_address
from intent.announcements.advertisements import Advertisement, advertisements
from intent.announcements.groups import too_many
from intent.announcements.verdicts import Reason
from intent.findings import ObjectRef
from intent.placement import placement_of
from intent.pools import pool_index_of
from intent.snapshot import Resource, Service, Snapshot


class Step(StrEnum):
    """The links, in their order: each needs those before it."""

    SERVICE = "service"
    ADDRESS = "address"
    POOL = "pool"
    ADVERTISEMENT = "advertisement"
    NODE = "node"
    SESSION = "session"
    PREFIX = "prefix"


STEPS: Mapping[Reason, Step] = {
    Reason.SERVICE_DELETED: Step.SERVICE,
    Reason.NO_IP_ALLOCATED: Step.ADDRESS,
    Reason.INVALID_IP: Step.ADDRESS,
    Reason.IP_NOT_ALLOWED: Step.POOL,
    Reason.NOT_OWNER: Step.ADVERTISEMENT,
    Reason.NO_MATCHING_ADVERTISEMENT: Step.ADVERTISEMENT,
    Reason.CONFLICTING_ADVERTISEMENTS: Step.ADVERTISEMENT,
    Reason.TOO_MANY_COMMUNITIES: Step.ADVERTISEMENT,
    Reason.NODE_NETWORK_UNAVAILABLE: Step.NODE,
    Reason.NODE_LABELED_EXCLUDE_BALANCERS: Step.NODE,
    Reason.NO_LOCAL_ENDPOINTS: Step.NODE,  # what a speaker asks of its own node, after the node itself
    Reason.NO_ENDPOINTS: Step.NODE,
}


class Chain:
    """The objects that decide about one service."""

    def __init__(self, snapshot: Snapshot, service: Service) -> None:
        self._snapshot, self._service = snapshot, service
        pools, self._placement = snapshot.in_force("IPAddressPool"), placement_of(snapshot)
        addresses = [one for address in service.addresses if (one := parse_address(address)) is not None]
        index = pool_index_of(snapshot)
        name = index.holding_all(addresses) if addresses else ""
        self._by_name: dict[str, Resource] = {pool.name: pool for pool in pools}
        self._families = index.families[name] if name else frozenset[int]()
        self._of_pool = [each for each in advertisements(snapshot, self._placement) if name in each.pools]
        self.pool = self._ref("IPAddressPool", name) if name else None

    def counting(self, nodes: Iterable[str]) -> list[Advertisement]:
        """The advertisements for the service that select one of these nodes."""
        return [each for each in self._on(nodes) if each.services.chooses(self._service.labels)]

    def advertisements(self, nodes: Iterable[str]) -> tuple[ObjectRef, ...]:
        """The same as references."""
        return self._refs(self.counting(nodes))

    def to_change(self, reason: Reason | None, nodes: Iterable[str]) -> tuple[ObjectRef, ...]:
        """Objects with which the way out begins. reason: the first one of these nodes; None = no session takes it."""
        nodes, own = tuple(nodes), ObjectRef("Service", self._service.namespace, self._service.name)
        if reason is Reason.IP_NOT_ALLOWED:
            return *self._named(self._service.pool), own
        if reason is None:
            return self._without_peer(nodes)
        if STEPS[reason] is Step.ADVERTISEMENT:
            also = (own,) if reason is Reason.NO_MATCHING_ADVERTISEMENT else ()
            return self._refs(self._at_fault(reason, nodes)) + also or (() if self.pool is None else (self.pool,))
        if reason in {Reason.NODE_NETWORK_UNAVAILABLE, Reason.NODE_LABELED_EXCLUDE_BALANCERS}:
            return tuple(ObjectRef("Node", "", node) for node in nodes)
        return (own,)

    def _at_fault(self, reason: Reason, nodes: tuple[str, ...]) -> list[Advertisement]:
        if reason is Reason.CONFLICTING_ADVERTISEMENTS:
            return self._conflicting(nodes)
        if reason is Reason.TOO_MANY_COMMUNITIES:
            return [each for each in self.counting(nodes) if too_many((each,))]
        return self._of_pool if reason is Reason.NOT_OWNER else self._on(nodes)

    def _without_peer(self, nodes: tuple[str, ...]) -> tuple[ObjectRef, ...]:
        """The advertisements that name peers, and the BGPPeers that they reach: elsewhere, or without the family."""
        counting = self.counting(nodes)
        reached = (
            peer.ref for peer in self._snapshot.in_force("BGPPeer") if any(each.reaches(peer.name) for each in counting)
        )
        return *self._refs(each for each in counting if each.peers is not None), *reached

    def _conflicting(self, nodes: tuple[str, ...]) -> list[Advertisement]:
        some = self.counting(nodes)
        return [each for each in some if any(each.conflicts(other, self._families) for other in some)]

    def _on(self, nodes: Iterable[str]) -> list[Advertisement]:
        names = set(nodes)
        return [each for each in self._of_pool if names.intersection(self._placement.names(each.nodes))]

    def _named(self, pool: str) -> tuple[ObjectRef, ...]:
        return (self._ref("IPAddressPool", pool),) if pool in self._by_name else ()

    def _refs(self, several: Iterable[Advertisement]) -> tuple[ObjectRef, ...]:
        return tuple(self._ref("BGPAdvertisement", each.name) for each in several)

    def _ref(self, kind: str, name: str) -> ObjectRef:
        return ObjectRef(kind, self._snapshot.namespace, name)
