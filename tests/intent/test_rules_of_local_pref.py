"""One prefix, one LOCAL_PREF: MetalLB internal/config/config.go, BGPAdvertisementsHaveCompatibleLocalPref."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.findings import ObjectRef
from intent.rules import check, refused_on
from intent.snapshot import Mode, Snapshot
from tests.intent.catalogue import unlisted
from tests.intent.manifests import (
    ALL,
    NAMESPACE,
    RACK_A,
    RACK_B,
    advertisement,
    cluster,
    codes_of,
    peer,
    pool,
    selecting,
    service,
)

ON_A, ON_B = ALL[:2], ALL[2:]
IBGP = peer("tor", peerASN=64500)
POOL, RANGE = pool("pool"), pool("range", ["198.51.100.0-198.51.101.10"])


PREFS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {}, True),
    ({"peers": ["tor"]}, {"peers": ["two"]}, False), ({"peers": ["tor"]}, {"peers": ["tor", "two"]}, True),
    ({"peers": ["tor"]}, {}, True), (RACK_A, RACK_B, False), (RACK_A, {}, True),
    ({"aggregationLength": 24}, {}, False), ({"aggregationLengthV6": 64}, {}, True),
    ({"ipAddressPools": ["pool"]}, {"ipAddressPools": ["range"]}, False),
    ({"ipAddressPools": ["pool"]}, {"ipAddressPools": ["range", "pool"]}, True),
    ({"serviceSelectors": selecting(a="b")}, {}, False),
]  # fmt: skip


# A6: BGPAdvertisementsHaveCompatibleLocalPref
@pytest.mark.parametrize(("one", "other", "differs"), PREFS, ids=str)
def test_two_values_of_local_pref_for_one_prefix(one: dict[str, Any], other: dict[str, Any], differs: bool) -> None:
    peers = IBGP, peer("two", peerASN=64500, peerAddress="10.0.0.2")
    pair = advertisement("a", localPref=100, **one), advertisement("b", localPref=200, **other)
    snapshot = cluster(*peers, POOL, RANGE, *pair)
    clash = [f for f in check(snapshot) if f.code == "local-pref-differs"]
    assert [[ref.name for ref in f.objects] for f in clash] == ([["a", "b"]] if differs else [])
    same = cluster(
        *peers, POOL, RANGE, advertisement("a", localPref=100, **one), advertisement("b", localPref=100, **other)
    )
    assert "local-pref-differs" not in [f.code for f in check(same)]
    before = replace(snapshot, version="0.13.9")  # the check came with 0.13.10
    assert "local-pref-differs" not in [f.code for f in check(before)]


def test_with_both_families_both_lengths_must_differ() -> None:
    both = pool("pool", ["203.0.113.0/24", "2001:db8::/64"])

    def clash(**spec: Any) -> bool:
        pair = advertisement("a", localPref=1), advertisement("b", localPref=2, **spec)
        return "local-pref-differs" in codes_of(IBGP, both, *pair)

    assert clash()
    assert clash(aggregationLength=24)
    assert clash(aggregationLengthV6=64)
    assert not clash(aggregationLength=24, aggregationLengthV6=64)


def test_a_clash_of_local_pref_bites_where_both_are_read() -> None:
    pair = advertisement("a", localPref=1, **RACK_A), advertisement("b", localPref=2)
    snapshot = cluster(IBGP, POOL, *pair)
    (clash,) = check(snapshot)
    assert (clash.code, clash.nodes) == ("local-pref-differs", ON_A)
    assert [f.code for f in refused_on(snapshot, ON_A[0])] == ["local-pref-differs"]
    assert refused_on(snapshot, ON_B[0]) == []
    assert [f.code for f in refused_on(replace(snapshot, version="0.15.3"), ON_B[0])] == ["local-pref-differs"]
    (asked,) = check(snapshot, {ObjectRef("BGPAdvertisement", NAMESPACE, "b")})
    assert (asked.value, [ref.name for ref in asked.objects]) == ("2", ["b", "a"])


# A7: with serviceSelectors the parser does not compare; the speaker then leaves such a service out.
@pytest.mark.parametrize(("labels", "clash"), [({"app": "a"}, True), ({"app": "b"}, False)])
def test_a_service_with_two_values_of_local_pref_is_named(labels: dict[str, str], clash: bool) -> None:
    pair = advertisement("a", localPref=1), advertisement("b", localPref=2, serviceSelectors=selecting(app="a"))
    services = service("web", "203.0.113.1", labels=labels), service("other", labels={"app": "a"})
    snapshot: Snapshot = cluster(IBGP, POOL, *pair, services=services)
    seen = check(snapshot)
    assert [f.code for f in seen] == (["local-pref-differs-by-service"] if clash else [])
    assert all("shop/web" in f.message for f in seen)
    assert refused_on(snapshot, ALL[0]) == []
    assert codes_of(IBGP, POOL, *pair) == []


# Each service matches one advertisement, so that A7 does not see it; the address that they share has both.
@pytest.mark.parametrize(
    ("mode", "prefs", "labels", "severity"),
    [
        (Mode.FRR_K8S, (1, 2), "b", "error"),  # api_to_config.go: multiple local prefs specified for prefix
        (Mode.FRR, (1, 2), "b", "warning"),  # the last entry of the route map wins
        (Mode.FRR_K8S, (1, 1), "b", ""), (Mode.FRR_K8S, (1, 2), "c", ""),
    ],
)  # fmt: skip
def test_services_that_share_an_address_have_one_local_pref(
    mode: Mode, prefs: tuple[int, int], labels: str, severity: str
) -> None:
    sharing: dict[str, Any] = {"annotations": {"metallb.io/allow-shared-ip": "key"}}
    services = (
        service("web", "203.0.113.1", labels={"app": "a"}, **sharing),
        service("mail", "203.0.113.1", labels={"app": labels}, **sharing),
        service("alone", "203.0.113.2", labels={"app": "b"}),
    )
    pair = [
        advertisement(name, localPref=pref, serviceSelectors=selecting(app=name))
        for name, pref in zip("ab", prefs, strict=True)
    ]
    snapshot = cluster(IBGP, POOL, *pair, mode=mode, services=services)
    found = check(snapshot)
    assert unlisted(found) == []
    assert [(f.code, f.severity.value) for f in found] == (
        [("local-pref-differs-by-address", severity)] if severity else []
    )
    assert all("203.0.113.1 is shared by shop/mail, shop/web" in f.message for f in found)
    assert refused_on(snapshot, ALL[0]) == []
    asked = check(snapshot, {ObjectRef("BGPAdvertisement", NAMESPACE, "b")})
    assert [[ref.name for ref in f.objects] for f in asked] == ([["b", "a"]] if severity else [])


def test_many_addresses_and_aggregates_of_the_same_advertisements_are_one_finding() -> None:
    shared = [service(f"s{n}-{app}", f"203.0.113.{n}", labels={"app": app}) for n in range(100) for app in "ab"]
    by_service = [advertisement(app, localPref=n, serviceSelectors=selecting(app=app)) for n, app in enumerate("ab")]
    found = check(cluster(IBGP, POOL, *by_service, mode=Mode.FRR_K8S, services=tuple(shared)))
    assert [f.code for f in found] == ["local-pref-differs-by-address"]
    assert "and 99 more addresses" in found[0].message
    even, odd = (pool(name, [f"10.0.{n}.{at}/25" for n in range(100)]) for name, at in (("even", 0), ("odd", 128)))
    pair = [
        advertisement(name, ipAddressPools=[name], localPref=n, aggregationLength=24)
        for n, name in enumerate(("even", "odd"))
    ]
    (told,) = [f for f in check(cluster(IBGP, even, odd, *pair, mode=Mode.FRR_K8S)) if "by-aggregate" in f.code]
    assert "10.0.0.0/24 and 99 more belong to even, odd" in told.message


# frr-k8s takes one LOCAL_PREF a prefix (api_to_config.go); these pools share 198.51.101.0/24, which A6 does not see.
@pytest.mark.parametrize(
    ("spec", "mode", "code"),
    [
        ({"localPref": 2}, Mode.FRR_K8S, ["local-pref-differs-by-aggregate"]), ({"localPref": 1}, Mode.FRR_K8S, []),
        ({"localPref": 2}, Mode.FRR, []), ({"localPref": 2, "aggregationLength": 32}, Mode.FRR_K8S, []),
        ({"localPref": 2, "peers": ["two"]}, Mode.FRR_K8S, []),
    ],
)  # fmt: skip
def test_an_aggregate_of_two_pools_has_one_local_pref_in_frr_k8s_mode(
    spec: dict[str, Any], mode: Mode, code: list[str]
) -> None:
    two = peer("two", peerASN=64500, peerAddress="10.0.0.2")
    beyond = pool("beyond", ["198.51.101.11-198.51.102.255"])
    pair = (
        advertisement("a", ipAddressPools=["range"], localPref=1, aggregationLength=24, peers=["tor"]),
        advertisement("b", **{"ipAddressPools": ["beyond"], "aggregationLength": 24, "peers": ["tor"], **spec}),
    )
    snapshot = cluster(IBGP, two, RANGE, beyond, *pair, mode=mode)
    ignored = {"peer-not-used", "aggregation-local-policy"}
    found = [f for f in check(snapshot) if f.code not in ignored]
    assert [f.code for f in found] == code
    assert all("198.51.101.0/24 belongs to beyond, range" in f.message for f in found)
    assert refused_on(snapshot, ALL[0]) == []
    asked = [f for f in check(snapshot, {ObjectRef("BGPAdvertisement", NAMESPACE, "b")}) if f.code not in ignored]
    assert [[ref.name for ref in f.objects] for f in asked] == ([["b", "a"]] if code else [])


# MetalLB takes 0 for not set, and FRR sends 100 to iBGP peers then (bgpd, BGP_DEFAULT_LOCAL_PREF); eBGP carries none.
@pytest.mark.parametrize(
    ("asn", "mode", "words"),
    [
        (64500, Mode.FRR, "a (not set: FRR's 100), b (200)"),
        (64500, Mode.NATIVE, "a (not set), b (200)"),
        (64999, Mode.FRR, "a (not set), b (200)"),
    ],
)
def test_what_an_unset_local_pref_comes_to_is_said(asn: int, mode: Mode, words: str) -> None:
    tor = peer("tor", peerASN=asn)
    found = check(cluster(tor, POOL, advertisement("a"), advertisement("b", localPref=200), mode=mode))
    (clash,) = [f for f in found if f.code == "local-pref-differs"]
    assert (clash.message.endswith(words), clash.value) == (True, "not set")
