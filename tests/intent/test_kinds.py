"""What follows from the description of the kinds."""

from __future__ import annotations

from typing import Any

import pytest

from intent.kinds import KINDS

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
