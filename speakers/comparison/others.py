"""What people's own FRRConfigurations make FRR run beside MetalLB (FRR-K8s mode)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from intent.addresses import parse_address
from intent.frr_configurations import Router, is_metallbs, routers, selection
from intent.placement import Placement
from intent.reach import SessionKey
from intent.sessions import DEFAULT_VRF
from intent.snapshot import Mode, Snapshot

Place = tuple[str, str]  # node and VRF


def people_prefixes(snapshot: Snapshot) -> Mapping[Place, set[str]]:
    """The prefixes that they announce, by node and VRF."""
    found: dict[Place, set[str]] = defaultdict(set)
    for place, router in _routers(snapshot):
        found[place].update(router.prefixes)
    return found


def people_neighbors(snapshot: Snapshot) -> set[SessionKey]:
    """The neighbors that they name, by node, VRF and neighbor."""
    return {
        (*place, str(parse_address(neighbor.name) or neighbor.name))
        for place, router in _routers(snapshot)
        for neighbor in router.neighbors
    }


def _routers(snapshot: Snapshot) -> Iterator[tuple[Place, Router]]:
    if snapshot.mode is not Mode.FRR_K8S:
        return
    placement = Placement(snapshot.nodes)
    for resource in snapshot.frr_configurations:
        if is_metallbs(resource):
            continue
        for node in placement.names(placement.mask(selection(resource))):
            for router in routers(resource):
                yield (node, router.vrf or DEFAULT_VRF), router
