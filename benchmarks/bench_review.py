"""Review in a cluster of very many objects: CPU of what is worked out for one edit, and for an import of 200."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.in_process import django_ready

if TYPE_CHECKING:
    from clusters.models import Cluster
    from intent.snapshot import Snapshot

ROUNDS = int(os.environ.get("ROUNDS", "7"))
NODES, PEERS, POOLS, TIERS, RACKS, SERVICES = 2_000, 1_000, 5_000, 50, 40, 5_000
IMPORTED = 200
WHAT = {
    "timers": "other timers of a BGPPeer",
    "reset": "another AS of a BGPPeer, whose sessions reset",
    "pool": "one more range of an IPAddressPool",
    "advertisement": "a new BGPAdvertisement for 100 pools and 20 peers",
    "new_peer": "a new BGPPeer of 50 nodes",
    "deleted_peer": "a BGPPeer deleted",
    "import": f"{IMPORTED} new BGPPeers and pools as one change",
}


def snapshot() -> Snapshot:
    """Peers of one rack each, 25 a node; pools by tier, each tier to some peers, and as aggregates from a rack."""
    from benchmarks.bench_rules import cluster_of, manifest

    made = [manifest("BGPPeer", f"p{n}", peer(n)) for n in range(PEERS)]
    made += [manifest("IPAddressPool", f"pool-{n}", pool(n), {"tier": str(n % TIERS)}) for n in range(POOLS)]
    made += [manifest("BGPAdvertisement", f"a{n}", {**tier(n), "peers": peers(n)}) for n in range(TIERS)]
    made += [
        manifest("BGPAdvertisement", f"b{n}", {"aggregationLength": 24, "nodeSelectors": rack(n), **tier(n)})
        for n in range(RACKS)
    ]
    addresses = (f"10.{n // 250}.{n % 250}.9" for n in range(SERVICES))
    return cluster_of(made, addresses, nodes=NODES, racks=RACKS)


def rack(number: int) -> list[dict[str, Any]]:
    """The nodes of one rack."""
    return [{"matchLabels": {"rack": f"r{number % RACKS}"}}]


def tier(number: int) -> dict[str, Any]:
    """The pools of one tier."""
    return {"ipAddressPoolSelectors": [{"matchLabels": {"tier": str(number % TIERS)}}]}


def peers(number: int) -> list[str]:
    """The peers of one tier."""
    return [f"p{n}" for n in range(number, PEERS, TIERS)]


def peer(number: int) -> dict[str, Any]:
    """A BGPPeer of one rack."""
    address = f"10.250.{number // 250}.{number % 250}"
    return {"myASN": 64500, "peerASN": 64501, "peerAddress": address, "nodeSelectors": rack(number)}


def pool(number: int) -> dict[str, Any]:
    """An IPAddressPool of a /24."""
    return {"addresses": [f"10.{number // 250}.{number % 250}.0/24"]}


def changes() -> dict[str, list[dict[str, Any] | str]]:
    """What is reviewed, by name: manifests, or the name of a BGPPeer that goes."""
    from benchmarks.bench_rules import manifest

    more = range(PEERS, PEERS + IMPORTED // 2)
    return {
        "timers": [manifest("BGPPeer", "p3", {**peer(3), "holdTime": "30s", "keepaliveTime": "10s"})],
        "reset": [manifest("BGPPeer", "p3", {**peer(3), "peerASN": 64502})],
        "pool": [manifest("IPAddressPool", "pool-3", {"addresses": ["10.0.3.0/24", "10.100.3.0/24"]}, {"tier": "3"})],
        "advertisement": [manifest("BGPAdvertisement", "new", {**tier(1), "peers": peers(2)})],
        "new_peer": [manifest("BGPPeer", "new", peer(PEERS))],
        "deleted_peer": ["p3"],
        "import": [
            *(manifest("BGPPeer", f"p{n}", peer(n)) for n in more),
            *(manifest("IPAddressPool", f"pool-{n + POOLS}", pool(n + POOLS), {"tier": "1"}) for n in more),
        ],
    }


def measure(cluster: Cluster, what: Sequence[dict[str, Any] | str]) -> list[float]:
    """CPU seconds of each of ROUNDS reviews, without what is read once for all."""
    from clusters.changesets.review import changeset_review
    from clusters.changesets.wanted import Wanted

    edits = [
        Wanted("BGPPeer", "metallb-system", each, None)
        if isinstance(each, str)
        else Wanted(each["kind"], "metallb-system", each["metadata"]["name"], each)
        for each in what
    ]
    found = []
    for _ in range(ROUNDS + 1):
        worked = time.process_time()
        review = changeset_review(cluster=cluster, edits=edits, dry_run=False)
        found.append(time.process_time() - worked)
        if review.blocked():
            raise RuntimeError(f"blocked: {[one for item in review.items for one in item.findings][:3]}")
    return found[1:]


def main() -> None:
    """Figures review.<what>.cpu."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.bench_preview import filled
    from benchmarks.report import record

    call_command("migrate", verbosity=0)
    cluster = filled(snapshot())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    size = f"{PEERS:,} peers, {POOLS:,} pools, {NODES:,} nodes, {SERVICES:,} services"
    for name, what in changes().items():
        took = measure(cluster, what)
        record(f"review.{name}.cpu", statistics.median(took), "s", f"Review, {WHAT[name]}; {size}, SQLite; median")


if __name__ == "__main__":
    # The rows are of one moment; they must not grow old meanwhile.
    with django_ready(BGPUI_SWEEP_INTERVAL="600"):
        main()
