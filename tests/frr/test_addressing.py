"""Who has which address in the lab with real FRR."""

from __future__ import annotations

from intent.snapshot import Node
from lab.frr.addressing import segments

NODE = Node("worker", addresses=("172.18.0.11", "fd00:18::b"))


def test_a_node_keeps_its_own_address_and_gets_one_beside_every_router() -> None:
    plan = segments([NODE], ["default", "red"], [("default", "10.0.0.1", True), ("red", "fd00:1::1", True)])

    assert plan["default"].own(NODE, 2) == ["172.18.0.11/24", "fd00:18::b/64", "10.0.0.102/24"]
    assert plan["red"].own(NODE, 2) == ["fd00:1::1002/64"]
    assert plan["default"].source("10.0.0.1", NODE, 2) == "10.0.0.102"


def test_a_router_further_away_is_met_through_a_gateway_on_the_nodes_link() -> None:
    plan = segments([NODE], ["default", "red"], [("default", "10.9.0.1", False), ("red", "10.9.0.1", False)])

    assert plan["default"].source("10.9.0.1", NODE, 0) == "172.18.0.11"
    assert str(plan["default"].gateway(4)) == "172.18.0.254"
    assert plan["red"].source("10.9.0.1", NODE, 0) == "100.64.1.100"
    assert plan["red"].far_versions() == [4]
