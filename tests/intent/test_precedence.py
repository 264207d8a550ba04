"""What must go before what in a change, as MetalLB's webhooks look at objects one after the other."""

from __future__ import annotations

from typing import Any

import pytest

from intent.findings import ObjectRef
from intent.rules.precedence import in_circles, precedence
from intent.snapshot import Mode, Resource, Snapshot
from tests.intent.manifests import NODES, RACK_A, RACK_B, advertisement, peer, pool

Manifest = dict[str, Any]


def _needs(before: list[Manifest], after: list[Manifest]) -> dict[str, set[str]]:
    """Who waits for whom, everything being part of the change."""
    standing, kept = (
        Snapshot.from_manifests(some, nodes=NODES, version="0.16.1", mode=Mode.FRR) for some in (before, after)
    )
    changed = {resource.ref for resource in (*standing.resources, *kept.resources)}
    found = precedence(standing, kept, changed).refused
    return {ref.name: {other.name for other in others} for ref, others in found.items()}


def _community(name: str, alias: str) -> Manifest:
    spec = {"communities": [{"name": alias, "value": "64512:1"}]}
    return {**advertisement(name, **spec), "kind": "Community"}


CASES: dict[str, tuple[list[Manifest], list[Manifest], dict[str, set[str]]]] = {
    "a pool on the range of one that goes": ([pool("a")], [pool("b")], {"b": {"a"}}),
    "a pool elsewhere": ([pool("a")], [pool("b", ["192.0.2.0/24"])], {}),
    "a pool on what another gives up": (
        [pool("b")],
        [pool("a", ["203.0.113.128/25"]), pool("b", ["203.0.113.0/25"])],
        {"a": {"b"}},
    ),
    "a peer of the same neighbour": ([peer("x")], [peer("y")], {"y": {"x"}}),
    "the same in another VRF": ([peer("x")], [peer("y", vrf="red")], {}),
    "the same on other nodes": ([peer("x", **RACK_A)], [peer("y", **RACK_B)], {}),
    "an advertisement of another localPref": (
        [pool(), advertisement("x", localPref=100)],
        [pool(), advertisement("y", localPref=200)],
        {"y": {"x"}},
    ),
    "the same while its pool goes": (
        [pool(), advertisement("x", localPref=100)],
        [advertisement("y", localPref=200)],
        {"y": {"x"}},
    ),
    "an alias that moves": ([_community("a", "one")], [_community("b", "one")], {"b": {"a"}}),
    "addresses that are swapped": (
        [peer("x"), peer("y", peerAddress="10.0.0.2")],
        [peer("x", peerAddress="10.0.0.2"), peer("y")],
        {"x": {"y"}, "y": {"x"}},
    ),
    "one AS for another": (
        [peer("x"), peer("y", peerAddress="10.0.0.2")],
        [peer("x", myASN=64999), peer("y", myASN=64999, peerAddress="10.0.0.2")],
        {"x": {"y"}, "y": {"x"}},
    ),
    "a change of nothing that clashes": ([peer("x")], [peer("x", holdTime="30s")], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_stands_in_the_way_goes_first(case: str) -> None:
    """I4, F1 to F3, A6 and the aliases of MetalLB's internal/config, asked by internal/k8s/webhooks."""
    before, after, expected = CASES[case]
    assert _needs(before, after) == expected


def test_what_clashes_as_it_stands_is_known() -> None:
    standing = Snapshot.from_manifests([peer("x"), peer("y"), peer("z", peerAddress="10.0.0.3")], nodes=NODES)
    after = standing.without(ObjectRef("BGPPeer", "metallb-system", "x")).with_resource(
        Resource.from_manifest(peer("z", peerAddress="10.0.0.4"))
    )
    changed = {ref for ref in (resource.ref for resource in standing.resources) if ref.name in "xz"}
    assert {ref.name for ref in precedence(standing, after, changed).clashing} == {"x"}


def test_only_those_in_a_circle_are_without_order() -> None:
    a, b, c, d = (ObjectRef("BGPPeer", "n", name) for name in "abcd")
    needs = {a: {b}, b: {a, c}, d: {a}}
    assert in_circles(needs) == {a: {b}, b: {a}}
    assert in_circles({a: {b}, b: {c}, d: {a}}) == {}
