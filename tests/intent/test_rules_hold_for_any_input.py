"""Properties: nothing raises, and order or unrelated labels change no verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intent.findings import VALUE_LIMIT
from intent.kinds import KINDS
from intent.modes import Mode
from intent.pools import ranges
from intent.render import frr_config
from intent.rules import check, check_object, refused_on
from intent.sessions import sessions
from intent.snapshot import Snapshot
from tests.intent.catalogue import unlisted
from tests.intent.manifests import (
    ALL,
    NAMESPACE,
    NODES,
    RACK_A,
    RACK_B,
    advertisement,
    cluster,
    community,
    l2,
    manifest,
    peer,
    pool,
    profile,
    service,
)

ON_A = ALL[:2]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
LIKELY = ANYTHING | st.sampled_from(
    [0, 64500, 64501, -1, 2**32, "10.0.0.1", "10.0.0.1%x", "::1", "1m30s", "-1s", "0", "red\n!", True, [{}], [None], ""]
)
NAMES = sorted({field.name for kind in KINDS.values() for field in kind.fields})
SELECTORS = st.lists(
    st.sampled_from([{}, {"matchLabels": {"rack": "a"}}, {"matchLabels": {"rack": []}}, {"matchExpressions": [None]}]),
    max_size=3,
)
SPECS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), LIKELY, max_size=8)
# Fields that meet others: pools, peers, nodes, services and communities that are there, in specs that may be odd.
MEETING = st.fixed_dictionaries(
    {},
    optional={
        "addresses": st.lists(
            st.sampled_from(
                ["10.0.0.0/24", "10.0.0.9-10.0.1.9", "::/0", "::1-10.0.0.1", "10.0.0.1-::1", "x", "", None]
            ),
            max_size=4,
        ),
        "serviceAllocation": LIKELY | st.fixed_dictionaries({"namespaces": st.lists(LIKELY, max_size=3)}),
        "ipAddressPools": LIKELY | st.lists(st.sampled_from(["peer", "other", "gone", ""]), max_size=3),
        "peers": LIKELY | st.lists(st.sampled_from(["peer", "other", "gone", ""]), max_size=3),
        "ipAddressPoolSelectors": LIKELY | SELECTORS,
        "nodeSelectors": LIKELY | SELECTORS,
        "serviceSelectors": LIKELY | SELECTORS,
        "preferredNodeSelectors": LIKELY | st.lists(st.fixed_dictionaries({"preference": LIKELY}), max_size=2),
        "communities": LIKELY | st.lists(st.sampled_from(["a", "1:2", {"name": "a", "value": "1:2"}, {}]), max_size=4),
        "localPref": LIKELY,
        "aggregationLength": LIKELY | st.integers(-2, 40),
        "aggregationLengthV6": LIKELY | st.integers(-2, 140),
        "bfdProfile": st.sampled_from(["peer", "gone"]),
    },
)
MODES, VERSIONS = st.sampled_from(list(Mode)), st.sampled_from(["", "0.16.1", "v0.14.0", "main", "4.18.0"])
QUICK = settings(suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(st.sampled_from(sorted(KINDS)), ANYTHING | SPECS | MEETING, MODES, VERSIONS)
def test_no_spec_makes_anything_raise(kind: str, spec: Any, mode: Mode, version: str) -> None:
    body = manifest(kind, "peer", spec)
    found = check_object(body, mode=mode, version=version, namespace=NAMESPACE)
    others = (
        peer("other", bfdProfile="peer"),
        pool("other", ["10.0.0.128/25"], {"rack": "a"}),
        community("other", a="1:1"),
    )
    announcing = advertisement("other", localPref=7, aggregationLength=24), l2("other")
    services = (
        service("web", "10.0.0.9", local=True, nodes=ON_A, labels={"rack": "a"}),
        service("mail", "10.0.0.10", "::9"),
    )
    snapshot = cluster(body, *others, *announcing, mode=mode, version=version, services=services)
    everything = (*found, *check(snapshot), *refused_on(snapshot, ALL[0]))
    assert unlisted(everything) == []
    for finding in everything:
        assert len(finding.value) <= VALUE_LIMIT
        assert "\n" not in finding.value + finding.message
    assert set(sessions(snapshot)) == set(ALL)
    frr_config(snapshot, ALL[0])


@QUICK
@given(ANYTHING)
def test_no_manifest_makes_anything_raise(body: Any) -> None:
    assert check_object(body, mode=Mode.FRR, version="", namespace=NAMESPACE)
    check(Snapshot.from_manifests([body], nodes=NODES))


@QUICK
@given(st.sampled_from(sorted(KINDS)), SPECS)
def test_canonical_forms_are_stable_and_ignore_defaults(kind: str, spec: dict[str, Any]) -> None:
    described = KINDS[kind]
    canonical = described.canonical(spec)
    assert repr(described.canonical(canonical)) == repr(canonical)
    assert repr(described.canonical(described.with_defaults(canonical))) == repr(canonical)


@pytest.mark.parametrize("hostile", ["red\nrouter bgp 1", "red\r!", "a b", "é", "\u2028"])
def test_no_text_adds_a_line_to_frr(hostile: str) -> None:
    peers = (peer("a", vrf=hostile), peer("b", peerAddress=None, interface=hostile), peer("c", bfdProfile=hostile))
    text = frr_config(cluster(*peers), ALL[0], {"a": hostile, "b": hostile, "c": hostile})
    assert hostile not in text
    assert text.count("router bgp") == 1


SETS = [
    peer("a", routerID="1.1.1.1"),
    peer("b", myASN=64999, peerAddress="10.0.0.2", **RACK_A),
    peer("c", myASN=64999, vrf="red", routerID="1.1.1.1", **RACK_B),
    peer("d", peerAddress="10.0.0.2", bfdProfile="none"),
    peer("e", peerAddress="10.0.0.2", **RACK_B),
    profile("fast", echoInterval=50, echoMode=True),
    pool("a", ["203.0.113.0/24", "2001:db8::/64"], {"team": "a"}),
    pool("b", ["203.0.113.128-203.0.114.9"]),
    pool("c", ["198.51.100.0/24", "10.0.0.0/28"], {"team": "a"}),
    advertisement("a", localPref=100, communities=["one", "two"]),
    advertisement("b", localPref=200, peers=["b", "gone"], aggregationLength=24, **RACK_A),
    advertisement("c", ipAddressPools=["c", "gone"], peers=["a", "b"], aggregationLength=25, **RACK_B),
    advertisement("d", localPref=300, ipAddressPoolSelectors=[{"matchLabels": {"team": "a"}}]),
    advertisement("e", localPref=400, serviceSelectors=[{"matchLabels": {"app": "a"}}]),
    l2("l", nodeSelectors=[{"matchLabels": {"rack": "z"}}], serviceSelectors=[{"matchLabels": {"app": "z"}}]),
    community("a", one="1:1", both="1:2"),
    community("b", both="1:3"),
]
SERVICES = (
    service("web", "203.0.113.1", nodes=ALL[:2], local=True, labels={"app": "a"}),
    service("mail", "203.0.113.2", "2001:db8::2", nodes=ALL[1:], local=True),
    service("shop", "198.51.100.7", labels={"app": "a"}, annotations={"metallb.io/allow-shared-ip": "x"}),
)


@QUICK
@given(
    st.permutations(SETS),
    st.permutations(NODES),
    st.permutations(SERVICES),
    st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["", "a", "b-c"])),
)
def test_order_and_unrelated_labels_change_nothing(
    manifests: list[Any], nodes: list[Any], services: list[Any], labels: dict[str, str]
) -> None:
    plain = cluster(*SETS, services=SERVICES)
    relabelled = [
        {**body, "metadata": {**body["metadata"], "labels": {**body["metadata"].get("labels", {}), **labels}}}
        for body in manifests
    ]
    named = tuple(replace(node, labels={**node.labels, **labels}) for node in nodes)
    chosen = tuple(replace(one, labels={**one.labels, **labels}) for one in services)
    other = cluster(*relabelled, nodes=named, services=chosen)
    assert check(other) == check(plain)
    assert sessions(other) == sessions(plain)
    assert [refused_on(other, node) for node in ALL] == [refused_on(plain, node) for node in ALL]


@QUICK
@given(st.lists(st.sampled_from(SETS), unique_by=id, min_size=2))
def test_findings_about_an_object_are_the_same_whoever_asks(manifests: list[Any]) -> None:
    snapshot = cluster(*manifests, services=SERVICES)
    everything = {(finding.code, ref) for finding in check(snapshot) for ref in finding.objects}
    refs = {resource.ref for resource in snapshot.resources}
    asked = {(finding.code, ref) for one in refs for finding in check(snapshot, {one}) for ref in finding.objects}
    news = {"my-asn-differs-across-vrfs"}  # told to the change that brings it in, and to nobody else
    assert {one for one in asked if one[0] not in news} == everything


RANGES = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: f"10.0.0.{pair[0]}-10.0.0.{sum(pair)}")


@QUICK
@given(st.lists(st.lists(RANGES, min_size=1, max_size=3), min_size=1, max_size=6))
def test_pools_overlap_exactly_where_an_address_is_in_two(entries: list[list[str]]) -> None:
    manifests = [pool(f"pool{number}", addresses) for number, addresses in enumerate(entries)]
    snapshot = cluster(*manifests)
    held = [
        {address for one in ranges(pool) for address in range(one.first, one.last + 1)} for pool in snapshot.resources
    ]
    meeting = {
        (f"pool{one}", f"pool{other}")
        for one in range(len(held)) for other in range(len(held)) if one != other and held[one] & held[other]
    }  # fmt: skip
    everything = [finding for finding in check(snapshot) if finding.code == "pools-overlap"]
    assert {ref.name for finding in everything for ref in finding.objects} == {name for name, _ in meeting}
    for resource in snapshot.resources:
        asked = [finding for finding in check(snapshot, {resource.ref}) if finding.code == "pools-overlap"]
        assert {ref.name for finding in asked for ref in finding.objects[1:]} == {
            other for name, other in meeting if name == resource.name
        }
