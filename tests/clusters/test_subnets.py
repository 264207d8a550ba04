"""The networks of nodes, as OVN-Kubernetes tells them, and what they say of a peer's address."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusters.models import Node
from lab import manifests
from lab.routers import DEFAULT_VRF, documented_routers
from lab.seed import seed_objects, seed_routers
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster, node, peer
from tests.clusters.conftest import Office


def _node(name: str, told: str) -> dict[str, Any]:
    made = node(name)
    made["metadata"]["annotations"] = {"k8s.ovn.org/host-cidrs": told}
    return made


@pytest.mark.parametrize(
    ("told", "subnets"),
    [
        ('["192.0.2.10/24","fd00::b/64"]', ["192.0.2.0/24", "fd00::/64"]),
        ('["192.0.2.10/24","192.0.2.77/32","192.0.2.11/24"]', ["192.0.2.0/24"]),
        *((text, []) for text in ("", "[", "{}", "7", "null", '["x"]', "[7,null,[]]", "[" * 100_000)),
    ],
)
def test_a_nodes_networks_are_read_whatever_is_written_there(
    kube: RunningCluster, office: Office, told: str, subnets: list[str]
) -> None:
    kube.add(_node("n1", told))
    office.look()
    assert Node.objects.get().subnets == subnets


def test_a_router_that_no_node_is_connected_to_is_found(kube: RunningCluster, office: Office) -> None:
    kube.add(_node("n1", '["192.0.2.10/24"]'), peer("near"), peer("far", peerAddress="198.51.100.1"))
    office.look()
    found = {name: [finding["code"] for finding in office.row(name).findings] for name in ("near", "far")}
    assert found == {"near": [], "far": ["peer-not-connected"]}


def test_a_node_that_moves_to_another_network_is_judged_anew(kube: RunningCluster, office: Office) -> None:
    kube.add(_node("n1", '["192.0.2.10/24"]'), peer("tor-1"))
    office.look()
    change = {"metadata": {"annotations": {"k8s.ovn.org/host-cidrs": '["203.0.113.10/24"]'}}}
    kube.call(kube.server.store.patch, "nodes", "", "n1", change)
    office.look()
    assert [finding["code"] for finding in office.row().findings] == ["peer-not-connected"]


def test_the_labs_nodes_are_on_the_links_of_its_routers_and_the_far_one_is_further(
    kube: RunningCluster, office: Office
) -> None:
    kube.add(*(manifests.node(number) for number in (1, 300)))
    addresses = [
        address
        for router in (*documented_routers(), *seed_routers())
        for address in router.addresses
        if router.vrf == DEFAULT_VRF
    ]
    kube.add(*(peer(f"p-{n}", peerAddress=address) for n, address in enumerate(addresses)))
    office.look()
    codes = {row.peer_address: {finding["code"] for finding in row.findings} for row in BGPPeer.objects.all()}
    assert [address for address, found in codes.items() if "peer-not-connected" in found] == ["10.9.0.1"]
    far = next(one for one in seed_objects() if one["metadata"]["name"] == "edge-far")
    assert far["spec"]["ebgpMultiHop"] is True
    told = [
        json.loads(manifests.node(number)["metadata"]["annotations"]["k8s.ovn.org/host-cidrs"]) for number in (1, 2)
    ]
    assert not set(told[0]) & set(told[1])
