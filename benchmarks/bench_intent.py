"""What MetalLB should do, for the largest clusters: all of it, and what one change does, at 200 and 2,000 nodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.bench_rules import cluster_of, manifest
from benchmarks.report import record
from intent.announcements import Announcements
from intent.effects import effects
from intent.frr_changes import configuration_changes
from intent.snapshot import Snapshot

NODES = (200, 2_000)
PEERS, POOLS, SERVICES, RACKS, TIERS = 20, 500, 5_000, 40, 10
ROUNDS = 3


def snapshot(nodes: int) -> Snapshot:
    """Pools by tier to pairs of peers, and as aggregates from each rack; half of the services are Local."""
    tier = [{"matchLabels": {"tier": str(n)}} for n in range(TIERS)]
    made = [manifest("BGPPeer", f"p{n}", peer_spec(n)) for n in range(PEERS)]
    made += [
        manifest(
            "IPAddressPool", f"pool-{n}", {"addresses": [f"10.{n // 256}.{n % 256}.0/24"]}, {"tier": str(n % TIERS)}
        )
        for n in range(POOLS)
    ]
    made += [
        manifest(
            "BGPAdvertisement", f"a{n}", {"ipAddressPoolSelectors": [tier[n]], "peers": [f"p{2 * n}", f"p{2 * n + 1}"]}
        )
        for n in range(TIERS)
    ]
    made += [
        manifest(
            "BGPAdvertisement",
            f"b{n}",
            {"aggregationLength": 24, "nodeSelectors": [{"matchLabels": {"rack": f"r{n}"}}]},
        )
        for n in range(RACKS)
    ]
    addresses = (f"10.{n % POOLS // 256}.{n % 256}.{n // POOLS + 1}" for n in range(SERVICES))
    return cluster_of(made, addresses, nodes=nodes, racks=RACKS)


def peer_spec(number: int) -> dict[str, Any]:
    """A BGPPeer of one of five VRFs."""
    vrf = {"vrf": f"v{number % 5}"} if number % 5 else {}
    return {"myASN": 64500, "peerASN": 64501, "peerAddress": f"10.250.1.{number}", **vrf}


def _cpu(before: Snapshot, edit: Snapshot, work: Callable[[Snapshot, Snapshot], object]) -> float:
    """CPU seconds of the fastest of ROUNDS, of which none knows what another one has worked out of the cluster."""
    found = []
    for _ in range(ROUNDS):
        fresh = replace(before, memo={})
        after = fresh.with_resources(edit.resources)
        began = time.process_time()
        work(fresh, after)
        found.append(time.process_time() - began)
    return min(found)


def _whole(of: Snapshot, _after: Snapshot) -> None:
    announcements = Announcements(of)
    for node in of.nodes:
        announcements.feeds_on(node.name)


def main() -> None:
    """Figures intent.*, in one run."""
    what = f"{PEERS} peers, {POOLS} pools, {SERVICES:,} services"
    costs: dict[str, list[float]] = {}
    for nodes in NODES:
        before = snapshot(nodes)
        one = manifest(
            "BGPAdvertisement", "a1", {"ipAddressPoolSelectors": [{"matchLabels": {"tier": "1"}}], "peers": ["p2"]}
        )
        other = manifest("BGPPeer", "p3", {**peer_spec(3), "holdTime": "30s", "keepaliveTime": "10s"})
        changed = [Snapshot.from_manifests([each]) for each in (one, other)]
        programs: dict[str, tuple[Snapshot, Callable[[Snapshot, Snapshot], object]]] = {
            "full": (changed[0], _whole),
            "advertisement": (changed[0], effects),
            "peer": (changed[1], effects),
            "frr": (changed[0], configuration_changes),
        }
        for name, (edit, work) in programs.items():
            costs.setdefault(name, []).append(_cpu(before, edit, work))
            record(f"intent.{name}.cpu.{nodes}", costs[name][-1], "s", f"{_WHAT[name]}; {nodes:,} nodes, {what}")
    for name, (few, many) in costs.items():
        record(f"intent.{name}.growth", many / few, "x", f"{_WHAT[name]}: 10 times the nodes")


_WHAT = {
    "full": "all that every node announces, CPU",
    "advertisement": "what another BGPAdvertisement does to it, CPU",
    "peer": "what other timers of a BGPPeer do to it, CPU",
    "frr": "what the BGPAdvertisement does to frr.conf, CPU",
}

if __name__ == "__main__":
    main()
