"""The way back of a VRF, from nmstate's policies (OpenShift, "Managing symmetric routing with MetalLB")."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from intent.returnpath import PolicyPath, return_path, told
from intent.snapshot import Node
from lab.seed.network import vrf_policy

POLICY: dict[str, Any] = vrf_policy()["spec"]
WORKER = {"node-role.kubernetes.io/worker": ""}
NODES = (Node("one", WORKER), Node("two", WORKER))


def path(spec: dict[str, Any], result: str = "Available") -> PolicyPath:
    (found,) = return_path("ens4vrf", [("policy", result, spec)], NODES).policies
    return found


def without(*keys: str) -> dict[str, Any]:
    spec = deepcopy(POLICY)
    holder = spec["desiredState"]
    for key in keys[:-1]:
        holder = holder[key]
    del holder[keys[-1]]
    return spec


def test_the_documented_policy_is_the_whole_way_back() -> None:
    found = return_path("ens4vrf", [("ens4vrf", "Available", POLICY)], NODES)
    assert found.known
    assert (found.proved, found.open) == (("one", "two"), ())
    assert (found.policies[0].tables, found.policies[0].routes, found.policies[0].rules) == ((2,), 1, 3)


def test_nodes_that_no_policy_selects_are_open() -> None:
    found = return_path("ens4vrf", [("ens4vrf", "Available", POLICY)], (*NODES, Node("control", {})))
    assert not found.known
    assert found.open == ("control",)


@pytest.mark.parametrize(
    ("spec", "result", "lacks"),
    [
        (without("routes"), "Available", "a route in the VRF's table"),
        (without("route-rules"), "Available", "a route rule to the main table"),
        (POLICY, "Degraded", "the condition Available"),
        (POLICY, "", "the condition Available"),
    ],
)
def test_what_a_policy_lacks_is_named_and_proves_nothing(spec: dict[str, Any], result: str, lacks: str) -> None:
    assert path(spec, result).missing == (lacks,)
    assert not return_path("ens4vrf", [("policy", result, spec)], NODES).known


def test_a_table_that_is_not_the_vrfs_does_not_count() -> None:
    spec = deepcopy(POLICY)
    spec["desiredState"]["routes"]["config"][0]["table-id"] = 7
    assert path(spec).routes == 0
    spec["desiredState"]["interfaces"][0]["vrf"] = {}
    assert "a route table of the VRF" in path(spec).missing


def test_policies_of_other_vrfs_and_of_removed_ones_say_nothing() -> None:
    absent = deepcopy(POLICY)
    absent["desiredState"]["interfaces"][0]["state"] = "absent"
    assert return_path("other", [("policy", "Available", POLICY)], NODES).policies == ()
    assert return_path("ens4vrf", [("policy", "Available", absent)], NODES).policies == ()
    assert not return_path("ens4vrf", [], ()).known


@pytest.mark.parametrize("odd", [None, 7, "vrf", [7], {"config": 7}, [{"type": "vrf", "vrf": 7, "name": "ens4vrf"}]])
def test_whatever_stands_in_a_policy_is_survived(odd: Any) -> None:
    for name in ("interfaces", "routes", "route-rules"):
        spec = {**POLICY, "desiredState": {**POLICY["desiredState"], name: odd}}
        return_path("ens4vrf", [("policy", "Available", spec)], NODES)
        told(spec["desiredState"])


def test_only_vrfs_routes_and_rules_are_kept_of_a_state() -> None:
    state = deepcopy(POLICY["desiredState"])
    state["interfaces"].append({"name": "ens5", "type": "ethernet", "802.1x": {"private-key-password": "hunter2"}})
    state["dns-resolver"] = {"config": {"server": ["192.0.2.1"]}}
    kept = told(state)
    assert "hunter2" not in str(kept)
    assert [each["name"] for each in kept["interfaces"]] == ["ens4vrf"]
    assert set(kept) == {"interfaces", "routes", "route-rules"}
