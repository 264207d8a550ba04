"""Rules of IPAddressPools: MetalLB internal/config/config.go (addressPoolFromCR, ParseCIDR) unless said otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.findings import ObjectRef, Severity
from intent.rules import check, check_deletion, check_object, refused_on
from intent.snapshot import Mode, Resource, Service
from tests.intent.manifests import ALL, NAMESPACE, advertisement, cluster, codes_of, l2, peer, pool, service

ADV = advertisement("adv", peers=["tor"])
TOR = peer("tor")


def codes(*manifests: Any, **rest: Any) -> list[str]:
    """The findings of a cluster in which everything is announced to one peer."""
    return codes_of(TOR, ADV, *manifests, **rest)


GOOD: list[list[str]] = [
    ["203.0.113.0/24"], ["203.0.113.7/32"], ["203.0.113.1-203.0.113.9"], ["203.0.113.1 - 203.0.113.9"],
    ["203.0.113.4-203.0.113.4"], ["203.0.113.0/25", "203.0.113.128/25"],
]  # fmt: skip
BAD: list[tuple[list[Any], str, str]] = [
    ([], "pool-without-addresses", "spec.addresses"),
    (["203.0.113.7"], "address-without-length", "spec.addresses[0]"),
    (["203.0.113.0/33"], "address-invalid", "spec.addresses[0]"),
    (["203.0.113.0/24 "], "address-invalid", "spec.addresses[0]"),
    (["203.0.113.0/24", "pool"], "address-invalid", "spec.addresses[1]"),
    (["203.0.113.1-"], "address-invalid", "spec.addresses[0]"),
    (["203.0.113.9-203.0.113.1"], "range-backwards", "spec.addresses[0]"),
    (["2001:db8::1-203.0.113.1"], "range-backwards", "spec.addresses[0]"),
    (["203.0.113.0/24", "203.0.113.9-203.0.113.12"], "pool-overlaps-itself", "spec.addresses[1]"),
    (["203.0.113.0/24", "203.0.113.0/24"], "pool-overlaps-itself", "spec.addresses[1]"),
]


@pytest.mark.parametrize("addresses", GOOD, ids=str)
def test_cidrs_and_ranges_are_taken(addresses: list[str]) -> None:
    assert codes(pool("a", addresses)) == []


@pytest.mark.parametrize(("addresses", "code", "field"), BAD, ids=str)
def test_what_the_parser_refuses_is_an_error_on_every_node(addresses: list[Any], code: str, field: str) -> None:
    snapshot = cluster(TOR, ADV, pool("a", addresses))
    found = [finding for finding in check(snapshot) if finding.severity is Severity.ERROR]
    assert [(f.code, f.field, f.nodes) for f in found] == [(code, field, ALL)]
    assert [f.code for f in refused_on(snapshot, ALL[0])] == [code]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("10.50.0.0/33", "is neither a CIDR nor a range: /33 in 10.50.0.0/33 is longer than /32"),
        ("2001:db8::/129", "is neither a CIDR nor a range: /129 in 2001:db8::/129 is longer than /128"),
        ("10.50.0.300", "is neither a CIDR nor a range: 300 in 10.50.0.300 is no octet, which is 0 to 255"),
        ("10.50.0/24", "is neither a CIDR nor a range: 10.50.0 has 3 octets, not 4"),
        (
            "10.50.0.1-10.50.0.300",
            "is a range whose ends are not both addresses: 300 in 10.50.0.300 is no octet, which is 0 to 255",
        ),
        ("10.50.0.0/24 ", "is neither a CIDR nor a range"),
        ("pool", "is neither a CIDR nor a range"),
    ],
)
def test_what_is_no_address_is_told_with_the_part_that_is_wrong(entry: str, reason: str) -> None:
    (found,) = (one for one in check(cluster(TOR, ADV, pool("a", [entry]))) if one.code == "address-invalid")
    assert found.message == f"addresses[0] {reason}"


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        (["198.51.100.10/24"], "host-bits"),
        (["239.0.0.0/24"], "address-unusable"), (["127.0.0.1-127.0.0.9"], "address-unusable"),
        (["fe80::/64"], "address-unusable"), (["0.0.0.0/0"], "address-unusable"),
    ],
)  # fmt: skip
def test_what_the_parser_takes_and_nobody_means_is_a_warning(addresses: list[str], code: str) -> None:
    found = check_object(pool("a", addresses), mode=Mode.FRR, version="", namespace=NAMESPACE)
    assert [(f.code, f.severity) for f in found] == [(code, Severity.WARNING)]


@pytest.mark.parametrize(("version", "severity"), [("0.16.1", Severity.WARNING), ("0.16.2", Severity.ERROR)])
def test_a_range_of_two_families_is_refused_since_0_16_2(version: str, severity: Severity) -> None:
    """Before, net.ParseIP gave 16 bytes for both, so that the range was in order; it held nothing."""
    found = check_object(pool("a", ["203.0.113.1-2001:db8::1"]), mode=Mode.FRR, version=version, namespace=NAMESPACE)
    assert [(f.code, f.severity) for f in found] == [("range-of-two-families", severity)]


EVERYTHING: dict[str, Any] = {"serviceAllocation": {}}
NOBODY: dict[str, Any] = {"serviceAllocation": {"namespaces": []}}
TEAM: dict[str, Any] = {"serviceAllocation": {"namespaceSelectors": [{"matchLabels": {"team": "a"}}]}}


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        # Without namespaces and selectors an allocation matches everything; with a priority that is its purpose.
        (EVERYTHING, "service-allocation-empty"), (NOBODY, "service-allocation-empty"),
        ({"serviceAllocation": {"priority": 10}}, ""), (TEAM, ""),
        # internal/allocator: pools with autoAssign off are passed over, pinned or not
        ({**TEAM, "autoAssign": False}, "allocation-not-automatic"), ({"autoAssign": False}, ""),
        ({"serviceAllocation": {"namespaces": ["a", "b", "a"]}}, "duplicate-entry"),
        ({"serviceAllocation": {"serviceSelectors": [{"matchLabels": {"a": "b"}}] * 2}}, "selector-duplicate"),
        ({"serviceAllocation": {"serviceSelectors": [{"matchExpressions": [{"key": "a", "operator": "Is"}]}]}},
         "selector-invalid"),
        ({"addresses": ["203.0.113.0/32"], "avoidBuggyIPs": True}, "no-address-left"),
        ({"addresses": ["203.0.113.0/31"], "avoidBuggyIPs": True}, ""),
        ({"addresses": ["203.0.113.9/32"], "avoidBuggyIPs": True}, ""),
        ({"serviceAllocation": {"priority": 1 << 63}}, "out-of-range"),
        ({"autoAssign": "no"}, "wrong-type"), ({"addresses": None}, "required"),
    ],
    ids=str,
)  # fmt: skip
def test_who_may_get_addresses(spec: dict[str, Any], code: str) -> None:
    changed = pool("a", ["203.0.113.0/24"])
    changed["spec"] = {key: value for key, value in {**changed["spec"], **spec}.items() if value is not None}
    assert codes(changed) == ([code] if code else [])


# I4: MetalLB splits ranges into CIDRs and compares each with all others, of all pools.
def test_pools_that_overlap_are_named_with_what_they_share() -> None:
    snapshot = cluster(
        TOR, ADV, pool("a", ["203.0.113.0/24"]), pool("b", ["203.0.113.250-203.0.114.9"]), pool("c", ["203.0.115.0/24"])
    )
    (found,) = check(snapshot)
    assert (found.code, [ref.name for ref in found.objects], found.nodes) == ("pools-overlap", ["a", "b"], ALL)
    assert "a and b share 203.0.113.250-203.0.113.255" in found.message
    (asked,) = check(snapshot, {ObjectRef("IPAddressPool", NAMESPACE, "b")})
    assert [ref.name for ref in asked.objects] == ["b", "a"]
    assert [f.code for f in refused_on(snapshot, ALL[2])] == ["pools-overlap"]


def test_pools_of_two_families_never_overlap() -> None:
    assert "pools-overlap" not in codes(pool("a", ["0.0.0.0/0"]), pool("b", ["::/0"]))


# Addresses of a pool are no use to anybody if nobody announces them; either kind of advertisement does.
@pytest.mark.parametrize(
    ("announcing", "code"),
    [
        ([], ["pool-not-advertised"]), ([advertisement("adv", ipAddressPools=["other"])], ["pool-not-advertised"]),
        ([l2("l2")], []), ([advertisement("adv")], []), ([advertisement("adv", ipAddressPools=["a"])], []),
        ([l2("l2", ipAddressPoolSelectors=[{"matchLabels": {"team": "a"}}])], []),
        ([l2("l2", ipAddressPoolSelectors=[{"matchLabels": {"team": "b"}}])], ["pool-not-advertised"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_pool_needs_an_advertisement(announcing: list[Any], code: list[str]) -> None:
    found = [f.code for f in check(cluster(peer("tor"), pool("a", labels={"team": "a"}), *announcing))]
    assert [each for each in found if each == "pool-not-advertised"] == code


def test_addresses_of_nodes_and_peers_in_a_pool_are_named() -> None:
    found = check(cluster(TOR, ADV, pool("a", ["10.0.0.0/28"])))
    assert [(f.code, f.severity) for f in found] == [
        ("pool-holds-node-address", Severity.WARNING), ("pool-holds-peer-address", Severity.WARNING),
    ]  # fmt: skip
    assert "10.0.0.11 (compute-1.example.com)" in found[0].message
    assert "10.0.0.1 (tor)" in found[1].message
    assert codes(pool("a", ["10.0.0.64/28"])) == []


# 0.15.0 refused such a pool; 0.15.1 took the check back.
@pytest.mark.parametrize(
    ("version", "severity"),
    [("0.14.9", "warning"), ("0.15.0", "error"), ("0.15.1", "warning")],
)
def test_one_release_refused_addresses_of_nodes(version: str, severity: str) -> None:
    found = check(cluster(TOR, ADV, pool("a", ["10.0.0.11/32"]), version=version))
    assert [(f.code, f.severity.value) for f in found] == [("pool-holds-node-address", severity)]


WEB = service("web", "203.0.113.9")


# The controller gives other addresses at once to services whose addresses a pool loses (0.14.2).
@pytest.mark.parametrize(
    ("addresses", "services", "code"),
    [
        (["203.0.113.0/29"], (WEB,), ["addresses-in-use"]), (["203.0.113.8/29"], (WEB,), []),
        (["203.0.113.0/29"], (), []), (["203.0.113.0/29"], (service("web", "198.51.100.9"),), []),
    ],
)  # fmt: skip
def test_a_pool_that_shrinks_under_services_says_which(
    addresses: list[str], services: tuple[Service, ...], code: list[str]
) -> None:
    before = cluster(TOR, ADV, pool("a"), services=services)
    found = check(before.with_resource(Resource.from_manifest(pool("a", addresses))))
    assert [f.code for f in found] == code
    assert all("shop/web" in f.message for f in found)


@pytest.mark.parametrize(
    ("version", "severity"), [("0.16.1", Severity.WARNING), ("0.13.12", Severity.ERROR)]
)  # before 0.14.2 the speakers refused a configuration that lacks a pool in use
def test_deleting_a_pool_names_the_services_that_lose_their_addresses(version: str, severity: Severity) -> None:
    gone = Resource.from_manifest(pool("a"))
    (found,) = check_deletion(cluster(services=(WEB,), version=version), gone)
    assert (found.code, found.severity) == ("pool-in-use", severity)
    assert "shop/web" in found.message
    assert check_deletion(cluster(), gone) == []


def test_namespaces_that_do_not_exist_are_told_where_namespaces_are_known() -> None:
    snapshot = cluster(TOR, ADV, pool("a", serviceAllocation={"namespaces": ["shop", "mall"]}))
    assert check(snapshot) == []
    (found,) = check(replace(snapshot, namespaces={"shop": {}}))
    assert (found.code, found.field) == ("namespace-missing", "spec.serviceAllocation.namespaces[1]")


# Native mode announces no IPv6 (validation.go, DiscardFRROnly); it looks at pools of BGP advertisements only.
@pytest.mark.parametrize(
    ("announcing", "code"), [(advertisement("adv"), ["native-ipv6-pool"]), (l2("l2"), [])], ids=["bgp", "l2"]
)
def test_native_mode_refuses_ipv6_pools_that_bgp_announces(announcing: Any, code: list[str]) -> None:
    snapshot = cluster(peer("tor"), pool("a", ["2001:db8::/120"]), announcing, mode=Mode.NATIVE)
    assert [f.code for f in check(snapshot)] == code
    assert [f.code for f in refused_on(snapshot, ALL[0])] == code
