"""Rules about objects that meet: peers on a node, profiles, Secrets, nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.findings import Finding, ObjectRef, Severity
from intent.rules import check, refused_on
from intent.snapshot import Mode, Node, Resource, SecretFact, Snapshot
from tests.intent.catalogue import unlisted
from tests.intent.manifests import ALL, NAMESPACE, NODES, RACK_A, RACK_B, cluster, codes, peer, profile

A, B, C = (ObjectRef("BGPPeer", NAMESPACE, name) for name in "abc")
ON_A, ON_B = ALL[:2], ALL[2:]


def brief(finding: Finding) -> tuple[str, str, tuple[str, ...]]:
    return finding.code, finding.severity.value, tuple(ref.name for ref in finding.objects)


OTHER = {"peerAddress": "10.0.0.2"}
PAIRS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    # F1: one router ID a node, in whatever VRF
    ({"routerID": "1.1.1.1"}, {**OTHER, "routerID": "1.1.1.1"}, []),
    ({"routerID": "1.1.1.1"}, {**OTHER, "routerID": "2.2.2.2"}, ["router-id-differs"]),
    ({"routerID": "1.1.1.1"}, OTHER, ["router-id-differs"]),
    ({"routerID": "1.1.1.1"}, {"vrf": "red"}, ["router-id-differs"]),
    ({"routerID": "1.1.1.1", **RACK_A}, {**OTHER, **RACK_B}, ["router-id-differs-elsewhere"]),
    # F2: one session a neighbour and VRF
    ({}, {}, ["duplicate-neighbor"]),
    ({}, {"peerPort": 1179}, ["duplicate-neighbor"]),
    ({}, {"vrf": "red"}, []),
    ({"vrf": "red"}, {"vrf": "red"}, ["duplicate-neighbor"]),
    (RACK_A, RACK_B, []),
    ({"peerAddress": "2001:db8::1"}, {"peerAddress": "2001:DB8:0::1"}, ["duplicate-neighbor-hidden"]),
    ({"peerAddress": None, "interface": "eth1"}, {"peerAddress": None, "interface": "eth1"}, ["duplicate-neighbor"]),
    # F3: one AS a VRF
    ({}, {**OTHER, "myASN": 64999}, ["my-asn-differs"]),
    (RACK_A, {**OTHER, **RACK_B, "myASN": 64999}, ["my-asn-differs-elsewhere"]),
    ({}, {"vrf": "red", "myASN": 64999}, []),
]
IGNORED = {"vrf-technology-preview", "address-not-canonical"}


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS, ids=str)
def test_two_peers_of_a_cluster(one: dict[str, Any], other: dict[str, Any], expected: list[str]) -> None:
    found = [f for f in check(cluster(peer("a", **one), peer("b", **other))) if f.code not in IGNORED]
    severity = {"elsewhere": "documented"}
    wanted = [(code, severity.get(code.rpartition("-")[2], "error"), ("a", "b")) for code in expected]
    assert [brief(finding) for finding in found] == wanted


def _hint(snapshot: Snapshot, *names: str) -> set[str]:
    found = check(snapshot, {ObjectRef("BGPPeer", NAMESPACE, name) for name in names})
    return {finding.hint for finding in found if finding.severity is Severity.ERROR}


def test_who_must_have_what_all_others_have_is_told_that_value() -> None:
    """A new peer beside those that have one router ID, or one AS, on the nodes that it shares with them."""
    same = {"routerID": "10.10.10.10"}
    others = [peer("a", **same, **RACK_A), peer("b", **OTHER, **same, **RACK_A)]
    third = {"peerAddress": "10.0.0.3"}
    assert _hint(cluster(*others, peer("c", **third)), "c") == {"Write 10.10.10.10 here."}
    assert _hint(cluster(*others, peer("c", **third), peer("d", peerAddress="10.0.0.4")), "c", "d") == {
        "Write 10.10.10.10 here."
    }
    assert _hint(cluster(*others, peer("c", myASN=64999, **same, **third)), "c") == {"Write 64500 here."}
    assert _hint(cluster(peer("a"), peer("c", **same, **third)), "c") == {"Leave routerID out here."}
    apart = peer("b", routerID="10.9.9.9", **OTHER, **RACK_B)
    (both,) = _hint(cluster(others[0], apart, peer("c", **third)), "c")
    assert "Give all peers the same routerID" in both


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({**OTHER, "routerID": "1.1.1.1"}, "router-id-differs"),
        ({}, "duplicate-neighbor"),
        ({**OTHER, "myASN": 64999}, "my-asn-differs"),
    ],
)
def test_before_0_16_peers_are_compared_whatever_their_nodes(other: dict[str, Any], code: str) -> None:
    manifests = peer("a", **RACK_A), peer("b", **RACK_B, **other)
    old = cluster(*manifests, version="0.15.3")
    assert [(f.code, f.nodes) for f in check(old)] == [(code, ALL)]
    assert code not in codes(cluster(*manifests))
    assert [f.code for f in refused_on(old, ALL[0])] == [code]
    assert refused_on(cluster(*manifests), ALL[0]) == []


def test_without_known_nodes_peers_are_taken_as_sharing_one() -> None:
    assert codes(cluster(peer("a", **RACK_A), peer("b", **RACK_B), nodes=())) == ["duplicate-neighbor"]


def test_native_mode_lets_peers_differ_and_the_page_does_not() -> None:
    snapshot = cluster(peer("a"), peer("b", myASN=64999, routerID="1.1.1.1", **OTHER), mode=Mode.NATIVE)
    assert codes(snapshot) == ["my-asn-differs-elsewhere", "router-id-differs-elsewhere"]
    assert refused_on(snapshot, ALL[0]) == []


def test_a_clash_names_the_shared_nodes_only() -> None:
    snapshot = cluster(peer("a", **RACK_A), peer("b"), peer("c", **RACK_B))
    (found,) = check(snapshot)
    assert (found.objects, found.nodes) == ((A, B, C), ALL)
    (found,) = check(snapshot, {A})
    assert (found.objects, found.nodes) == ((A, B), ON_A)
    assert [f.objects[0].name for f in refused_on(snapshot, ON_B[0])] == ["b"]


def test_the_object_asked_about_is_judged_first() -> None:
    snapshot = cluster(peer("a"), peer("b", myASN=64999, **OTHER), peer("c", peerAddress="10.0.0.3"))
    (found,) = check(snapshot, {B})
    assert (found.objects, found.value) == ((B, A, C), "64999")
    (found,) = check(snapshot, {C})
    assert (found.objects, found.value) == ((C, B), "64500")


def test_objects_outside_metallbs_namespace_meet_nobody() -> None:
    elsewhere = peer("b")
    elsewhere["metadata"]["namespace"] = "default"
    snapshot = cluster(peer("a"), elsewhere)
    assert codes(snapshot) == ["namespace-not-metallbs"]
    assert refused_on(snapshot, ALL[0]) == []


def test_a_missing_bfd_profile_names_the_nodes_that_keep_their_configuration() -> None:
    snapshot = cluster(peer("a", bfdProfile="fast", **RACK_A))
    (found,) = check(snapshot)
    assert brief(found) == ("bfd-profile-missing", "error", ("a", "fast"))
    assert found.nodes == ON_A
    assert [f.code for f in refused_on(snapshot, ON_A[0])] == ["bfd-profile-missing"]
    assert refused_on(snapshot, ON_B[0]) == []
    assert check(snapshot, {ObjectRef("BFDProfile", NAMESPACE, "fast")}) == [found]
    assert check(cluster(peer("a", bfdProfile="fast"), profile())) == []


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"ebgpMultiHop": True}, "bfd-echo-multihop"),
        ({"peerAddress": "2001:db8::1", "ebgpMultiHop": None, "peerASN": 64500}, "bfd-echo-ipv6"),
    ],
)
def test_echo_packets_do_not_travel(spec: dict[str, Any], code: str) -> None:
    assert codes(cluster(peer("a", bfdProfile="fast", **spec), profile(echoMode=True))) == [code]
    assert codes(cluster(peer("a", bfdProfile="fast", **spec), profile())) == []


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"receiveInterval": 9}, "out-of-range"),
        ({"detectMultiplier": 256}, "out-of-range"),
        ({"minimumTtl": 0}, "out-of-range"),
        ({"echoMode": "yes"}, "wrong-type"),
        ({"echoInterval": 50}, "echo-interval-without-echo"),
    ],
)
def test_a_bfd_profile_has_rules_of_its_own(spec: dict[str, Any], code: str) -> None:
    assert codes(cluster(profile(**spec))) == [code]


def test_native_mode_refuses_any_bfd_profile() -> None:
    snapshot = cluster(profile(), mode=Mode.NATIVE)
    assert codes(snapshot) == ["not-in-native-mode"]
    assert [f.code for f in refused_on(snapshot, ALL[0])] == ["not-in-native-mode"]


GOOD = SecretFact(NAMESPACE, "s")


@pytest.mark.parametrize(
    ("fact", "code", "refused"),
    [
        (replace(GOOD, exists=False), "secret-missing", True),
        (replace(GOOD, type="Opaque"), "secret-type", True),
        (replace(GOOD, has_password=False), "secret-without-password", True),
        (replace(GOOD, length_ok=False), "secret-password-length", False),
        (replace(GOOD, trailing_newline=True), "secret-trailing-newline", False),
        (GOOD, "", False),
        (replace(GOOD, namespace="other", exists=False), "", False),
        (replace(GOOD, readable=False, exists=False), "secret-not-checked", False),
    ],
    ids=str,
)
def test_a_secret_is_judged_by_what_is_known_about_it(fact: SecretFact, code: str, refused: bool) -> None:
    snapshot = cluster(peer("a", passwordSecret={"name": "s"}, **RACK_A), secrets=(fact,))
    assert codes(snapshot) == ([code] if code else [])
    assert [f.code for f in refused_on(snapshot, ON_A[0])] == ([code] if refused else [])
    assert refused_on(snapshot, ON_B[0]) == []


# frrk8s.metallb.io_frrconfigurations.yaml: routers has maxItems 50, and MetalLB writes one for each VRF of a node.
@pytest.mark.parametrize(
    ("number", "mode", "expected"),
    [(51, Mode.FRR_K8S, ["too-many-vrfs"]), (50, Mode.FRR_K8S, []), (51, Mode.FRR, [])],
)
def test_frr_k8s_takes_fifty_vrfs_a_node(number: int, mode: Mode, expected: list[str]) -> None:
    peers = [peer(f"p{n:02}", vrf=f"v{n}", peerAddress=f"10.0.1.{n}", **RACK_A) for n in range(number - 1)]
    snapshot = cluster(peer("default"), *peers, mode=mode)
    found = [f for f in check(snapshot) if f.code != "vrf-technology-preview"]
    assert unlisted(found) == []
    assert [f.code for f in found] == expected
    assert all((f.nodes, len(f.objects)) == (ON_A, 51) for f in found)
    assert refused_on(snapshot, ON_A[0]) == []
    spread = [peer(f"q{n:02}", vrf=f"v{n}", peerAddress=f"10.0.1.{n}", **(RACK_A, RACK_B)[n % 2]) for n in range(100)]
    assert not [f for f in check(cluster(*spread, mode=mode)) if f.code == "too-many-vrfs"]


# FRR bgpd/bgp_bfd.c: minimum-ttl is looked at in sessions over several hops only; 254 is FRR's own value.
@pytest.mark.parametrize(
    ("ttl", "spec", "expected"),
    [
        (100, {}, ["bfd-minimum-ttl-single-hop"]), (100, {"ebgpMultiHop": True}, []), (254, {}, []),
        (100, {"peerASN": 64500}, []), (None, {}, []),
    ],
)  # fmt: skip
def test_a_minimum_ttl_is_for_several_hops(ttl: int | None, spec: dict[str, Any], expected: list[str]) -> None:
    limits = {} if ttl is None else {"minimumTtl": ttl}
    assert codes(cluster(peer("a", bfdProfile="fast", **spec), profile("fast", **limits))) == expected


FRR_ROOM = "openshift-frr-k8s"


@pytest.mark.parametrize(
    ("mode", "room", "passthrough", "expected"),
    [
        (Mode.FRR, FRR_ROOM, False, []),
        (Mode.FRR_K8S, "", False, []),
        (Mode.FRR_K8S, NAMESPACE, False, []),
        (Mode.FRR_K8S, FRR_ROOM, False, ["password-copied"]),
        (Mode.FRR_K8S, FRR_ROOM, True, ["secret-missing"]),
        (Mode.FRR, FRR_ROOM, True, []),
    ],
)
def test_where_a_secret_is_looked_for_and_what_becomes_of_it(
    mode: Mode, room: str, passthrough: bool, expected: list[str]
) -> None:
    """MetalLB internal/bgp/frrk8s/frrk8s.go: between namespaces the password itself, or with the flag the reference."""
    facts = (GOOD, SecretFact(FRR_ROOM, "s", exists=False))
    snapshot = cluster(peer("a", passwordSecret={"name": "s"}), mode=mode, secrets=facts)
    snapshot = replace(snapshot, frr_namespace=room, secret_passthrough=passthrough)
    assert codes(snapshot) == expected
    # With the flag MetalLB's speakers do not look at Secrets at all (config.go), FRR-K8s does.
    assert refused_on(snapshot, ALL[0]) == []
    assert all("FRR-K8s keeps its old configuration" in f.message for f in check(snapshot) if "missing" in f.code)
    assert snapshot.secret_namespace == (FRR_ROOM if expected == ["secret-missing"] else NAMESPACE)


def test_a_reference_into_the_namespace_of_frr_k8s_is_right_where_that_is_looked_in() -> None:
    elsewhere = peer("a", passwordSecret={"name": "s", "namespace": FRR_ROOM})
    snapshot = cluster(elsewhere, mode=Mode.FRR_K8S, secrets=(SecretFact(FRR_ROOM, "s"), GOOD))
    snapshot = replace(snapshot, frr_namespace=FRR_ROOM)
    assert "secret-namespace-ignored" in codes(snapshot)
    assert codes(replace(snapshot, secret_passthrough=True)) == []


@pytest.mark.parametrize(
    ("spec", "code", "nodes"),
    [
        ({"nodeSelectors": [{"matchLabels": {"rack": "z"}}]}, "no-node-selected", ()),
        ({"sourceAddress": "10.0.0.11", **RACK_A}, "source-address-shared", ON_A),
        ({"sourceAddress": "10.0.0.13", **RACK_B}, "", ()),
        ({"peerAddress": "10.0.0.13"}, "peer-is-the-node", ON_B),
        ({"peerAddress": "10.9.0.1"}, "peer-not-connected", ALL),
        ({"peerAddress": "10.9.0.1", "ebgpMultiHop": True}, "", ()),
        ({"peerAddress": "10.9.0.1", "peerASN": 64500}, "", ()),
    ],
    ids=str,
)
def test_a_peer_against_the_nodes(spec: dict[str, Any], code: str, nodes: tuple[str, ...]) -> None:
    found = check(cluster(peer("a", **spec)))
    assert [(f.code, f.severity, f.nodes) for f in found] == ([(code, Severity.WARNING, nodes)] if code else [])


def test_distance_is_only_judged_where_subnets_are_known() -> None:
    nodes = tuple(Node(node.name, node.labels) for node in NODES)
    assert codes(cluster(peer("a", peerAddress="10.9.0.1"), nodes=nodes)) == []


def test_a_broken_object_of_others_is_found_and_names_its_nodes() -> None:
    (found,) = check(cluster(peer("a", myASN=0, **RACK_A)))
    assert (found.code, found.nodes) == ("my-asn-zero", ON_A)


def test_a_change_is_judged_against_what_the_cluster_holds() -> None:
    before = cluster(peer("a", enableGracefulRestart=True, newer=1))
    changed = Resource.from_manifest(peer("a", enableGracefulRestart=False, newer=2))
    assert [(f.code, f.severity.value) for f in check(before.with_resource(changed))] == [
        ("graceful-restart-immutable", "error"),
        ("unknown-field", "warning"),
    ]
    new = Resource.from_manifest(peer("b", newer=1, **OTHER))
    assert [(f.code, f.severity.value) for f in check(before.with_resource(new), {B})] == [("unknown-field", "error")]
    assert check(before.without(A)) == []


def test_a_peer_that_has_no_name_yet_is_this_peer() -> None:
    found = check(cluster(peer("a"), peer("", peerAddress="10.0.0.2", myASN=64999)))
    (clash,) = (finding.message for finding in found if finding.code == "my-asn-differs")
    assert clash.endswith("64500 (a); 64999 (this peer)")


# The page asks for one myASN, and its own VRF example has another: said once, where it is brought in.
def test_an_as_number_of_a_vrfs_own_is_told_to_the_change_that_brings_it_in() -> None:
    code = "my-asn-differs-across-vrfs"
    before = cluster(peer("a"), peer("b", vrf="red", peerAddress="10.0.0.2", myASN=64999))

    def told(*manifests: dict[str, Any]) -> set[str]:
        standing = [replace(resource, live=resource.spec) for resource in before.resources]
        edits = [Resource.from_manifest(manifest) for manifest in manifests]
        after = replace(before, resources=tuple(standing)).with_resources(edits)
        found = check(after, {edit.ref for edit in edits})
        return {finding.objects[0].name for finding in found if finding.code == code}

    assert code not in codes(before)
    assert told(peer("a", holdTime="90s")) == set()
    assert told(peer("c", peerAddress="10.0.0.3")) == set()
    assert told(peer("c", peerAddress="10.0.0.3", vrf="blue", myASN=64998)) == {"c"}
    assert told(peer("b", vrf="red", peerAddress="10.0.0.2", myASN=64998)) == {"b"}


@pytest.mark.parametrize("wrong", [4294967296, 0, -1])
def test_an_as_number_that_cannot_be_is_compared_with_none(wrong: int) -> None:
    assert not [c for c in codes(cluster(peer("a"), peer("b", **OTHER, myASN=wrong))) if c.startswith("my-asn-differs")]


def test_a_selector_that_does_not_convert_is_not_said_to_match_nothing() -> None:
    wrong = {"nodeSelectors": [{"matchExpressions": [{"key": "rack", "operator": "Is", "values": ["a"]}]}]}
    assert "no-node-selected" not in codes(cluster(peer("a", **wrong)))
    assert codes(cluster(peer("a", nodeSelectors=[{"matchLabels": {"rack": "z"}}]))) == ["no-node-selected"]
