"""Rules of BGPAdvertisements and L2Advertisements; sources: MetalLB internal/config/{config,validation}.go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.announcements.cluster import EXCLUDED
from intent.findings import Finding, ObjectRef, Severity
from intent.rules import check, refused_on
from intent.snapshot import Mode, Node, Resource
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
    peer,
    pool,
    profile,
    selecting,
    service,
)

ON_A, ON_B = ALL[:2], ALL[2:]
IBGP = peer("tor", peerASN=64500)
POOL, SIX = pool("pool"), pool("six", ["2001:db8::/64"])
RANGE = pool("range", ["198.51.100.0-198.51.101.10"])  # a /24 and three smaller ones


def found(*manifests: Any, **rest: Any) -> list[Finding]:
    told = check(cluster(*manifests, **rest))
    assert unlisted(told) == []
    return told


def codes(*manifests: Any, **rest: Any) -> list[str]:
    return [finding.code for finding in found(*manifests, **rest)]


SPECS: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"aggregationLength": 24}, "aggregation-local-policy"), ({"aggregationLength": 33}, "aggregation-too-long"),
    ({"aggregationLength": 0}, "out-of-range"), ({"aggregationLength": 23}, "aggregation-wider-than-pool"),
    ({"aggregationLengthV6": 128}, ""), ({"aggregationLengthV6": 129}, "aggregation-too-long"),
    ({"aggregationLengthV6": -1}, "aggregation-negative"),
    ({"localPref": 100}, ""), ({"localPref": 2147483647}, ""), ({"localPref": 2147483648}, "out-of-range"),
    ({"localPref": -1}, "local-pref-negative"),
    ({"serviceSelectors": selecting(a="b")}, ""), ({"serviceSelectors": [], "aggregationLength": 32}, ""),
    ({"serviceSelectors": selecting(a="b"), "aggregationLength": 32, "aggregationLengthV6": 128}, ""),
    ({"serviceSelectors": selecting(a="b"), "aggregationLengthV6": 64}, "aggregation-with-service-selectors"),
    ({"peers": ["tor", "tor"]}, "duplicate-entry"), ({"communities": ["1:2", "1:2"]}, "duplicate-entry"),
    ({"ipAddressPools": ["pool", "pool"]}, "duplicate-entry"),
    ({"nodeSelectors": selecting(rack="a") * 2}, "selector-duplicate"),
    ({"ipAddressPoolSelectors": [{}, {"matchLabels": {}}]}, "selector-duplicate"),
    ({"serviceSelectors": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]}, "selector-invalid"),
    ({"communities": ["65535:65282", "large:64500:1:2"]}, ""), ({"communities": ["65536:1"]}, "community-invalid"),
    ({"communities": ["1:2:3"]}, "community-invalid"), ({"communities": ["large:1:2"]}, "community-invalid"),
    ({"communities": ["65535:666"]}, "community-blackhole"),
    ({"communities": [f"64500:{n}" for n in range(63)]}, ""),
    ({"communities": [f"64500:{n}" for n in range(64)]}, "too-many-communities"),
    ({"communities": ["mine", *(f"64500:{n}" for n in range(1, 64))]}, ""),  # frr.go counts values: mine is 64500:1
    ({"communities": ["mine", *(f"64501:{n}" for n in range(63))]}, "too-many-communities"),
    ({"communities": ["mine"]}, ""), ({"communities": ["yours"]}, "alias-missing"),
    ({"communities": ["no-export"]}, "alias-missing"),
    ({"ipAddressPools": ["pool", "gone"]}, "pool-missing"), ({"peers": ["tor", "gone"]}, "peer-missing"),
    ({"ipAddressPoolSelectors": selecting(team="x")}, "no-pool-selected"),
    ({"nodeSelectors": selecting(rack="z")}, "no-node-selected"),
]  # fmt: skip
NOT_USED = {"pool-not-advertised", "peer-not-used"}  # what an advertisement for others leaves behind


@pytest.mark.parametrize(("spec", "code"), SPECS, ids=str)
def test_a_bgp_advertisement_by_itself_and_beside_what_it_names(spec: dict[str, Any], code: str) -> None:
    seen = found(IBGP, POOL, community(mine="64500:1"), advertisement("adv", **spec))
    assert [f.code for f in seen if f.code not in NOT_USED] == ([code] if code else [])


SPEAKER = ["aggregation-too-long", "community-invalid", "alias-missing", "duplicate-entry", "selector-duplicate",
           "selector-invalid", "aggregation-wider-than-pool"]  # fmt: skip


# 0.16.0: speakers parse only the advertisements that select their node.
@pytest.mark.parametrize(
    "spec", [spec for spec, code in SPECS if code in SPEAKER and "nodeSelectors" not in spec], ids=str
)
def test_what_the_parser_refuses_bites_where_the_advertisement_is_read(spec: dict[str, Any]) -> None:
    manifests = IBGP, POOL, advertisement("adv", **spec, **RACK_A)
    (code,) = [f.code for f in found(*manifests) if f.severity is Severity.ERROR]
    assert [f.code for f in refused_on(cluster(*manifests), ON_A[0])] == [code]
    assert refused_on(cluster(*manifests), ON_B[0]) == []
    assert [f.code for f in refused_on(cluster(*manifests, version="0.15.3"), ON_B[0])] == [code]


# config.go refuses lengths above 32 and 128 only; a negative one is met when the first address is announced.
def test_a_negative_length_passes_the_parser() -> None:
    snapshot = cluster(IBGP, POOL, advertisement("adv", aggregationLengthV6=-1))
    assert [(f.code, f.nodes) for f in check(snapshot)] == [("aggregation-negative", ())]
    assert refused_on(snapshot, ALL[0]) == []


def test_an_alias_that_is_a_well_known_name_is_answered_with_its_value() -> None:
    (missing,) = found(IBGP, POOL, advertisement("adv", communities=["NO_ADVERTISE"]))
    assert (missing.code, missing.hint) == ("alias-missing", "Write 65535:65282 for no-advertise.")


@pytest.mark.parametrize(("aliases", "wrong"), [({"ours": "64500:1"}, ["alias-missing"]), ({"mine": "64500:2"}, [])])
def test_a_community_that_gives_up_an_alias_in_use_is_told_so(aliases: dict[str, str], wrong: list[str]) -> None:
    """Its webhook looks at Communities alone, and then every speaker refuses its configuration."""
    before = cluster(IBGP, POOL, community(mine="64500:1"), advertisement("adv", communities=["mine"]))
    after = before.with_resource(Resource.from_manifest(community(**aliases)))
    told = check(after, {ObjectRef("Community", NAMESPACE, "community")})
    assert [finding.code for finding in told] == wrong
    assert all(finding.objects[0].name == "adv" for finding in told)


# A5: of a range that is split into CIDRs the shortest prefix counts.
def test_ipv4_mapped_into_ipv6_is_not_advertised_at_all() -> None:
    """validateBGPAdvPerPool compares the length of the mask, 120, with the aggregation length of IPv4, 32."""
    found = codes(pool("a", ["::ffff:203.0.113.0/120"]), advertisement("adv", ipAddressPools=["a"]))
    assert "aggregation-wider-than-pool" in found


@pytest.mark.parametrize(("length", "wrong"), [(24, []), (23, ["aggregation-wider-than-pool"])])
def test_one_cidr_of_a_range_has_to_fit(length: int, wrong: list[str]) -> None:
    seen = codes(IBGP, RANGE, advertisement("adv", aggregationLength=length), services=(service("web"),))
    assert seen == wrong


def test_who_asks_is_named_however_many_there_are() -> None:
    """A finding names five objects; the one that is being edited is among them."""
    many = [pool(f"pool{n}", [f"10.{n}.0.0/24"]) for n in range(9)]
    snapshot = cluster(IBGP, *many, advertisement("adv", aggregationLength=16))
    asked = ObjectRef("IPAddressPool", NAMESPACE, "pool8")
    (wider,) = [f for f in check(snapshot, {asked}) if f.code == "aggregation-wider-than-pool"]
    assert [ref.name for ref in wider.objects] == ["adv", "pool8", "pool0", "pool1", "pool2", "pool3"]
    assert "pool8" in wider.message


def test_ipv6_is_aggregated_by_a_length_of_its_own() -> None:
    six = peer("tor", peerASN=64500, peerAddress="2001:db8:1::1")
    assert codes(six, SIX, advertisement("adv", aggregationLengthV6=63))[0] == "aggregation-wider-than-pool"
    assert codes(six, SIX, advertisement("adv", aggregationLengthV6=64, aggregationLength=8)) == [
        "aggregation-local-policy"
    ]  # fmt: skip


# bgp_controller.go: an advertisement without a peer on the node goes nowhere, and nobody says so.
@pytest.mark.parametrize(
    ("manifests", "code"),
    [
        ([advertisement("adv")], "no-peer-met"),
        ([peer("tor", **RACK_B), advertisement("adv", **RACK_A)], "no-peer-met"),
        ([peer("tor", **RACK_B), advertisement("adv", peers=["tor"], **RACK_A)], "peer-not-met"),
        ([peer("tor", **RACK_B), advertisement("adv", peers=["tor"], **RACK_B)], ""),
        ([peer("tor", **RACK_B), advertisement("adv", peers=["tor"])], ""),
    ],
    ids=str,
)
def test_nodes_of_an_advertisement_and_of_its_peers_must_meet(manifests: list[Any], code: str) -> None:
    seen = [each for each in codes(POOL, *manifests) if each not in NOT_USED]
    assert seen == ([code] if code else [])


def test_a_peer_that_no_advertisement_is_for_is_told_as_soon_as_there_is_one() -> None:
    assert codes(peer("a"), peer("b", peerAddress="10.0.0.2")) == []
    two = peer("a"), peer("b", peerAddress="10.0.0.2"), POOL
    assert codes(*two, advertisement("adv")) == []
    (unused,) = found(*two, advertisement("adv", peers=["a"]))
    assert (unused.code, unused.objects[0].name) == ("peer-not-used", "b")


# FRR puts a prefix only into its own address family, and drops it for sessions without that (4.3 of the facts).
@pytest.mark.parametrize(
    ("spec", "addresses", "code"),
    [
        ({}, ["203.0.113.0/24"], ""), ({}, ["2001:db8::/64"], "family-without-peer"),
        ({}, ["203.0.113.0/24", "2001:db8::/64"], "family-without-peer"),
        ({"dualStackAddressFamily": True}, ["203.0.113.0/24", "2001:db8::/64"], ""),
        ({"peerAddress": "2001:db8:1::1", "peerASN": 64500}, ["203.0.113.0/24"], "family-without-peer"),
        ({"peerAddress": None, "interface": "eth1"}, ["203.0.113.0/24", "2001:db8::/64"], ""),
    ],
    ids=str,
)  # fmt: skip
def test_a_family_that_no_session_carries_is_told(spec: dict[str, Any], addresses: list[str], code: str) -> None:
    assert codes(peer("tor", **spec), pool("pool", addresses), advertisement("adv")) == ([code] if code else [])


# RFC 4271 section 5.1.5: LOCAL_PREF is not sent to external peers.
@pytest.mark.parametrize(
    ("spec", "code"),
    [({"peerASN": 64500}, ""), ({"peerASN": None, "dynamicASN": "internal"}, ""), ({}, "local-pref-on-ebgp"),
     ({"peerASN": None, "dynamicASN": "external"}, "local-pref-on-ebgp")],
    ids=str,
)  # fmt: skip
def test_local_pref_is_for_ibgp(spec: dict[str, Any], code: str) -> None:
    assert codes(peer("tor", **spec), POOL, advertisement("adv", localPref=200)) == ([code] if code else [])
    assert codes(peer("tor", **spec), POOL, advertisement("adv", localPref=0)) == []


# A11, validation.go: refused by the speakers that read advertisement and peer, not at admission.
def test_bfd_echo_and_ipv6_pools_exclude_each_other_where_they_meet() -> None:
    echo = profile("fast", echoMode=True)
    tor = peer("tor", peerAddress="2001:db8:1::1", peerASN=64500, bfdProfile="fast", **RACK_A)
    snapshot = cluster(tor, echo, SIX, advertisement("adv"))
    (error,) = [f for f in check(snapshot) if f.severity is Severity.ERROR]
    assert (error.code, error.nodes) == ("bfd-echo-with-ipv6-pool", ON_A)
    assert [ref.name for ref in error.objects] == ["adv", "tor", "fast", "six"]
    assert [f.code for f in refused_on(snapshot, ON_A[0])] == ["bfd-echo-with-ipv6-pool"]
    assert refused_on(snapshot, ON_B[0]) == []
    assert refused_on(replace(snapshot, version="0.15.3"), ON_B[0]) != []
    for harmless in (advertisement("adv", ipAddressPools=["pool"]), advertisement("adv", **RACK_B)):
        assert refused_on(cluster(tor, echo, SIX, POOL, harmless), ON_A[0]) == []


def test_nodes_that_are_all_excluded_from_load_balancers_announce_nothing() -> None:
    excluded = tuple(Node(node.name, {**node.labels, EXCLUDED: ""}) for node in NODES)
    assert codes(IBGP, POOL, advertisement("adv"), nodes=excluded) == ["no-node-announces"]
    assert codes(IBGP, POOL, advertisement("adv"), nodes=(*excluded[:2], NODES[2])) == []


L2: list[tuple[dict[str, Any], str]] = [
    ({}, ""), ({"interfaces": ["eth0"]}, ""), ({"interfaces": ["eth0/1"]}, "interface-impossible"),
    ({"ipAddressPools": ["pool", "gone"]}, "pool-missing"), ({"ipAddressPools": ["pool"] * 2}, "duplicate-entry"),
    ({"nodeSelectors": selecting(rack="z")}, "no-node-selected"),
    ({"ipAddressPoolSelectors": selecting(team="x")}, "no-pool-selected"),
    ({"preferredNodeSelectors": [{"weight": 100, "preference": {}}]}, ""),
    ({"preferredNodeSelectors": [{"weight": 101, "preference": {}}]}, "out-of-range"),
    ({"preferredNodeSelectors": [{"weight": 1}]}, "required"),
    ({"preferredNodeSelectors": [{"weight": 1, "preference": {"matchLabels": {"-": ""}}}]}, "selector-invalid"),
    ({"preferredNodeSelectors": [{"weight": 1, "preference": {}}] * 2}, ""),  # weights of equal ones add up
]  # fmt: skip


@pytest.mark.parametrize(("spec", "code"), L2, ids=str)
def test_an_l2_advertisement(spec: dict[str, Any], code: str) -> None:
    seen = [each for each in codes(POOL, l2("l2", **spec), version="") if each not in NOT_USED]
    assert seen == ([code] if code else [])


def test_every_speaker_reads_every_l2_advertisement() -> None:
    snapshot = cluster(POOL, l2("l2", ipAddressPools=["pool", "pool"], **RACK_A))
    assert [[f.code for f in refused_on(snapshot, node)] for node in ALL] == [["duplicate-entry"]] * 3


# After 0.16.1 the speaker leaves out shared addresses whose L2 advertisements choose services.
def test_a_shared_address_and_service_selectors_exclude_each_other_in_layer_2() -> None:
    web = service("web", "203.0.113.1", labels={"app": "a"}, annotations={"metallb.io/allow-shared-ip": "key"})
    chosen = l2("l2", serviceSelectors=selecting(app="a"))
    assert codes(POOL, chosen, services=(web,), version="") == ["shared-address-with-selectors"]
    assert codes(POOL, chosen, services=(web,), version="0.16.1") == []
    assert codes(POOL, chosen, services=(replace(web, annotations={}),), version="") == []


@pytest.mark.parametrize(
    ("spec", "code"),
    [({"serviceSelectors": selecting(a="b")}, "field-newer-than-metallb"), ({"communities": ["large:1:2:3"]}, "")],
)
def test_older_releases_know_less(spec: dict[str, Any], code: str) -> None:
    def alone(version: str) -> list[str]:
        snapshot = cluster(IBGP, POOL, version=version)
        adv = cluster(advertisement("adv", **spec)).resources[0]
        return [f.code for f in check(snapshot.with_resource(adv), {adv.ref})]

    assert alone("0.15.3") == ([code] if code else [])
    assert alone("0.16.0") == []
    assert "large-community-too-new" not in alone("0.13.10")
    assert ("large-community-too-new" in alone("0.13.9")) is ("communities" in spec)


def test_native_mode_knows_no_large_communities() -> None:
    adv = advertisement("adv", communities=["large:1:2:3"])
    snapshot = cluster(IBGP, POOL, adv, mode=Mode.NATIVE)
    assert [f.code for f in check(snapshot)] == ["large-community-native"]
    assert [f.code for f in refused_on(snapshot, ALL[0])] == ["large-community-native"]


def test_a_family_that_another_advertisement_carries_is_not_missed() -> None:
    """Two ways to announce one pool: IPv4 to the top of the rack, IPv6 to a route reflector."""
    both = pool("pool", ["203.0.113.0/24", "2001:db8::/64"])
    objects = IBGP, peer("rr-v6", peerAddress="2001:db8:1::1", peerASN=64500), both
    v4, v6 = advertisement("v4", peers=["tor"]), advertisement("v6", peers=["rr-v6"])
    assert codes(*objects, v4, v6) == []
    assert "family-without-peer" in codes(*objects, v4)


def test_a_length_that_cannot_be_loses_no_traffic() -> None:
    """What is wrong with the length is told, and nothing of what it would do."""
    local = service("web", "203.0.113.1", nodes=ON_A[:1], local=True)
    other = service("app", "203.0.113.2", nodes=ON_B[:1])
    for length, expected in ((24, "aggregation-black-hole"), (0, "out-of-range"), (-8, "out-of-range")):
        told = codes(IBGP, POOL, advertisement("adv", aggregationLength=length), services=(local, other))
        assert told == [expected]
