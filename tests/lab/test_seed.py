"""The demo's cluster has services that are announced, some that are not, and room for all of the documentation."""

from __future__ import annotations

from typing import Any

import yaml

from intent.announcements import Announcements, Reason, ServiceRef
from intent.assignments.pools import pool_of
from intent.snapshot import Resource
from lab.cluster import Lab
from tests.lab.documented import DEPLOY_SERVICE
from tests.lab.until import until

NAMESPACE = "metallb-system"
DOCUMENTED_POOLS = {
    "pool1": ["4.4.4.100-4.4.4.200", "2001:100:4::200-2001:100:4::400"],
    "pool2": ["5.5.5.100-5.5.5.200", "2001:100:5::200-2001:100:5::400"],
    "first-pool": ["192.169.10.0/32"],
}
EXAMPLE: dict[str, Any] = {"myASN": 64500, "peerASN": 64501, "routerID": "10.10.10.10"}
DOCUMENTED_PEERS: dict[str, dict[str, Any]] = {
    "peer1": {**EXAMPLE, "peerAddress": "10.0.0.1"},
    "peer2": {**EXAMPLE, "peerAddress": "10.0.0.2"},
    # The documented peer has no routerID, which MetalLB refuses beside peers of the same nodes that have one.
    "frrviavrf": {**EXAMPLE, "myASN": 100, "peerASN": 200, "peerAddress": "192.168.130.1", "vrf": "ens4vrf"},
}
HOSTS = {"communities": ["65535:65282"], "aggregationLength": 32, "aggregationLengthV6": 128, "localPref": 100}
DOCUMENTED_ADVERTISEMENTS: dict[str, dict[str, Any]] = {
    "bgpadvertisement-1": {"ipAddressPools": ["pool1"], "peers": ["peer1"], **HOSTS},
    "bgpadvertisement-2": {"ipAddressPools": ["pool2"], "peers": ["peer2"], **HOSTS},
    "first-adv": {"ipAddressPools": ["first-pool"], "peers": ["frrviavrf"]},
}
NOT_ANNOUNCED = {
    ServiceRef("shop", "checkout"): {Reason.NO_ENDPOINTS},
    ServiceRef("media", "upload"): {Reason.NO_LOCAL_ENDPOINTS},
    ServiceRef("media", "stream"): {None, Reason.NO_LOCAL_ENDPOINTS},
    ServiceRef("platform", "metrics"): {Reason.NOT_OWNER},
    ServiceRef("platform", "vpn-standby"): {Reason.NO_IP_ALLOCATED},
    ServiceRef("platform", "printer"): {Reason.NOT_OWNER},
    ServiceRef("shop", "web"): {None},
}


def add(lab: Lab, kind: str, name: str, version: str = "v1beta1", **spec: Any) -> None:
    metadata = {"name": name, "namespace": NAMESPACE}
    lab.store.add({"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec})


async def test_services_are_not_announced_for_different_reasons() -> None:
    async with Lab(nodes=6, debounce=0.01, seed_peers=True) as lab:
        await lab.settled()
        snapshot = lab.applied.snapshot()
        announcements = Announcements(snapshot)
        by_name = {ServiceRef(each.namespace, each.name): each for each in snapshot.services}
        for ref, reasons in NOT_ANNOUNCED.items():
            address = (*by_name[ref].addresses, "")[0]
            assert {verdict.reason for verdict in announcements.nodes_by_verdict(ref, address)} == reasons, ref
        assert {each.status["node"] for each in _statuses(lab) if each.service == "printer"}
        left = (lab.store.get("ipaddresspools", NAMESPACE, "nearly-full") or {})["status"]
        assert (left["assignedIPv4"], left["availableIPv4"]) == (2, 1)
        assert len({each.namespace for each in snapshot.services}) == 3
        assert len(snapshot.services) >= 12


class _Status:
    """A ServiceL2Status, briefly."""

    def __init__(self, status: dict[str, str]) -> None:
        self.status, self.service = status, status["serviceName"]


def _statuses(lab: Lab) -> list[_Status]:
    return [_Status(each["status"]) for each in lab.store.list("servicel2statuses")]


async def test_the_demo_and_the_documentation_go_together() -> None:
    async with Lab(nodes=6, debounce=0.01, seed_peers=True, pod_start=0.01) as lab:
        own = [pool_of(Resource.from_manifest(each), {}) for each in lab.store.list("ipaddresspools")]
        for name, addresses in DOCUMENTED_POOLS.items():
            add(lab, "IPAddressPool", name, addresses=addresses)
        for each in lab.store.list("ipaddresspools"):
            held = pool_of(Resource.from_manifest(each), {})
            assert not [
                o.name for o in own for a in o.ranges for b in held.ranges if o.name != held.name and a.overlaps(b)
            ]
        for name, spec in DOCUMENTED_PEERS.items():
            add(lab, "BGPPeer", name, "v1beta2", **spec)
        for name, spec in DOCUMENTED_ADVERTISEMENTS.items():
            add(lab, "BGPAdvertisement", name, **spec)
        for manifest in yaml.safe_load_all(DEPLOY_SERVICE):
            lab.store.add(manifest)
        await lab.settled()
        assert set(lab.speakers.refusals.values()) == {""}
        assert not lab.controllers.metallb.refusal
        server = lab.store.get("services", "test", "server1")
        assert server is not None
        pool = server["metadata"]["annotations"]["metallb.io/ip-allocated-from-pool"]
        assert pool in DOCUMENTED_POOLS, "no pool of the demo gives away its addresses"
        find = "metallb.io/service-name=server1"
        await until(lambda: len(lab.store.list("servicebgpstatuses", labels=find)) == 6)


async def test_the_return_path_of_the_vrf_can_be_read_from_nmstate() -> None:
    async with Lab(nodes=1, seed_peers=True) as lab:
        (policy,) = lab.store.list("nodenetworkconfigurationpolicies.nmstate.io")
        desired = policy["spec"]["desiredState"]
        assert [each["name"] for each in desired["interfaces"] if each["type"] == "vrf"] == ["ens4vrf"]
        assert {rule["route-table"] for rule in desired["route-rules"]["config"]} == {254}
