"""Every way for a session not to be whole has one cause, in words, with a side and something to check."""

from __future__ import annotations

import json
from typing import Any

import pytest

from speakers.frr import parse
from speakers.frr.conditions import Condition, condition
from speakers.frr.neighbor import Neighbor
from speakers.frr.notifications import NOTIFICATIONS, notification
from speakers.frr.reasons import BY_RESET, REASONS, WEAK
from tests.speakers import samples
from tests.speakers.seen import UP, intended


def neighbor(**fields: Any) -> Neighbor:
    found = parse.neighbors(json.dumps({"default": {"10.0.0.1": fields}}).encode())
    assert isinstance(found, list)
    return found[0]


def judged(state: str = "Active", **fields: Any) -> Condition:
    return condition(neighbor(bgpState=state, **fields))


def told(code: int, error: str) -> dict[str, Any]:
    return {"lastResetCode": code, "lastErrorCodeSubcode": error}


@pytest.mark.parametrize(
    ("state", "fields", "reason", "side"),
    [
        ("Idle", {"adminShutDown": True, "lastResetCode": 11}, "admin-shutdown", "ours"),
        ("Idle", {"prefixesConfigExceedMax": True} | told(14, "0601"), "prefix-limit-exceeded", "theirs"),
        ("Idle", told(14, "0202"), "bad-peer-as-sent", "ours"),
        ("Active", told(13, "0202"), "bad-peer-as-received", "theirs"),
        ("Active", told(13, "0203"), "bad-bgp-identifier-received", "ours"),
        ("Active", told(13, "0602"), "administrative-shutdown-received", "theirs"),
        ("Connect", told(13, "0603"), "peer-deconfigured-received", "theirs"),
        ("Active", told(13, "0605"), "connection-rejected-received", "unknown"),
        ("Active", told(14, "0400"), "hold-timer-expired-sent", "path"),
        # A mute router: the timer that ran out is that of OpenSent.
        ("Connect", told(14, "0400") | {"connectionsEstablished": 0}, "no-open", "theirs"),
        ("Connect", told(14, "0400") | {"connectionsEstablished": 1}, "hold-timer-expired-sent", "path"),
        ("Active", told(13, "0400"), "hold-timer-expired-received", "path"),
        ("Active", told(14, "060A"), "bfd-down-sent", "path"),
        ("Active", told(13, "0299"), "open-error-received", "unknown"),
        # What this side did to itself ends a session, but does not explain why it stays down.
        ("Active", told(14, "0606"), "no-connection", "theirs"),
        ("Connect", told(14, "0604") | {"authenticationEnabled": 1}, "no-answer-or-password", "unknown"),
        ("Idle", told(14, "0606"), "restarting", "ours"),
        ("Active", told(13, "0607"), "collision-received", "theirs"),
        ("Active", told(14, "0607"), "no-connection", "theirs"),
        ("Active", {"lastResetCode": 37, "lastResetDueTo": "Password config change"}, "no-connection", "theirs"),
        ("Active", {"lastResetCode": 15}, "peer-closed", "theirs"),
        ("Active", {"lastResetCode": 24}, "bfd-down", "path"),
        ("Idle", {"lastResetCode": 25}, "interface-down", "ours"),
        ("Connect", {"lastResetCode": 32}, "no-answer", "path"),
        ("Idle", {"lastResetCode": 27}, "no-route", "ours"),
        ("Active", {"lastResetCode": 27, "externalBgpNbrMaxHopsAway": 1}, "not-connected", "ours"),
        ("Active", {"lastResetCode": 27, "externalBgpNbrMaxHopsAway": 255}, "no-route", "ours"),
        ("Active", {"lastResetDueTo": "Waiting for NHT"}, "no-route", "ours"),
        ("Idle", {"lastResetCode": 28}, "no-link-local", "path"),
        ("Idle", {"lastResetCode": 29}, "vrf-missing", "ours"),
        ("Idle", {"lastResetCode": 30}, "no-address-family", "ours"),
        ("Active", {"lastResetCode": 30, "addressFamilyInfo": {"ipv4Unicast": {}}}, "no-connection", "theirs"),
        ("Active", {"lastResetCode": 32}, "no-connection", "theirs"),
        ("Connect", {"lastResetCode": 32, "authenticationEnabled": 1}, "no-answer-or-password", "unknown"),
        ("Connect", told(13, "0606"), "no-answer", "path"),
        ("Connect", told(13, "0606") | {"authenticationEnabled": 1}, "no-answer-or-password", "unknown"),
        ("Active", told(13, "0606"), "configuration-change-received", "theirs"),
        ("OpenSent", {"lastResetCode": 32}, "no-open", "theirs"),
        ("OpenConfirm", {}, "no-keepalive", "theirs"),
        ("Active", {"bgpStateIs": "passiveNSF", "lastResetCode": 22}, "graceful-restart", "theirs"),
        ("Active", {"bgpStateIs": "passive", "lastResetCode": 32}, "passive", "ours"),
        ("Idle", {"lastReset": "never"}, "idle", "unknown"),
        ("Idle", {"lastResetCode": 2}, "restarting", "ours"),
        ("Active", {"lastResetCode": 9999}, "no-connection", "theirs"),
        ("Active", told(13, "FFFF"), "no-connection", "theirs"),
        ("Active", told(13, "zz"), "no-connection", "theirs"),
    ],
)  # fmt: skip
def test_a_session_that_is_down_has_a_cause(state: str, fields: dict[str, Any], reason: str, side: str) -> None:
    found = judged(state, **fields)
    assert (found.state, found.reason, REASONS[found.reason].side) == (state, reason, side)
    assert found.cause.startswith(REASONS[reason].title)


