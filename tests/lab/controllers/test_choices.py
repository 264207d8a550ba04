"""What a Service may get, as Review says it before, is what the lab's controller gives after (MetalLB's allocator)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from intent.addresses import Address, parse_address
from intent.assignments.choices import choices
from intent.assignments.pools import pools_of
from intent.assignments.request import RefusedError, asked_addresses, request_of_new
from intent.pools import PoolIndex
from intent.snapshot import Service, Snapshot
from lab.controllers.metallb.allocator import Allocator
from tests.intent.manifests import NODES, pool

ROOMS = {"shop": {"team": "a"}, "test": {}}
SPECS: list[dict[str, Any]] = [
    {"addresses": ["203.0.113.0/31"]},
    {"addresses": ["203.0.113.8/30"], "avoidBuggyIPs": True},
    {"addresses": ["198.51.100.0-198.51.100.1", "2001:db8::/127"]},
    {"addresses": ["192.0.2.0/31"], "autoAssign": False},
    {"addresses": ["192.0.2.4/31"], "serviceAllocation": {"namespaces": ["test"], "priority": 10}},
    {"addresses": ["192.0.2.8/31"], "serviceAllocation": {"namespaceSelectors": [{"matchLabels": {"team": "a"}}]}},
    {"addresses": ["192.0.2.12/32"], "serviceAllocation": {"namespaces": ["test"], "priority": 5}},
]
ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "metallb.io/address-pool": st.sampled_from(["p0", "p3", "nothing"]),
        "metallb.io/loadBalancerIPs": st.sampled_from(["203.0.113.1", "192.0.2.0", "192.0.2.12", "10.9.9.9", "no"]),
    },
)
FAMILIES = st.sampled_from([{}, {"ipFamilies": ["IPv6"]}, {"ipFamilyPolicy": "PreferDualStack"}])


def made(room: str, annotations: dict[str, str], families: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": room, "annotations": annotations}
    return {"metadata": metadata, "spec": {"type": "LoadBalancer", **families}}


@given(
    st.sets(st.integers(0, len(SPECS) - 1)),
    st.sets(st.integers(0, 12)),
    st.sampled_from(sorted(ROOMS)),
    ANNOTATIONS,
    FAMILIES,
)
def test_what_the_controller_gives_was_told_before(
    numbers: set[int], taken: set[int], room: str, annotations: dict[str, str], families: dict[str, Any]
) -> None:
    manifests = [pool(f"p{number}", **SPECS[number]) for number in sorted(numbers)]
    others = tuple(
        Service(namespace="others", name=str(number), addresses=(f"203.0.113.{number}",)) for number in sorted(taken)
    )
    snapshot = Snapshot.from_manifests(manifests, nodes=NODES, services=others)
    snapshot = Snapshot(resources=snapshot.resources, nodes=NODES, services=others, namespaces=ROOMS)
    service = made(room, annotations, families)
    told = {(each.pool, each.addresses) for each in choices(snapshot, service)}
    found = given_by_the_controller(snapshot, service)
    assert found in told if found else not told


def given_by_the_controller(snapshot: Snapshot, service: dict[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """Pool and addresses; None = nothing."""
    allocator = Allocator()
    allocator.set_pools({each.name: each for each in pools_of(snapshot)}, PoolIndex(snapshot.in_force("IPAddressPool")))
    for held in snapshot.services:
        address = parse_address(held.addresses[0])
        assert address is not None
        try:
            allocator.assign(request_of_new({"metadata": {"namespace": "others", "name": held.name}}, 4), (address,))
        except RefusedError:
            continue
    request = request_of_new(service, 4)
    try:
        asked: tuple[Address, ...] = asked_addresses(service)
        if asked and {each.version for each in asked} != set(request.versions):
            return None
        allocator.assign(request, asked) if asked else allocator.allocate(request)
    except RefusedError:
        return None
    name = allocator.pool_of(request.key)
    if request.pool and name != request.pool:
        return None
    return name, tuple(map(str, allocator.allocations[request.key].addresses))
