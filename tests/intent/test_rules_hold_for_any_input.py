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
from intent.render import frr_config
from intent.rules import check, check_object, refused_on
from intent.sessions import sessions
from intent.snapshot import Snapshot
from tests.intent.manifests import ALL, NAMESPACE, NODES, RACK_A, RACK_B, cluster, manifest, peer, profile

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
LIKELY = ANYTHING | st.sampled_from(
    [0, 64500, 64501, -1, 2**32, "10.0.0.1", "10.0.0.1%x", "::1", "1m30s", "-1s", "0", "red\n!", True, [{}], [None], ""]
)
NAMES = sorted({field.name for kind in KINDS.values() for field in kind.fields})
SPECS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), LIKELY, max_size=8)
MODES, VERSIONS = st.sampled_from(list(Mode)), st.sampled_from(["", "0.16.1", "v0.14.0", "main", "4.18.0"])
QUICK = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(st.sampled_from(sorted(KINDS)), ANYTHING | SPECS, MODES, VERSIONS)
def test_no_spec_makes_anything_raise(kind: str, spec: Any, mode: Mode, version: str) -> None:
    body = manifest(kind, "peer", spec)
    found = check_object(body, mode=mode, version=version, namespace=NAMESPACE)
    snapshot = cluster(body, peer("other", bfdProfile="peer"), mode=mode, version=version)
    for finding in (*found, *check(snapshot), *refused_on(snapshot, ALL[0])):
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
    profile("fast", echoInterval=50),
]


@QUICK
@given(st.permutations(SETS), st.permutations(NODES), st.dictionaries(st.sampled_from(["x", "y"]), st.text(max_size=3)))
def test_order_and_unrelated_labels_change_nothing(
    manifests: list[Any], nodes: list[Any], labels: dict[str, str]
) -> None:
    plain = cluster(*SETS)
    other = cluster(*manifests, nodes=tuple(replace(node, labels={**node.labels, **labels}) for node in nodes))
    assert check(other) == check(plain)
    assert sessions(other) == sessions(plain)
    assert [refused_on(other, node) for node in ALL] == [refused_on(plain, node) for node in ALL]


@QUICK
@given(st.lists(st.sampled_from(SETS), unique_by=id, min_size=2))
def test_findings_about_an_object_are_the_same_whoever_asks(manifests: list[Any]) -> None:
    snapshot = cluster(*manifests)
    everything = {(finding.code, ref) for finding in check(snapshot) for ref in finding.objects}
    refs = {resource.ref for resource in snapshot.resources}
    asked = {(finding.code, ref) for one in refs for finding in check(snapshot, {one}) for ref in finding.objects}
    assert asked == everything
