"""The cost of all rules grows with the number of objects, not with the number of pairs."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from intent.findings import ObjectRef
from intent.rules import check
from intent.snapshot import Mode, Node, Resource, Snapshot
from tests.intent.manifests import NAMESPACE, advertisement, cluster, community, peer, pool, service

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
    told = {(finding.code, finding.objects[0]) for finding in everything if asked in finding.objects}
    assert told <= {(finding.code, finding.objects[0]) for finding in check(snapshot, {asked})}
    assert time.process_time() - before < SECONDS


def test_pools_that_all_overlap_are_one_finding() -> None:
    snapshot = cluster(*(pool(f"pool{n:04}", ["10.0.0.0/8"]) for n in range(2000)), nodes=())
    before = time.process_time()
    (overlap,) = [finding for finding in check(snapshot) if finding.code == "pools-overlap"]
    assert time.process_time() - before < SECONDS
    assert len(overlap.objects) == 2000
    assert len(overlap.message) < 300


def _node(number: int) -> dict[str, Any]:
    return {"nodeSelectors": [{"matchLabels": {"rack": f"r{number % 100}"}}]}


CLASHES: dict[str, tuple[list[Any], set[str]]] = {
    "peers that share a neighbour": (
        [peer(f"peer{n}", myASN=64500 + n, routerID=f"10.1.{n // 250}.{n % 250}") for n in range(1000)],
        {"router-id-differs", "my-asn-differs", "duplicate-neighbor"},
    ),
    "peers that share a neighbour on some nodes": (
        [peer(f"peer{n}", myASN=64500 + n, routerID=f"10.1.{n // 250}.{n % 250}", **_node(n)) for n in range(1000)],
        {"router-id-differs", "my-asn-differs", "duplicate-neighbor", "router-id-differs-elsewhere"},
    ),
    "advertisements of one pool with a localPref each": (
        [pool(), peer(peerASN=64500), *(advertisement(f"adv{n}", localPref=n + 1) for n in range(2000))],
        {"local-pref-differs"},
    ),
    "advertisements for a peer each": (
        [pool(), *(advertisement(f"adv{n}", localPref=n + 1, peers=[f"peer{n}"]) for n in range(2000))],
        {"peer-missing"},
    ),
    "advertisements with service selectors and a localPref each": (
        [pool(addresses=["10.0.0.0/16"]), peer(peerASN=64500)]
        + [
            advertisement(f"adv{n}", localPref=n + 1, serviceSelectors=[{"matchLabels": {"app": f"a{n % 50}"}}])
            for n in range(500)
        ],
        {"local-pref-differs-by-service"},
    ),
    "aliases in many objects": (
        [community(f"c{n}", **{f"alias{a}": "1:1" for a in range(50)}) for n in range(400)],
        {"alias-in-several"},
    ),
}


@pytest.mark.parametrize("name", CLASHES)
def test_objects_that_all_clash_are_told_in_few_words_and_seconds(name: str) -> None:
    manifests, codes = CLASHES[name]
    nodes = tuple(Node(f"n{n}", {"rack": f"r{n}"}) for n in range(100))
    services = tuple(service(f"s{n}", f"10.0.{n // 250}.{n % 250}", labels={"app": f"a{n % 50}"}) for n in range(5000))
    snapshot = cluster(*manifests, nodes=nodes, services=services)
    before = time.process_time()
    found = check(snapshot)
    assert time.process_time() - before < SECONDS
    assert codes <= {finding.code for finding in found}
    assert max(len(finding.message) for finding in found) < 600
    assert sum(len(finding.abridged().objects) for finding in found) < 20 * len(manifests)


def test_a_pool_that_holds_one_range_many_times_costs_no_more_than_its_neighbours() -> None:
    wide = pool("wide", ["10.0.0.0/8"] * 2000)
    snapshot = cluster(wide, *(pool(f"pool{n}", [f"10.{n // 250}.{n % 250}.0/24"]) for n in range(2000)), nodes=())
    before = time.process_time()
    found = check(snapshot, {ObjectRef("IPAddressPool", NAMESPACE, "wide")})
    assert time.process_time() - before < SECONDS
    (overlap,) = [finding for finding in found if finding.code == "pools-overlap"]
    assert len(overlap.objects) == 2001


def test_frr_configurations_of_every_node_are_not_compared_in_pairs() -> None:
    """People who write one for each node, all alike, beside some for all nodes."""
    nodes = tuple(Node(f"n{n}", {"kubernetes.io/hostname": f"n{n}"}) for n in range(2000))
    neighbors = [{"address": f"10.9.0.{n}", "asn": 64501} for n in range(20)]
    bgp = {"routers": [{"asn": 64500, "neighbors": neighbors}], "bfdProfiles": [{"name": "fast"}]}
    theirs = [
        Resource(
            ref=ObjectRef("FRRConfiguration", NAMESPACE, f"mine-{n}"),
            spec={"bgp": bgp} | ({"nodeSelector": {"matchLabels": nodes[n].labels}} if n < 1500 else {}),
        )
        for n in range(2000)
    ]
    peers = [peer(f"peer{n}", peerAddress=f"10.9.0.{n}") for n in range(100)]
    snapshot = replace(cluster(*peers, nodes=nodes, mode=Mode.FRR_K8S), frr_configurations=theirs)
    before = time.process_time()
    assert not [finding for finding in check(snapshot) if finding.code.startswith("frr-")]
    assert time.process_time() - before < SECONDS
