"""All rules over a cluster: CPU time at 100 and 1,000 advertisements and 2,000 and 20,000 services, side by side."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.report import record
from intent.modes import Mode
from intent.rules import check
from intent.snapshot import Node, Service, Snapshot

OBJECTS = (100, 1_000)
SERVICES = (2_000, 20_000)
NODES, RACKS = 200, 200
ROUNDS = 3


def manifest(kind: str, name: str, spec: dict[str, Any], labels: dict[str, str] | None = None) -> dict[str, Any]:
    """An object in MetalLB's namespace."""
    metadata = {"name": name, "namespace": "metallb-system", "labels": labels or {}}
    version = "v1beta2" if kind == "BGPPeer" else "v1beta1"
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def _racks(number: int, *others: int) -> list[dict[str, Any]]:
    return [{"matchLabels": {"rack": f"r{rack % RACKS}"}} for rack in (number, *others)]


def snapshot(objects: int, services: int, spec: Callable[[int], dict[str, Any]]) -> Snapshot:
    """As many pools, peers and advertisements; the services are spread over the pools, half of them Local."""
    pools = [
        manifest("IPAddressPool", f"pool-{n}", {"addresses": [f"10.{n // 250}.{n % 250}.0/24"]}) for n in range(objects)
    ]
    peers = [
        manifest(
            "BGPPeer", f"peer-{n}", {"myASN": 64500, "peerASN": 64501, "peerAddress": f"172.16.{n // 250}.{n % 250}"}
        )
        for n in range(objects)
    ]
    advertisements = [manifest("BGPAdvertisement", f"adv-{n}", spec(n)) for n in range(objects)]
    addresses = (f"10.{n % objects // 250}.{n % objects % 250}.{n // objects % 256}" for n in range(services))
    return cluster_of([*pools, *peers, *advertisements], addresses)


def cluster_of(
    made: Iterable[dict[str, Any]], addresses: Iterable[str], *, nodes: int = NODES, racks: int = RACKS
) -> Snapshot:
    """Objects in a cluster with a service at each address: half of them Local, each with endpoints on two nodes."""
    services = [
        Service(
            namespace=f"ns{n % 50}",
            name=f"web-{n}",
            addresses=(address,),
            local=bool(n % 2),
            endpoint_nodes=(f"node-{(n + n // 997) % nodes}", f"node-{n * 7 % nodes}"),
        )
        for n, address in enumerate(addresses)
    ]
    rows = [Node(f"node-{n}", {"rack": f"r{n % racks}"}) for n in range(nodes)]
    return Snapshot.from_manifests(list(made), mode=Mode.FRR, version="0.16.1", nodes=rows, services=services)


SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    # one advertisement a pool, to a peer of its own
    "own": lambda n: {"ipAddressPools": [f"pool-{n}"], "peers": [f"peer-{n}"]},
    # all pools from everywhere, as aggregates
    "aggregates": lambda n: {"aggregationLength": 24},
    # all pools as aggregates, each advertisement from nodes of its own
    "nodes": lambda n: {"aggregationLength": 24, "nodeSelectors": _racks(n, n + 1 + n // RACKS, n + 50)},
}


def seconds(made: Snapshot) -> float:
    """The fastest of some rounds, of CPU."""
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        begun = time.process_time()
        check(made)
        found.append(time.process_time() - begun)
    return min(found)


def main() -> None:
    """Figures rules.<shape>.{s,ratio}.<objects>.<services>; the ratio is against the smallest of the shape."""
    for shape, spec in SHAPES.items():
        smallest = 0.0
        for objects in OBJECTS:
            for services in SERVICES:
                took = seconds(snapshot(objects, services, spec))
                smallest = smallest or took
                size = f"{objects}.{services}"
                what = f"all rules, {objects} pools, peers and advertisements ({shape}), {services} services"
                record(f"rules.{shape}.s.{size}", took, "s", what)
                grown = (objects + services) / (OBJECTS[0] + SERVICES[0])
                record(
                    f"rules.{shape}.ratio.{size}", took / smallest, "times", f"the same; {grown:.1f} times the input"
                )


if __name__ == "__main__":
    main()
