"""Traffic that is lost inside an aggregate (MetalLB speaker/bgp_controller.go), found by node and one by one alike."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from intent.rules.aggregates import MOST, Aggregates
from intent.rules.view import View
from intent.snapshot import Node, Service
from tests.intent.manifests import cluster, pool

NODES = tuple(Node(f"n{number}") for number in range(6))


def _view(services: list[Service]) -> View:
    return View(cluster(pool(addresses=["10.0.0.0/16"]), nodes=NODES, services=tuple(services)))


def _one_by_one(view: View, length: int, nodes: int) -> set[str]:
    """Of all pairs in one aggregate: is there a node that announces it for another service, and has no endpoint?"""
    lost = set()
    held = view.services.in_pool(0, 4)
    for name, service, address in held:
        mine = view.services.nodes(service) & nodes
        for _, other, beside in held:
            if service.local and mine and address >> (32 - length) == beside >> (32 - length):
                theirs = view.services.nodes(other) if other.local else -1 if other.endpoint_nodes else 0
                lost |= {name} if theirs & nodes & ~mine else set()
    return lost


@given(st.randoms(use_true_random=False))
def test_both_ways_find_the_same(chance: random.Random) -> None:
    services = [
        Service(
            namespace="shop",
            name=f"web-{number}",
            addresses=(f"10.0.{chance.randrange(3)}.{number}",),
            local=chance.random() < 0.8,
            endpoint_nodes=tuple(node.name for node in chance.sample(NODES, chance.randrange(3))),
        )
        for number in range(chance.randrange(12))
    ]
    view, length = _view(services), chance.choice((16, 23, 24, 26))
    found = Aggregates(view.services, 1, 4, length)
    for nodes in range(1 << len(NODES)):
        assert set(found.lost(nodes)) == _one_by_one(view, length, nodes)


def test_no_more_are_looked_for_than_make_a_difference() -> None:
    services = [
        Service(
            namespace="shop",
            name=f"web-{number}",
            addresses=(f"10.0.{number // 250}.{number % 250}",),
            local=True,
            endpoint_nodes=(f"n{number % 6}",),
        )
        for number in range(1000)
    ]
    assert len(Aggregates(_view(services).services, 1, 4, 16).lost(0b111111)) == MOST
