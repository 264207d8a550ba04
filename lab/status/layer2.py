"""Which node answers ARP and NDP for a service: MetalLB's speaker/layer2_controller.go as a function of a snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from intent.addresses import parse_address
from intent.announcements.cluster import blocked
from intent.placement import Placement
from intent.pool_choice import pool_choice_of
from intent.pools import PoolIndex
from intent.selectors import Selection
from intent.snapshot import Resource, Service, Snapshot


@dataclass(frozen=True, slots=True)
class Owner:
    """The node that announces a service. interfaces: () = all."""

    node: str
    service: tuple[str, str]
    interfaces: tuple[str, ...]


def owners(snapshot: Snapshot) -> Iterator[Owner]:
    """The owner of every service that an L2Advertisement announces."""
    advertisements, pools = snapshot.in_force("L2Advertisement"), snapshot.in_force("IPAddressPool")
    if not advertisements:
        return
    choice, placement, index = pool_choice_of(snapshot), Placement(snapshot.nodes), PoolIndex(pools)
    ignores = snapshot.ignores_exclude
    free = {node.name for node in snapshot.nodes if blocked(node, ignores_exclude=ignores) is None}
    every = [
        _Read(each, choice.names(each.spec), placement.names(placement.mask(each.spec))) for each in advertisements
    ]
    for service in snapshot.services:
        addresses = [address for address in map(parse_address, service.addresses) if address is not None]
        pool = index.holding_all(addresses)
        matching = [each for each in every if pool in each.pools and each.services.chooses(service.labels)]
        fit = {name for each in matching for name in each.nodes & free if _may(service, name)}
        if fit and service.endpoint_nodes:
            first = _first(fit, str(addresses[0]))
            on_node = [each.resource for each in matching if first in each.nodes]
            yield Owner(first, (service.namespace, service.name), _interfaces(on_node))


class _Read:
    """An L2Advertisement with what it selects."""

    def __init__(self, resource: Resource, pools: frozenset[str], nodes: tuple[str, ...]) -> None:
        self.resource, self.pools, self.nodes = resource, pools, frozenset(nodes)
        self.services = Selection(resource.spec.get("serviceSelectors"))


def _first(nodes: set[str], address: str) -> str:
    """The same node for everybody who asks: the one whose name and the address have the lowest hash."""
    return min(nodes, key=lambda name: hashlib.sha256(f"{name}#{address}".encode()).digest())


def _may(service: Service, node: str) -> bool:
    return not service.local or node in service.endpoint_nodes


def _interfaces(advertisements: list[Resource]) -> tuple[str, ...]:
    """Those of all advertisements together; one that names none means all of them."""
    named = [each.spec.get("interfaces") or () for each in advertisements]
    return tuple(sorted({name for names in named for name in names})) if all(named) else ()
