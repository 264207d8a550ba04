"""Properties: what is found by masks and sweeps is what comparing all pairs finds, as MetalLB does it."""

from __future__ import annotations

from ipaddress import ip_address, summarize_address_range
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intent.announcements import Announcements
from intent.pools import AddressRange
from intent.rules import check
from intent.rules.advertised import shortest_prefix
from intent.selectors import any_matches
from intent.snapshot import Mode, Resource, Snapshot
from tests.intent.manifests import NODES, RACK_A, RACK_B, advertisement, cluster, peer, pool, service

THOROUGH = settings(suppress_health_check=[HealthCheck.too_slow])
PLACES = st.sampled_from([{}, RACK_A, RACK_B, {"nodeSelectors": [{"matchLabels": {"rack": "none"}}]}])


def _nodes(spec: Any) -> set[str]:
    return {node.name for node in NODES if any_matches(spec.get("nodeSelectors"), node.labels)}


def _clashes(snapshot: Snapshot, code: str) -> set[frozenset[str]]:
    """Pairs that clash: each object asked by itself names those that it clashes with."""
    found = set()
    for resource in snapshot.resources:
        for finding in check(snapshot, {resource.ref}):
            if finding.code == code:
                found |= {frozenset((resource.name, ref.name)) for ref in finding.objects[1:]}
    return found


def _pairs(snapshot: Snapshot, kind: str, clash: Any) -> set[frozenset[str]]:
    several = combinations(snapshot.of_kind(kind), 2)
    return {frozenset((one.name, other.name)) for one, other in several if clash(one, other)}


def _fields(*fields: tuple[str, list[Any]]) -> Any:
    return st.fixed_dictionaries({name: st.sampled_from(values) for name, values in fields})


PEERS = st.lists(
    st.tuples(
        _fields(
            ("myASN", [64500, 64999]), ("routerID", ["1.1.1.1", "2.2.2.2", ""]), ("vrf", ["", "red"]),
            ("peerAddress", ["10.0.0.1", "10.0.0.2", "10.0.0.3"]),
        ),
        PLACES,
    ),
    min_size=2, max_size=6,
)  # fmt: skip


# internal/config/validation.go: routerID whatever the VRF, myASN and the neighbour within one
@THOROUGH
@given(PEERS, st.sampled_from(["0.16.1", "0.15.3"]))
def test_peers_clash_as_pairs_do(drawn: list[tuple[dict[str, Any], dict[str, Any]]], version: str) -> None:
    peers = [peer(f"p{number}", **spec, **place) for number, (spec, place) in enumerate(drawn)]
    snapshot = cluster(*peers, version=version)

    def pairs(*differ: str, same: tuple[str, ...] = ()) -> set[frozenset[str]]:
        def clash(one: Resource, other: Resource) -> bool:
            meet = version < "0.16" or _nodes(one.spec) & _nodes(other.spec)
            apart = all(one.spec[name] != other.spec[name] for name in differ)
            return bool(meet) and apart and all(one.spec[name] == other.spec[name] for name in same)

        return _pairs(snapshot, "BGPPeer", clash)

    assert _clashes(snapshot, "router-id-differs") == pairs("routerID")
    assert _clashes(snapshot, "my-asn-differs") == pairs("myASN", same=("vrf",))
    assert _clashes(snapshot, "duplicate-neighbor") == pairs(same=("vrf", "peerAddress"))


ADVERTISEMENTS = st.lists(
    st.tuples(
        _fields(
            ("localPref", [0, 100, 200]), ("peers", [[], ["a"], ["b"], ["a", "b"]]),
            ("ipAddressPools", [["four"], ["six"], ["both"], []]), ("aggregationLength", [32, 28]),
            ("aggregationLengthV6", [128, 120]), ("serviceSelectors", [[], [], [{"matchLabels": {"app": "a"}}]]),
        ),
        PLACES,
    ),
    min_size=2, max_size=5,
)  # fmt: skip
POOLS = {"four": [4], "six": [6], "both": [4, 6]}
HELD = {"four": ["10.1.0.0/24"], "six": ["2001:db8:1::/120"], "both": ["10.2.0.0/24", "2001:db8:2::/120"]}


# internal/config/config.go: two values of LOCAL_PREF for one pool, node, peer and length of a family of the pool
@THOROUGH
@given(ADVERTISEMENTS)
def test_local_prefs_clash_as_pairs_do(drawn: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    specs = [advertisement(f"adv{number}", **spec, **place) for number, (spec, place) in enumerate(drawn)]
    snapshot = cluster(*(pool(name, HELD[name]) for name in POOLS), *specs)

    def clash(one: Resource, other: Resource) -> bool:
        a, b = one.spec, other.spec
        if a["serviceSelectors"] or b["serviceSelectors"] or a["localPref"] == b["localPref"]:
            return False
        peers = not a["peers"] or not b["peers"] or set(a["peers"]) & set(b["peers"])
        common = set(a["ipAddressPools"] or POOLS) & set(b["ipAddressPools"] or POOLS)
        lengths = {4: "aggregationLength", 6: "aggregationLengthV6"}
        same = any(a[lengths[version]] == b[lengths[version]] for name in common for version in POOLS[name])
        return bool(peers and _nodes(a) & _nodes(b) and same)

    assert _clashes(snapshot, "local-pref-differs") == _pairs(snapshot, "BGPAdvertisement", clash)


# What frr-k8s refuses by the rules is what it would be given: announcements are computed another way.
@THOROUGH
@given(ADVERTISEMENTS, st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=3))
def test_two_local_prefs_of_a_prefix_are_found_before_frr_k8s_does(
    drawn: list[tuple[dict[str, Any], dict[str, Any]]], apps: list[str]
) -> None:
    whole = {"aggregationLength": 32, "aggregationLengthV6": 128}  # all that serviceSelectors go with
    specs = [
        advertisement(f"adv{n}", **{**spec, **whole, "serviceSelectors": [{"matchLabels": {"app": "ab"[n % 2]}}]})
        for n, (spec, _) in enumerate(drawn)
    ]
    services = tuple(service(f"s{n}", "10.1.0.1", labels={"app": app}) for n, app in enumerate(apps))
    snapshot = cluster(
        peer("a"), peer("b", peerAddress="10.0.0.2"), *(pool(name, HELD[name]) for name in POOLS), *specs,
        mode=Mode.FRR_K8S, services=services,
    )  # fmt: skip
    announced = Announcements(snapshot)
    several = any(
        len(each.local_prefs) > 1 for node in NODES for some in announced.on(node.name).values() for each in some
    )
    codes = {finding.code for finding in check(snapshot)}
    assert not several or codes & {"local-pref-differs-by-address", "local-pref-differs-by-service"}


@THOROUGH
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**12))
def test_the_shortest_prefix_of_a_range_is_that_of_its_largest_cidr(first: int, size: int) -> None:
    held = AddressRange(4, first, min(first + size, 2**32 - 1))
    cidrs = summarize_address_range(ip_address(held.first), ip_address(held.last))
    assert shortest_prefix(held) == min(cidr.prefixlen for cidr in cidrs)
