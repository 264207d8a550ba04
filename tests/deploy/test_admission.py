"""The admission policy of the collector's commands: all that the product runs, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from inspect import isfunction
from itertools import product

import pytest

from clusters.kube.discovery import FRR_CONTAINER
from speakers.frr import commands
from tests.deploy.rendered import OVERLAYS, named, overlay

_VRFS = ("", "red", "ens4vrf", "a_b.c-d")
_NEIGHBORS = ("10.0.0.1", "2001:db8::1", "eth0", "bond0.100", "eth0@if2", "_x")
# Arguments of every function that makes a command; one that is new is missing here.
_CALLS: dict[str, Iterable[tuple[object, ...]]] = {
    "neighbors_all": [()],
    "neighbor": product(_VRFS, _NEIGHBORS),
    "routes": product(_VRFS, commands.FAMILIES),
    "routes_shown": product(_VRFS, commands.FAMILIES),
    "exchanged": product(_VRFS, _NEIGHBORS, commands.FAMILIES, commands.EXCHANGED),
    "lookup": product(("10.0.0.0/24", "10.0.0.1", "2001:db8::/32", "::1"), [("", "red")]),
    "told": [
        (
            [(vrf, neighbor, family) for vrf in _VRFS for neighbor in _NEIGHBORS for family in commands.FAMILIES],
            ["10.0.0.1-red-out", "fd00:4::1-out", "eth0@if2-out"],
        )
    ],
    "explained": [
        ([("red", "10.0.0.0/24"), ("", "::1")], [(4, "10.0.0.1-red-large:1:2:3-ip-community-prefixes"), (6, "_x")])
    ],
    "next_hop": product(_VRFS, _NEIGHBORS),
}
ALLOWED = (
    commands.SWEEP,
    *(getattr(commands, name)(*arguments) for name, calls in _CALLS.items() for arguments in calls),
    *(commands.neighbor("red", neighbor, json=True) for neighbor in _NEIGHBORS),
)
REFUSED = (
    ("sh", "-c", "vtysh -c 'show version'"),
    ("vtysh", "-c", "configure terminal"),
    ("vtysh", "-c", "show version", "-c", "configure terminal"),
    ("vtysh", "-c", "show running-config"),
    ("vtysh", "-c", "show version\nconfigure terminal"),
    ("vtysh", "-c", "show version | include x"),
    ("vtysh", "-c", "show bgp vrf red neighbors 10.0.0.1 json extra"),
    ("vtysh", "-c", "clear bgp *"),
    ("vtysh", "-c", "show route-map"),
    ("vtysh", "-c", "show ip prefix-list json"),
    ("vtysh", "-c", "show ip route vrf red 10.0.0.1 json"),
    ("vtysh", "-c", "show bgp vrf red ipv4 unicast neighbors 10.0.0.1 filtered-routes json"),
    ("vtysh", "-c", "show bgp vrf red ipv4 unicast 10.0.0.1 json detail"),
    ("vtysh", "-c", "show bgp vrf red ipv4 unicast neighbors 10.0.0.1 filtered-routes json"),
    ("vtysh", "-c", "show ip route vrf red"),
    ("vtysh", "-f", "/etc/passwd"),
    ("vtysh", "-c", "show version", "-b"),
    ("vtysh", "-c", "-c"),
    ("vtysh", "show version", "-c"),
    ("vtysh",),
    (),
    ("cat", "/etc/frr/frr.conf"),
)
# What CEL says with this list of validations, in Python. tests/deploy/test_on_api_server.py lets CEL say it.
_SHAPE = (
    "size(object.command) % 2 == 1 && size(object.command) >= 3 && object.command[0] == 'vtysh' "
    "&& object.command.join('|').matches('"
)


def _pattern(name: str) -> str:
    policy = named(overlay(name), "ValidatingAdmissionPolicy", "bgpui-bgpui-exec")
    (expression,) = (one["expression"] for one in policy["spec"]["validations"] if one["expression"].startswith(_SHAPE))
    found: str = expression.removeprefix(_SHAPE).removesuffix("')")
    return found


def allowed(pattern: str, argv: Sequence[str]) -> bool:
    """Whether a command passes."""
    shaped = len(argv) % 2 == 1 and len(argv) >= 3 and argv[0] == "vtysh"
    return shaped and re.fullmatch(pattern, "|".join(argv)) is not None


def test_no_command_of_the_product_is_missing_here() -> None:
    makers = {name for name, found in vars(commands).items()
              if isfunction(found) and found.__annotations__["return"] == "Argv"}  # fmt: skip
    assert makers - {"_vtysh"} == _CALLS.keys()


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_command_of_the_product_passes_and_no_other(name: str) -> None:
    pattern = _pattern(name)
    assert pattern.startswith("^")
    assert pattern.endswith("$")
    assert [argv for argv in ALLOWED if not allowed(pattern, argv)] == []
    assert [argv for argv in REFUSED if allowed(pattern, argv)] == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_it_is_in_force_for_both_accounts_and_the_container_with_frr(name: str) -> None:
    policy = named(overlay(name), "ValidatingAdmissionPolicy", "bgpui-bgpui-exec")["spec"]
    binding = named(overlay(name), "ValidatingAdmissionPolicyBinding", "bgpui-bgpui-exec")["spec"]
    assert policy["failurePolicy"] == "Fail"
    assert policy["matchConstraints"]["resourceRules"] == [
        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CONNECT"], "resources": ["pods/exec"]}
    ]
    (condition,) = policy["matchConditions"]
    for account in ("web", "collector"):
        assert f"'system:serviceaccount:bgpui:bgpui-{account}'" in condition["expression"]
    assert any(f"object.container == '{FRR_CONTAINER}'" in one["expression"] for one in policy["validations"])
    assert binding["policyName"] == "bgpui-bgpui-exec"
    assert "Deny" in binding["validationActions"]
