"""Which nodes may answer ARP and NDP for a service, and why others may not: MetalLB's speaker/layer2_controller.go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from intent.addresses import parse_address
from intent.announcements.cluster import blocked
from intent.announcements.verdicts import Reason
from intent.placement import placement_of
from intent.pool_choice import pool_choice_of
from intent.pools import pool_index_of
from intent.selectors import Selection
from intent.snapshot import Node, Service, Snapshot, texts


class Candidates(NamedTuple):
    """The nodes of which one answers for a service, sorted, and on which interfaces; () = on all of them."""

    nodes: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()


class _Read(NamedTuple):
    """An L2Advertisement: its pools, its nodes as a mask, the services that it is for, its interfaces."""

    pools: frozenset[str]
    nodes: int
    services: Selection
    interfaces: tuple[str, ...]


class Layer2:
    """The L2Advertisements of a snapshot; a service is looked up in a time that does not grow with the others."""

    def __init__(self, snapshot: Snapshot) -> None:
        choice = pool_choice_of(snapshot)
        self._placement, self._index = placement_of(snapshot), pool_index_of(snapshot)
        judged = ((node.name, blocked(node, ignores_exclude=snapshot.ignores_exclude)) for node in snapshot.nodes)
        self._blocked = {name: reason for name, reason in judged if reason is not None}
        self._numbers = {node.name: number for number, node in enumerate(self._placement.nodes)}
        self._able = (1 << len(self._numbers)) - 1 - sum(1 << self._numbers[name] for name in self._blocked)
        self._every = [
            _Read(
                choice.names(each.spec),
                self._placement.mask(each.spec),
                Selection(each.spec.get("serviceSelectors")),
                texts(each.spec.get("interfaces")),
            )
            for each in snapshot.in_force("L2Advertisement")
        ]

    @property
    def anything(self) -> bool:
        """Whether there is an L2Advertisement at all."""
        return bool(self._every)

    def candidates(self, service: Service) -> Candidates:
        """Who may answer for a service; nobody if it has no ready endpoint."""
        matching = [each for each in self._of_pool(service) if each.services.chooses(service.labels)]
        mask = _joined(matching)
        if not mask or not service.endpoint_nodes:
            return Candidates()
        nodes = (node for node in self._placement.names(mask) if node not in self._blocked)
        able = tuple(node for node in nodes if not service.local or node in service.endpoint_nodes)
        if not able:
            return Candidates()
        named = [each.interfaces for each in matching if each.nodes]
        return Candidates(able, tuple(sorted({name for some in named for name in some})) if all(named) else ())

    def anybody(self, service: Service) -> bool:
        """Whether there is one, without a look at each node."""
        able = _joined(each for each in self._of_pool(service) if each.services.chooses(service.labels)) & self._able
        own = (self._numbers[name] for name in service.endpoint_nodes if name in self._numbers)
        return any(able >> number & 1 for number in own) if service.local else bool(able and service.endpoint_nodes)

    def on_nodes(self, service: Service) -> dict[Reason | None, tuple[str, ...]]:
        """All nodes by the first reason why they do not, sorted; None = they may, and MetalLB takes one of them.

        Empty if no L2Advertisement is for the service's pool.
        """
        of_pool = self._of_pool(service)
        if not of_pool:
            return {}
        owners = _joined(of_pool)
        matching = _joined(each for each in of_pool if each.services.chooses(service.labels))
        found: dict[Reason | None, list[str]] = {}
        for number, node in enumerate(self._placement.nodes):
            reason = _reason(service, node, owners >> number & 1, matching >> number & 1, self._blocked.get(node.name))
            found.setdefault(reason, []).append(node.name)
        return {reason: tuple(nodes) for reason, nodes in found.items()}

    def _of_pool(self, service: Service) -> list[_Read]:
        addresses = [one for one in map(parse_address, service.addresses) if one is not None]
        pool = self._index.holding_all(addresses) if addresses and self._every else ""
        return [each for each in self._every if pool in each.pools] if pool else []


def layer2_on_nodes(snapshot: Snapshot, service: Service) -> dict[Reason | None, tuple[str, ...]]:
    """The same for one service."""
    return Layer2(snapshot).on_nodes(service)


def _reason(service: Service, node: Node, owner: int, matching: int, barred: Reason | None) -> Reason | None:
    if not owner:
        return Reason.NOT_OWNER
    if not matching:
        return Reason.NO_MATCHING_ADVERTISEMENT
    if barred is not None:
        return barred
    if service.local and node.name not in service.endpoint_nodes:
        return Reason.NO_LOCAL_ENDPOINTS
    return None if service.endpoint_nodes else Reason.NO_ENDPOINTS


def _joined(several: Iterable[_Read]) -> int:
    mask = 0
    for each in several:
        mask |= each.nodes
    return mask
