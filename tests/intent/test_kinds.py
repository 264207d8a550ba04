"""What follows from the description of the kinds."""

from __future__ import annotations

from typing import Any

import pytest

from intent.findings import Finding, Severity
from intent.kinds import KINDS, STATUS_KINDS, Field, Kind
from intent.kinds.route_targets import rules
from intent.modes import Mode
from intent.rules import check_object

PEER = KINDS["BGPPeer"]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("myASN", "my_asn"), ("peerASN", "peer_asn"), ("dynamicASN", "dynamic_asn"), ("localASN", "local_asn"),
        ("routerID", "router_id"), ("ebgpMultiHop", "ebgp_multi_hop"), ("disableMP", "disable_mp"), ("vrf", "vrf"),
        ("bfdProfile", "bfd_profile"), ("passwordSecret", "password_secret"), ("holdTime", "hold_time"),
        ("enableGracefulRestart", "enable_graceful_restart"), ("dualStackAddressFamily", "dual_stack_address_family"),
    ],
)  # fmt: skip
def test_columns_are_named_in_snake_case(name: str, column: str) -> None:
    assert PEER.field(name).column == column


def test_the_stored_version_is_the_newest_and_v1beta1_is_still_served() -> None:
    assert (PEER.api_version, PEER.served_versions) == ("metallb.io/v1beta2", ("v1beta1", "v1beta2"))
    legacy = PEER.openapi_schema("v1beta1")["properties"]["spec"]
    assert legacy["required"] == ["myASN", "peerASN", "peerAddress"]
    assert "passwordSecret" not in legacy["properties"]


SPEC: dict[str, Any] = {"myASN": 64500, "peerAddress": "10.0.0.1"}


@pytest.mark.parametrize(
    "extra",
    [
        {"peerPort": 179}, {"disableMP": False, "dualStackAddressFamily": False}, {"vrf": None}, {"peerPort": None},
        {"passwordSecret": None},
    ],
)  # fmt: skip
def test_nulls_and_schema_defaults_make_no_difference(extra: dict[str, Any]) -> None:
    assert PEER.canonical(SPEC | extra) == PEER.canonical(SPEC) == SPEC


@pytest.mark.parametrize(
    "extra",
    [{"peerPort": 1179}, {"ebgpMultiHop": False}, {"nodeSelectors": []}, {"newerField": None}, {"holdTime": "90s"}],
)
def test_everything_else_does(extra: dict[str, Any]) -> None:
    assert PEER.canonical(SPEC | extra) == SPEC | extra


def test_nulls_inside_known_objects_go_too() -> None:
    selectors = {
        "nodeSelectors": [{"matchLabels": None, "matchExpressions": [{"key": "a", "operator": "In", "values": None}]}]
    }
    assert PEER.canonical(selectors) == {"nodeSelectors": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]}


def test_defaults_are_filled_in_as_the_api_server_does() -> None:
    defaults = {"peerPort": 179, "disableMP": False, "dualStackAddressFamily": False}
    assert PEER.with_defaults(SPEC | {"peerPort": None, "vrf": None}) == SPEC | defaults
    assert PEER.with_defaults(SPEC | {"peerPort": 1179})["peerPort"] == 1179


def test_the_spec_that_is_given_is_not_changed() -> None:
    spec: dict[str, Any] = {"peerPort": 179, "nodeSelectors": [{"matchLabels": None}]}
    PEER.canonical(spec)
    PEER.with_defaults(spec)
    assert spec == {"peerPort": 179, "nodeSelectors": [{"matchLabels": None}]}


def test_what_people_configure_is_told_from_what_is_reported() -> None:
    assert set(KINDS) == {
        "BGPPeer", "BFDProfile", "IPAddressPool", "BGPAdvertisement", "L2Advertisement", "Community",
    }  # fmt: skip
    assert set(STATUS_KINDS).isdisjoint(KINDS)
    assert [kind.kind for kind in STATUS_KINDS.values() if kind.scope == "Cluster"] == ["FRRNodeState"]
    assert STATUS_KINDS["FRRNodeState"].crd()["spec"]["scope"] == "Cluster"


# frr-k8s api/v1beta1: the rules of ImportRouteTarget, ExportRouteTarget and RouteDistinguisher.
@pytest.mark.parametrize(
    ("value", "exported", "imported"),
    [
        ("65000:4294967295", [], []), ("192.0.2.1:65535", [], []), ("4200000000:65535", [], []),
        ("*:100", ["administrator"], []), ("*:4294967296", ["administrator"], ["wildcard"]),
        ("65000", ["one-colon"], ["one-colon"]), ("1:2:3", ["one-colon"], ["one-colon"]),
        ("192.0.2.1:65536", ["with-ipv4"], ["with-ipv4"]), ("65000:x", ["assigned-number"], ["assigned-number"]),
        ("4200000000:65536", ["with-4-byte-asn"], ["with-4-byte-asn"]),
        ("65535:4294967296", ["with-2-byte-asn"], ["with-2-byte-asn"]),
    ],
)  # fmt: skip
def test_route_targets_follow_their_rules(value: str, exported: list[str], imported: list[str]) -> None:
    assert [rule.name for rule in rules("RT") if not rule.holds(value, None)] == exported
    assert [rule.name for rule in rules("RT", wildcard=True) if not rule.holds(value, None)] == imported


NUMBERS = [(kind, field) for kind in KINDS.values() for field in kind.fields if field.type == "integer" and field.range]


@pytest.mark.parametrize(("kind", "field"), NUMBERS, ids=lambda one: one.kind if isinstance(one, Kind) else one.name)
def test_the_way_out_of_a_number_leads_to_no_other_refusal(kind: Kind, field: Field) -> None:
    """The range that is named is the one that all rules leave, at both ends and not wider."""

    def told(value: int) -> list[Finding]:
        manifest = {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": "a", "namespace": "metallb-system"},
            "spec": {**({"myASN": 64500, "peerASN": 64501} if kind is PEER else {}), field.name: value},
        }
        found = check_object(manifest, mode=Mode.FRR, version="0.16.0", namespace="metallb-system")
        return [one for one in found if one.field == f"spec.{field.name}" and one.severity is Severity.ERROR]

    assert field.range is not None
    low, high = field.range
    assert told(low) == told(high) == []
    assert low == field.bounds[0] or told(low - 2)
    assert high == field.bounds[1] or told(high + 1)
    wrong = [*told(field.bounds[0] - 1), *told(field.bounds[1] + 1)]
    hints = [one.hint for one in wrong if one.code == "out-of-range"]
    assert len(hints) == 2
    assert all(f"from {low} to {high}" in hint for hint in hints)