def test_a_notification_is_named_with_its_numbers_and_the_routers_own_words() -> None:
    found = judged(**told(13, "0602"), lastShutdownDescription="maintenance window 42")
    assert found.cause == (
        "The router's administrator shut the session down (NOTIFICATION 6/2 Administrative Shutdown received): "
        "“maintenance window 42”"
    )


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("frr8.4.4-after-failures-show-bgp-vrf-default-neighbors.json", {
            "172.18.0.6": "", "eth1": "prefix-limit-exceeded", "172.18.0.5": "administrative-shutdown-received",
            "172.18.0.97": "no-connection", "172.18.0.98": "admin-shutdown", "172.18.0.99": "no-connection",
            "fc00:f853:ccd:e793::5": "bad-peer-as-sent",
        }),
        ("frr10.3-after-failures-show-bgp-vrf-default-neighbors.json", {
            "172.18.0.6": "", "eth1": "prefix-limit-exceeded", "172.18.0.5": "administrative-shutdown-received",
            "172.18.0.97": "no-connection", "172.18.0.98": "admin-shutdown", "172.18.0.99": "no-connection",
            "fc00:f853:ccd:e793::5": "bad-peer-as-sent",
        }),
        ("frr10.3-show-bgp-vrf-red-neighbors.json", {"172.18.2.5": "vrf-missing"}),
    ],
)  # fmt: skip
def test_recorded_failures_are_recognised(file: str, expected: dict[str, str]) -> None:
    found = parse.neighbors((samples.OWN / file).read_bytes(), "default")
    assert isinstance(found, list)
    assert {n.key: condition(n).reason for n in found} == expected


@pytest.mark.parametrize(
    ("fields", "families", "reason"),
    [
        ({}, ("ipv4",), ""),
        ({"lastResetCode": 14, "lastErrorCodeSubcode": "060A"}, ("ipv4",), ""),  # history
        ({"bgpTimerLastRead": 60000}, ("ipv4",), ""),
        ({"bgpTimerLastRead": 60001}, ("ipv4",), "silent"),
        ({"bgpTimerLastRead": 10**9, "bgpTimerHoldTimeMsecs": 0}, ("ipv4",), ""),  # no keepalives (RFC 4271, 4.4)
        ({"bgpTimerLastRead": 30000, "bgpTimerKeepAliveIntervalMsecs": 10000}, ("ipv4",), ""),  # ours is not theirs
        ({"peerBfdInfo": {"status": "Up"}}, ("ipv4",), ""),
        ({"peerBfdInfo": {"status": "Down"}}, ("ipv4",), "bfd-down"),
        ({"peerBfdInfo": {"status": "Admin Down"}}, ("ipv4",), "bfd-down"),
        ({}, ("ipv4", "ipv6"), "family-missing"),
        ({"neighborCapabilities": {"multiprotocolExtensions": {"ipv4Unicast": {"advertised": True}}}}, ("ipv4",), ""),
        ({"addressFamilyInfo": {}, "neighborCapabilities": {}}, ("ipv4",), "family-missing"),
    ],
)  # fmt: skip
def test_an_established_session_is_degraded_for_three_reasons(
    fields: dict[str, Any], families: tuple[str, ...], reason: str
) -> None:
    found = condition(neighbor(**(UP | fields)), intended("node-1", families=families))
    assert (found.state, found.reason, bool(found.degraded)) == ("Established", reason, bool(reason))


def test_the_missing_family_is_named() -> None:
    found = condition(neighbor(**UP), intended("node-1", families=("ipv4", "ipv6")))
    assert found.degraded == "An intended address family is not in use: ipv6Unicast"
    assert found.evidence == {
        "missing": ["ipv6Unicast"],
        "addressFamilyInfo": ["ipv4Unicast"],
        "BGPPeer families": ["ipv4", "ipv6"],
    }


def test_the_evidence_names_what_the_peer_is_configured_with() -> None:
    peer = intended("node-1", peer_asn=64999, bfd_profile="fast", multihop=True)
    found = condition(neighbor(bgpState="Idle", remoteAs=64999, localAs=64512, **told(14, "0202")), peer)
    assert (
        found.evidence.items()
        >= {
            "lastErrorCodeSubcode": "0202",
            "remoteAs": 64999,
            "BGPPeer peerASN": 64999,
            "BGPPeer myASN": 64512,
        }.items()
    )
    assert "BGPPeer bfdProfile" not in found.evidence
    unreached = condition(neighbor(bgpState="Connect"), peer)
    assert unreached.evidence == {"BGPPeer peerPort": 179, "BGPPeer ebgpMultiHop": True}


def test_a_condition_does_not_move_while_the_session_stays_as_it_is() -> None:
    later = UP | {"bgpTimerLastRead": 90000, "bgpTimerUpMsec": 99}
    assert condition(neighbor(**(UP | {"bgpTimerLastRead": 70000}))) == condition(neighbor(**later))


def test_every_table_leads_to_a_reason_with_something_to_check() -> None:
    assert {*BY_RESET.values(), *WEAK} <= REASONS.keys()
    for code, reason in REASONS.items():
        assert len(code) <= 40
        assert reason.title
        assert reason.check
        assert reason.side in {"ours", "theirs", "path", "unknown"}


def test_a_subcode_without_a_row_of_its_own_takes_that_of_its_code() -> None:
    rows = {(row.code, row.subcode) for row in NOTIFICATIONS}
    assert len(rows) == len(NOTIFICATIONS)
    for code in range(1, 9):
        found = notification(code, 250)
        assert found is not None or code == 9
    assert notification(99, 1) is None
