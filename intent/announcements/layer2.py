"""Which nodes may answer ARP and NDP for a service, and why others may not: MetalLB's speaker/layer2_controller.go."""

from __future__ import annotations

from intent.addresses import parse_address
from intent.announcements.advertisements import selected_among
from intent.announcements.cluster import blocked
from intent.announcements.verdicts import Reason
from intent.placement import Placement
from intent.pools import PoolIndex
from intent.selectors import Selection
from intent.snapshot import Node, Service, Snapshot


def layer2_on_nodes(snapshot: Snapshot, service: Service) -> dict[Reason | None, tuple[str, ...]]:
    """All nodes by the first reason why they do not, sorted; None = they may, and MetalLB takes one of them.

    Empty if no L2Advertisement is for the service's pool.
    """
    pools, placement = snapshot.in_force("IPAddressPool"), Placement(snapshot.nodes)
    addresses = [one for one in map(parse_address, service.addresses) if one is not None]
    pool = PoolIndex(pools).holding_all(addresses) if addresses else ""
    held = {one.name: one for one in pools if one.name == pool}
    of_pool = [each for each in snapshot.in_force("L2Advertisement") if selected_among(each, held)]
    if not pool or not of_pool:
        return {}
    owners, matching = 0, 0
    for each in of_pool:
        mask = placement.mask(each.spec)
        owners |= mask
        matching |= mask if Selection(each.spec.get("serviceSelectors")).chooses(service.labels) else 0
    found: dict[Reason | None, list[str]] = {}
    for number, node in enumerate(placement.nodes):
        bits = owners >> number & 1, matching >> number & 1
        found.setdefault(_reason(service, node, *bits), []).append(node.name)
    return {reason: tuple(nodes) for reason, nodes in found.items()}


def _reason(service: Service, node: Node, owner: int, matching: int) -> Reason | None:
    if not owner:
        return Reason.NOT_OWNER
    if not matching:
        return Reason.NO_MATCHING_ADVERTISEMENT
    if (reason := blocked(node)) is not None:
        return reason
    if service.local and node.name not in service.endpoint_nodes:
        return Reason.NO_LOCAL_ENDPOINTS
    return None if service.endpoint_nodes else Reason.NO_ENDPOINTS
