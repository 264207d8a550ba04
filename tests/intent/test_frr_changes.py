"""The difference of frr.conf before and after a change is that of the renderer's texts (MetalLB's, metallb.md 4.3)."""

from __future__ import annotations

from dataclasses import replace
from difflib import unified_diff

from intent.frr_changes import UNCHANGED, configuration_changes
from intent.render import frr_config
from intent.snapshot import Mode, Node, Snapshot
from tests.intent.manifests import ALL, RACK_A, RACK_B, advertisement, cluster, peer, pool, profile, service

BEFORE = cluster(peer("tor"), pool(), advertisement(), services=(service("web", "203.0.113.9"),))


def but(*manifests: object) -> Snapshot:
    return BEFORE.with_resources(cluster(*manifests).resources)


def places(after: Snapshot, before: Snapshot = BEFORE) -> list[tuple[str, ...]]:
    return [one.nodes for one in configuration_changes(before, after).kinds]


def test_each_difference_is_that_of_the_texts_and_names_the_nodes_where_it_is_the_same() -> None:
    after = but(peer("rack", peerAddress="10.0.0.9", **RACK_A))
    (found,) = configuration_changes(BEFORE, after).kinds
    assert found.nodes == ALL[:2]
    old, new = (frr_config(snapshot, ALL[0]).splitlines() for snapshot in (BEFORE, after))
    assert found.diff.splitlines()[2:] == list(unified_diff(old, new, lineterm=""))[2:]


def test_what_changes_nothing_on_a_node_is_no_difference_there() -> None:
    assert configuration_changes(BEFORE, BEFORE) == UNCHANGED
    assert places(but(pool("spare", ["198.51.100.0/24"]))) == []
    assert places(but(advertisement(**RACK_B))) == [ALL[:2]]
    assert places(but(profile("fast"))) == [ALL]  # every profile is written on every node
    assert places(replace(but(peer("more", peerAddress="10.0.0.9")), mode=Mode.NATIVE)) == []


def test_one_endpoint_a_node_makes_a_kind_of_its_own_and_few_are_told() -> None:
    nodes = tuple(Node(f"node-{n}") for n in range(12))
    services = tuple(service(f"s{n}", f"203.0.113.{n}", nodes=(f"node-{n}",), local=True) for n in range(12))
    before = replace(BEFORE, nodes=nodes, services=services)
    after = before.with_resources(cluster(advertisement(communities=["65000:1"])).resources)
    found = configuration_changes(before, after)
    assert ([len(one.nodes) for one in found.kinds], found.more) == ([1] * 5, 7)


def test_a_long_difference_is_cut() -> None:
    services = tuple(service(f"s{n}", f"203.0.113.{n}") for n in range(250))
    before = replace(BEFORE, services=services)
    gone = before.without(*(one.ref for one in before.resources if one.name == "adv"))
    (found,) = configuration_changes(before, gone).kinds
    assert (len(found.diff.splitlines()), found.more > 0) == (400, True)
