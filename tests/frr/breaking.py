"""A cluster to break, and what the comparison has to say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from intent.snapshot import Mode, Node, SecretFact, Service, Snapshot
from tests.frr.cluster import NAMESPACE, NODES, RealCluster, peer
from tests.frr.comparing import differences
from tests.intent.manifests import advertisement, pool, profile
from tests.waiting import eventually

FAST = {"holdTime": "9s", "keepaliveTime": "3s", "connectTime": "1s"}
INTERNAL = {"myASN": 64510, "peerASN": 64510, "vrf": "storage", **FAST}
EVERYWHERE = tuple(node.name for node in NODES)
PEERS = (
    profile("fast", receiveInterval=1000, transmitInterval=1000),
    peer("core", "10.4.0.1", **INTERNAL),
    peer("plain", "10.1.0.1", peerASN=64601, **FAST),
    peer("md5", "10.1.0.2", peerASN=64602, passwordSecret={"name": "md5"}, bfdProfile="fast", **FAST),
)
PASSWORDS = {"md5": "let-me-in", "store-distant": "storage"}
OBJECTS = (
    *PEERS,
    pool("pool", ["203.0.113.0/24"]),
    advertisement("core", ipAddressPools=["pool"], peers=["core"], localPref=250, communities=["64512:100"]),
    advertisement("others", ipAddressPools=["pool"], peers=["plain", "md5"]),
)
STORAGE, PLAIN, MD5 = "storage 10.4.0.1", "default 10.1.0.1", "default 10.1.0.2"
NINE = "203.0.113.9/32"
ROUTER, VRF_ROUTER = "router bgp 64500", "router bgp 64510 vrf storage"
FOUR = "address-family ipv4 unicast"
OTHER_PORT = 1179  # at which the router at 10.1.0.1 can be reached, too


def service(name: str, *addresses: str, nodes: tuple[str, ...] = EVERYWHERE, **facts: Any) -> Service:
    return Service(namespace="shop", name=name, addresses=addresses, endpoint_nodes=nodes, **facts)


WEB = service("web", "203.0.113.9")


def snapshot(*manifests: Any, services: tuple[Service, ...], nodes: tuple[Node, ...] = NODES) -> Snapshot:
    facts = [SecretFact(NAMESPACE, name) for name in PASSWORDS]
    made = Snapshot.from_manifests(manifests, mode=Mode.FRR, version="0.16.1", nodes=nodes, secrets=facts)
    return replace(made, services=services)


WHOLE = snapshot(*OBJECTS, services=(WEB,))


def whole_again(cluster: RealCluster) -> None:
    """Wait until nothing differs."""

    def same() -> bool:
        lines = differences(cluster)
        assert not lines, lines[:9]
        return True

    eventually(same, timeout=120, interval=0.3)


def named(cluster: RealCluster, expected: Mapping[str, str]) -> None:
    """Wait until a difference of each of these sessions, `node VRF neighbor`, has these words, and no other has any."""

    def probe() -> bool:
        lines = differences(cluster)
        missing = {
            where: words
            for where, words in expected.items()
            if not any(line.startswith(f"{where}: ") and words.lower() in line.lower() for line in lines)
        }
        others = [line for line in lines if not any(line.startswith(f"{where}: ") for where in expected)]
        about = [line for line in lines if any(line.startswith(f"{where}: ") for where in missing)]
        assert not missing, f"not said: {missing}; but {about}"
        assert not others, others
        return True

    eventually(probe, timeout=120, interval=0.3)
