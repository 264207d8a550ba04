"""What breaks in the cluster's objects: the service is told by nobody, for the reason that is given, and then it is.

MetalLB's reasons in their order (speaker/main.go, speaker/bgp_controller.go). All break at once, each with a service of
its own; FRR agrees with the whole of it before and after.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from intent.announcements import Announcements, Reason, ServiceRef
from intent.snapshot import Node, Service, Snapshot
from tests.frr.breaking import OBJECTS, PASSWORDS, WEB, service, snapshot, whole_again
from tests.frr.cluster import COMPUTE_1, COMPUTE_2, CONTROL, NODES, RealCluster
from tests.intent.manifests import advertisement, pool

pytestmark = pytest.mark.frr
NOBODY, ELSEWHERE = [{"matchLabels": {"role": "none"}}], [{"matchLabels": {"role": "control"}}]
V4 = "10.1.0.1"
EXCLUDED = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
CHOOSY = {"ipAddressPools": ["choosy"], "serviceSelectors": [{"matchLabels": {"choosy": "yes"}}]}


class Unannounced(NamedTuple):
    """A service that a node does not announce, why, and the service after mending, if that is what is mended."""

    service: Service
    reason: Reason
    mended: Service | None = None
    node: str = COMPUTE_1

    @property
    def whole(self) -> Service:
        return self.mended or self.service


UNANNOUNCED: dict[str, Unannounced] = {
    "no endpoint anywhere": Unannounced(
        service("lonely", "203.0.113.20", nodes=()), Reason.NO_ENDPOINTS, service("lonely", "203.0.113.20")
    ),
    "Local without a local endpoint": Unannounced(
        service("local", "203.0.113.21", nodes=(COMPUTE_2,), local=True),
        Reason.NO_LOCAL_ENDPOINTS,
        service("local", "203.0.113.21", nodes=(COMPUTE_1,), local=True),
    ),
    "conflicting LOCAL_PREFs": Unannounced(
        service("torn", "198.51.103.5", labels={"choosy": "yes"}), Reason.CONFLICTING_ADVERTISEMENTS
    ),
    "no address": Unannounced(service("waiting"), Reason.NO_IP_ALLOCATED, service("waiting", "203.0.113.23")),
    "address that is none": Unannounced(service("odd", "pending"), Reason.INVALID_IP, service("odd", "203.0.113.24")),
    "address in no pool": Unannounced(
        service("foreign", "192.0.2.99"), Reason.IP_NOT_ALLOWED, service("foreign", "203.0.113.25")
    ),
    "pool removed": Unannounced(service("orphaned", "203.0.112.5"), Reason.IP_NOT_ALLOWED),
    "advertisement for other nodes": Unannounced(service("narrow", "198.51.100.5"), Reason.NOT_OWNER),
    "advertisement for no node": Unannounced(service("nowhere", "198.51.102.5"), Reason.NOT_OWNER),
    "advertisement for other services": Unannounced(
        service("unchosen", "198.51.101.5"),
        Reason.NO_MATCHING_ADVERTISEMENT,
        service("unchosen", "198.51.101.5", labels={"picked": "yes"}),
    ),
    "node excluded by its label": Unannounced(WEB, Reason.NODE_LABELED_EXCLUDE_BALANCERS, node=COMPUTE_2),
    "node without network": Unannounced(WEB, Reason.NODE_NETWORK_UNAVAILABLE, node=CONTROL),
}


def _state(*, mended: bool) -> Snapshot:
    chosen = [one.whole if mended else one.service for one in UNANNOUNCED.values()]
    objects: list[dict[str, Any]] = [
        *OBJECTS,
        pool("choosy", ["198.51.103.0/24"]),
        advertisement("choosy-a", **CHOOSY, localPref=10),
        advertisement("choosy-b", **CHOOSY, localPref=10 if mended else 20),
        *([pool("orphaned", ["203.0.112.0/24"])] if mended else []),
        advertisement("orphaned", ipAddressPools=["orphaned"]),
        pool("narrow", ["198.51.100.0/24"]),
        advertisement("narrow", ipAddressPools=["narrow"], nodeSelectors=[] if mended else ELSEWHERE),
        pool("nowhere", ["198.51.102.0/24"]),
        advertisement("nowhere", ipAddressPools=["nowhere"], nodeSelectors=[] if mended else NOBODY),
        pool("picky", ["198.51.101.0/24"]),
        advertisement("picky", ipAddressPools=["picky"], serviceSelectors=[{"matchLabels": {"picked": "yes"}}]),
    ]
    services = tuple({one.name: one for one in chosen}.values())
    return snapshot(*objects, services=services, nodes=NODES if mended else _nodes())


def _nodes() -> tuple[Node, ...]:
    first, second, third = NODES
    return first, replace(second, labels={**second.labels, **EXCLUDED}), replace(third, network_unavailable=True)


@pytest.mark.parametrize("mended", [False, True])
def test_what_objects_keep_from_being_announced_is_told_once_it_is_mended(cluster: RealCluster, mended: bool) -> None:
    if not mended:
        cluster.restart()  # quicker than to take back what was there
    cluster.take(_state(mended=mended), PASSWORDS)
    assert not any(cluster.fleet.refusals.values()), cluster.fleet.refusals
    whole_again(cluster)
    announcements = Announcements(cluster.snapshot)
    told = {
        node.name: cluster.vtysh(node.name, f"show bgp ipv4 unicast neighbors {V4} advertised-routes json")
        for node in NODES
    }
    for name, one in UNANNOUNCED.items():
        chosen = one.whole if mended else one.service
        address = next(iter(chosen.addresses), "")
        verdict = announcements.verdict(ServiceRef("shop", chosen.name), address, one.node)
        assert verdict.reason is (None if mended else one.reason), (name, verdict)
        assert (f'"{address}/32"' in told[one.node]) is mended, name
