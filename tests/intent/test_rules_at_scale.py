"""The cost of all rules grows with the number of objects, not with the number of pairs."""

from __future__ import annotations

import time
from typing import Any

from intent.findings import ObjectRef
from intent.rules import check
from intent.snapshot import Node, Snapshot
from tests.intent.manifests import NAMESPACE, advertisement, cluster, peer, pool, service

SECONDS = 12.0  # of CPU; pairs of pools alone are 12 million, which take Python longer


def _advertisement(number: int) -> dict[str, Any]:
    spec: dict[str, Any] = {"ipAddressPools": [f"pool{number}", f"pool{number + 2000}"]}
    if number % 4 == 0:
        spec = {"ipAddressPoolSelectors": [{"matchLabels": {"team": f"t{number % 100}"}}]} if number % 8 else {}
    lengths = {"aggregationLength": 32 if number % 3 else 28}
    return advertisement(f"adv{number}", peers=[f"peer{number % 1000}"], localPref=number % 5, **spec, **lengths)


def _large() -> Snapshot:
    racks = [{"nodeSelectors": [{"matchLabels": {"rack": f"r{n}"}}]} for n in range(20)]
    peers = [peer(f"peer{n}", peerAddress=f"10.{n // 250}.{n % 250}.1", **racks[n % 20]) for n in range(1000)]
    pools = [
        pool(
            f"pool{n}", [f"172.{16 + n // 250}.{n % 250}.0/24", f"2001:db8:{n:x}::-2001:db8:{n:x}::ff"],
            {"team": f"t{n % 100}"},
        )
        for n in range(5000)
    ]  # fmt: skip
    nodes = tuple(Node(f"n{n}", {"rack": f"r{n % 20}"}, (f"192.168.0.{n}",), ("192.168.0.0/16",)) for n in range(200))
    services = tuple(
        service(f"s{n}", f"172.{16 + n // 250}.{n % 250}.7", local=bool(n % 2), nodes=(f"n{n % 200}",))
        for n in range(5000)
    )
    advertisements = [_advertisement(n) for n in range(2000)]
    return cluster(*peers, *pools, *advertisements, nodes=nodes, services=services)


def test_thousands_of_objects_are_judged_in_seconds() -> None:
    snapshot = _large()
    before = time.process_time()
    everything = check(snapshot)
    assert time.process_time() - before < SECONDS
    assert {finding.code for finding in everything} == {
        "family-without-peer",
        "local-pref-on-ebgp",
        "peer-not-connected",
    }
    asked = ObjectRef("IPAddressPool", NAMESPACE, "pool7")
    before = time.process_time()
    assert check(snapshot, {asked}) == [finding for finding in everything if asked in finding.objects]
    assert time.process_time() - before < SECONDS


def test_pools_that_all_overlap_are_one_finding() -> None:
    snapshot = cluster(*(pool(f"pool{n:04}", ["10.0.0.0/8"]) for n in range(2000)), nodes=())
    before = time.process_time()
    (overlap,) = [finding for finding in check(snapshot) if finding.code == "pools-overlap"]
    assert time.process_time() - before < SECONDS
    assert len(overlap.objects) == 2000
    assert len(overlap.message) < 300
