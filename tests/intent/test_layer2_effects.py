"""Who may answer ARP and NDP before and after a change (MetalLB, speaker/layer2_controller.go)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from intent.announcements import ServiceRef
from intent.announcements.cluster import EXCLUDED
from intent.announcements.layer2 import Candidates, Layer2, layer2_on_nodes
from intent.layer2_effects import layer2_effects
from intent.snapshot import Snapshot
from lab.status.layer2 import owners
from tests.intent.manifests import ALL, RACK_A, RACK_B, cluster, manifest, pool, service

ONE, TWO, THREE = ALL
WEB = ServiceRef("shop", "web")
ADDRESS = "203.0.113.9"


def layer2(name: str = "arp", /, **spec: Any) -> dict[str, Any]:
    return manifest("L2Advertisement", name, spec, version="v1beta1")


def lan(*advertisements: Any, **facts: Any) -> Snapshot:
    return cluster(pool(), *advertisements, services=(service("web", ADDRESS, **facts),))


def test_a_service_gains_loses_moves_or_stays() -> None:
    every, rack_a, rack_b, none = lan(layer2()), lan(layer2(**RACK_A)), lan(layer2(**RACK_B)), lan()
    (gain,) = layer2_effects(none, rack_a, {}).services
    assert (gain.gained, gain.after, gain.addresses) == (True, Candidates((ONE, TWO)), (ADDRESS,))
    (loss,) = layer2_effects(rack_a, none, {WEB: ONE}).services
    assert (loss.lost, loss.before.nodes, loss.moves, loss.stays) == (True, (ONE, TWO), False, False)
    (move,) = layer2_effects(rack_a, rack_b, {WEB: ONE}).services
    assert (move.moves, move.after.nodes, move.stays) == (True, (THREE,), False)
    (fewer,) = layer2_effects(every, rack_a, {WEB: ONE}).services
    assert (fewer.stays, fewer.moves) == (True, False)
    (more,) = layer2_effects(rack_a, every, {WEB: ONE}).services
    assert (more.stays, more.moves, more.lost, more.gained) == (False, False, False, False)
    assert layer2_effects(every, every, {}).services == ()


def test_interfaces_count_and_a_missing_endpoint_leaves_nobody() -> None:
    named, both = lan(layer2(interfaces=["eth1"])), lan(layer2(interfaces=["eth1"]), layer2("all"))
    (change,) = layer2_effects(named, both, {}).services
    assert (change.before.interfaces, change.after.interfaces) == (("eth1",), ())
    assert layer2_effects(lan(), lan(layer2(), nodes=()), {}).services == ()
    (local,) = layer2_effects(lan(), lan(layer2(), nodes=(TWO,), local=True), {}).services
    assert local.after.nodes == (TWO,)


_SOME = st.lists(st.sampled_from(({}, RACK_A, RACK_B, {"ipAddressPools": ["other"]})), max_size=2)


@given(_SOME, _SOME)
def test_who_stays_and_who_moves_is_what_metallbs_hash_says(before: list[Any], after: list[Any]) -> None:
    old, new = (lan(*(layer2(f"l{n}", **spec) for n, spec in enumerate(some))) for some in (before, after))
    was, will = ({owner.service: owner.node for owner in owners(one)} for one in (old, new))
    for change in layer2_effects(old, new, {WEB: was[WEB]} if WEB in was else {}).services:
        assert change.lost == (WEB in was and WEB not in will)
        assert change.gained == (WEB not in was and WEB in will)
        assert not change.stays or was[WEB] == will[WEB]
        assert not change.moves or was[WEB] != will[WEB]
    assert Layer2(new).candidates(new.services[0]).nodes == layer2_on_nodes(new, new.services[0]).get(None, ())


@given(_SOME, st.sets(st.sampled_from((*ALL, "gone", ""))), st.booleans(), st.sets(st.sampled_from(ALL)))
def test_whether_anybody_may_answer_is_whether_there_is_a_candidate(
    some: list[Any], endpoints: set[str], local: bool, excluded: set[str]
) -> None:
    now = lan(*(layer2(f"l{n}", **spec) for n, spec in enumerate(some)), nodes=tuple(sorted(endpoints)), local=local)
    nodes = tuple(
        replace(node, labels={**node.labels, EXCLUDED: ""}) if node.name in excluded else node for node in now.nodes
    )
    found = Layer2(replace(now, nodes=nodes, memo={}))
    assert found.anybody(now.services[0]) == bool(found.candidates(now.services[0]).nodes)
