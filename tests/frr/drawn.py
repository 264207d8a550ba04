"""Random configurations of a whole cluster, drawn with a seed: peers, VRFs, pools, advertisements, services, nodes."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from intent.rules import refused_on
from intent.snapshot import Mode, Node, SecretFact, Service, Snapshot
from tests.frr.cluster import NAMESPACE, NODES, peer
from tests.intent.manifests import advertisement, manifest, pool, profile

_FAST = {"connectTime": "1s"}
_TIMERS: tuple[dict[str, str], ...] = (
    {"holdTime": "9s", "keepaliveTime": "3s"},
    {"holdTime": "30s"},
    {"keepaliveTime": "10s"},
    {},
)
# Peers that the lab's routers answer. BFD is on or off for good: FRR keeps it when a profile is taken away.
_PEERS: dict[str, dict[str, Any]] = {
    "plain": {"address": "10.1.0.1", "peerASN": 64601},
    "plain-v6": {"address": "fd00:1::1", "dynamicASN": "external"},
    "md5": {"address": "10.1.0.2", "peerASN": 64602, "passwordSecret": {"name": "md5"}, "bfdProfile": "fast"},
    "distant": {"address": "10.2.0.1", "peerASN": 64607, "ebgpMultiHop": True},
    "doc": {"address": "10.0.0.1", "peerASN": 64501},
    "direct": {"interface": "ens9", "dynamicASN": "external"},
    "via-vrf": {"address": "192.168.130.1", "myASN": 100, "peerASN": 200, "vrf": "ens4vrf"},
    "store": {"address": "10.1.0.1", "myASN": 64510, "peerASN": 64611, "vrf": "storage"},
    "core": {"address": "10.4.0.1", "myASN": 64510, "peerASN": 64510, "vrf": "storage"},
    "core-v6": {"address": "fd00:4::1", "myASN": 64510, "dynamicASN": "internal", "vrf": "storage"},
    "store-distant": {
        "address": "10.2.0.1",
        "myASN": 64510,
        "peerASN": 64612,
        "vrf": "storage",
        "ebgpMultiHop": True,
        "passwordSecret": {"name": "store-distant"},
    },
}
PASSWORDS = {"md5": "let-me-in", "store-distant": "storage"}
_SELECTORS: tuple[list[dict[str, Any]], ...] = (
    [],
    [],
    [{"matchLabels": {"role": "compute"}}],
    [{"matchExpressions": [{"key": "role", "operator": "NotIn", "values": ["compute"]}]}],
    [{"matchLabels": {"kubernetes.io/hostname": NODES[0].name}}, {"matchLabels": {"role": "control"}}],
)
_EXCLUDED = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
_COMMUNITIES = ("64512:100", "65535:65281", "65535:65282", "large:64512:1:2", "blue")


class Drawn(NamedTuple):
    """A cluster that no speaker refuses, and how often a draw was refused before."""

    snapshot: Snapshot
    refused: int


def drawn(seed: int) -> Drawn:
    """The cluster of a seed."""
    random = Random(f"comparison {seed}")  # noqa: S311
    for refused in range(1000):
        snapshot = _draw(random)
        if not any(refused_on(snapshot, node.name) for node in snapshot.nodes):
            return Drawn(snapshot, refused)
    raise AssertionError(f"seed {seed} gives nothing that speakers take")


def _draw(random: Random) -> Snapshot:
    names = random.sample(sorted(_PEERS), random.randint(1, 7))
    pools = [f"pool-{number}" for number in range(random.randint(1, 4))]
    manifests = [
        profile("fast", receiveInterval=300, transmitInterval=300),
        manifest("Community", "names", {"communities": [{"name": "blue", "value": "64512:7"}]}, version="v1beta1"),
        *(_peer(random, name) for name in names),
        *(_pool(random, number) for number in range(len(pools))),
        *(_advertisement(random, f"adv-{number}", names, pools) for number in range(random.randint(1, 4))),
    ]
    services = tuple(_service(random, number, len(pools)) for number in range(random.randint(0, 8)))
    facts = [SecretFact(NAMESPACE, name) for name in PASSWORDS]
    mode = random.choice((Mode.FRR, Mode.FRR_K8S))
    nodes = [_node(random, node) for node in NODES]
    snapshot = Snapshot.from_manifests(manifests, mode=mode, version="0.16.1", nodes=nodes, secrets=facts)
    return replace(snapshot, services=services)


def _node(random: Random, node: Node) -> Node:
    excluded = random.random() < 0.1
    return replace(node, labels={**node.labels, **(_EXCLUDED if excluded else {})})


def _peer(random: Random, name: str) -> dict[str, Any]:
    spec = {**_PEERS[name], **_FAST, **random.choice(_TIMERS)}
    if selectors := random.choice(_SELECTORS):
        spec["nodeSelectors"] = selectors
    if "address" in spec and random.random() < 0.3:
        spec["dualStackAddressFamily"] = True
    return peer(name, spec.pop("address", ""), **spec)


def _pool(random: Random, number: int) -> dict[str, Any]:
    four, six = f"198.51.{100 + number}.0/24", f"2001:db8:{number + 1}::/64"
    addresses = random.choice(([four], [four, six], [six, f"198.51.{100 + number}.10-198.51.{100 + number}.200"]))
    return pool(f"pool-{number}", addresses, {"tier": str(number % 2)})


def _advertisement(random: Random, name: str, peers: list[str], pools: list[str]) -> dict[str, Any]:
    spec: dict[str, Any] = {"communities": random.sample(_COMMUNITIES, random.randint(0, 3))}
    if random.random() < 0.4:
        spec["localPref"] = random.choice((50, 200, 300))
    if random.random() < 0.5:
        spec["ipAddressPools"] = random.sample(pools, random.randint(1, len(pools)))
    elif random.random() < 0.5:
        spec["ipAddressPoolSelectors"] = [{"matchLabels": {"tier": random.choice("01")}}]
    if random.random() < 0.5:
        spec["peers"] = random.sample(peers, random.randint(1, len(peers)))
    if selectors := random.choice(_SELECTORS):
        spec["nodeSelectors"] = selectors
    if random.random() < 0.3:
        spec |= {"aggregationLength": random.choice((24, 28, 30)), "aggregationLengthV6": random.choice((64, 80, 128))}
    elif random.random() < 0.3:
        spec["serviceSelectors"] = [{"matchLabels": {"tier": random.choice("ab")}}]
    return advertisement(name, **spec)


def _service(random: Random, number: int, pools: int) -> Service:
    pool = random.randrange(pools)
    addresses = random.choice(([f"198.51.{100 + pool}.{20 + number}"], [f"2001:db8:{pool + 1}::{20 + number}"]))
    local = random.random() < 0.4
    nodes = random.sample([node.name for node in NODES], random.randint(0, len(NODES)))
    return Service(
        namespace="shop",
        name=f"service-{number}",
        labels={"tier": random.choice("ab")},
        addresses=tuple(addresses),
        local=local,
        endpoint_nodes=tuple(nodes),
    )
