"""Every BGPPeer of the OpenShift documentation, on real FRR: what the renderer writes brings its sessions up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.frr.cluster import COMPUTE_1, COMPUTE_2, CONTROL, RealCluster, bfd_profile, peer

pytestmark = pytest.mark.frr

TWO_NODES = {"key": "kubernetes.io/hostname", "operator": "In", "values": [COMPUTE_1, COMPUTE_2]}
PROFILE = "doc-example-bfd-profile-full"

# Together what may stand together; all of them at once break MetalLB's rules about router IDs, AS numbers, duplicates.
TOGETHER: list[list[dict[str, Any]]] = [
    [
        peer("doc-example-peer", "10.0.0.1", peerASN=64501, routerID="10.10.10.10"),
        peer("peer2", "10.0.0.2", peerASN=64501, routerID="10.10.10.10"),
    ],
    [
        peer("frrviavrf", "192.168.130.1", myASN=100, peerASN=200, vrf="ens4vrf"),
        peer("doc-example-nodesel", "10.0.20.1", peerASN=64501, nodeSelectors=[{"matchExpressions": [TWO_NODES]}]),
    ],
    [
        bfd_profile(PROFILE, receiveInterval=300, transmitInterval=300, detectMultiplier=3, minimumTtl=254),
        peer("doc-example-peer-bfd", "10.0.20.1", peerASN=64501, holdTime="10s", bfdProfile=PROFILE),
    ],
    [
        peer("doc-example-dual-stack-ipv4", "10.0.20.1", peerASN=64500),
        peer("doc-example-dual-stack-ipv6", "2620:52:0:88::104", peerASN=64500),
    ],
]


@pytest.mark.parametrize("manifests", TOGETHER, ids=lambda some: some[-1]["metadata"]["name"])
def test_documented_peers_come_up_on_the_nodes_and_in_the_vrf_they_name(
    cluster: RealCluster, manifests: list[dict[str, Any]]
) -> None:
    cluster.apply(*manifests)

    for spec in (manifest["spec"] for manifest in manifests if manifest["kind"] == "BGPPeer"):
        neighbor, vrf = spec["peerAddress"], spec.get("vrf", "default")
        selected = [COMPUTE_1, COMPUTE_2] if "nodeSelectors" in spec else [COMPUTE_1, COMPUTE_2, CONTROL]
        for node in selected:
            seen = cluster.reaches(neighbor, "Established", vrf=vrf, node=node, remoteAs=spec["peerASN"])
            assert seen["localAs"] == spec["myASN"]
            assert seen["localRouterId"] == spec.get("routerID", seen["localRouterId"])
        for node in {COMPUTE_1, COMPUTE_2, CONTROL} - set(selected):
            assert (vrf, neighbor) not in cluster.neighbors(node)
    if manifests[0]["kind"] == "BFDProfile":
        cluster.reaches("10.0.20.1", "Established", bfd="Up")


def test_all_of_them_at_once_leave_every_node_with_its_old_configuration(cluster: RealCluster) -> None:
    before = {node: cluster.fleet.node(node).config for node in cluster.fleet.refusals}

    cluster.apply(*(manifest for manifests in TOGETHER for manifest in manifests))

    assert all(cluster.fleet.refusals.values())
    assert {node: cluster.fleet.node(node).config for node in cluster.fleet.refusals} == before
