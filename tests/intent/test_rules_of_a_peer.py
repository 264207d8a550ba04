"""Every rule about one BGPPeer by itself: what it rejects, and the nearest that it accepts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from intent import rules
from intent.findings import Severity
from intent.rules import check, refused_on
from tests.intent.manifests import ALL, NAMESPACE, cluster, judge, peer

E, D, W = Severity.ERROR, Severity.DOCUMENTED, Severity.WARNING


def expression(operator: str, *values: str) -> dict[str, Any]:
    return {"key": "rack", "operator": operator, "values": list(values)}


REJECTED: list[tuple[dict[str, Any], str, Severity, str]] = [
    ({"myASN": None}, "required", E, "myASN"),
    ({"myASN": "64500"}, "wrong-type", E, "myASN"),
    ({"myASN": True}, "wrong-type", E, "myASN"),
    ({"myASN": 4294967296}, "out-of-range", E, "myASN"),
    ({"myASN": -1}, "out-of-range", E, "myASN"),
    ({"myASN": 0}, "my-asn-zero", E, "myASN"),
    ({"peerASN": None}, "peer-asn-missing", E, "peerASN"),
    ({"peerASN": 0}, "peer-asn-zero", E, "peerASN"),
    ({"dynamicASN": "external"}, "peer-asn-and-dynamic-asn", E, "dynamicASN"),
    ({"peerASN": None, "dynamicASN": "both"}, "not-allowed", E, "dynamicASN"),
    ({"localASN": 0}, "out-of-range", E, "localASN"),
    ({"localASN": 64500}, "local-asn-refused", E, "localASN"),
    ({"localASN": 64501}, "local-asn-refused", E, "localASN"),
    ({"localASN": 64999, "peerASN": 64500}, "local-asn-refused", E, "localASN"),
    ({"peerAddress": None}, "peer-address-missing", E, "peerAddress"),
    ({"interface": "eth1"}, "peer-address-and-interface", E, "interface"),
    ({"peerAddress": "router.example.com"}, "peer-address-invalid", E, "peerAddress"),
    ({"peerAddress": "10.0.0.1/32"}, "peer-address-invalid", E, "peerAddress"),
    ({"peerAddress": "fe80::1%eth0"}, "peer-address-invalid", E, "peerAddress"),
    ({"peerAddress": "010.0.0.1"}, "peer-address-invalid", E, "peerAddress"),
    ({"peerAddress": "224.0.0.5"}, "peer-address-unusable", W, "peerAddress"),
    ({"peerAddress": "fe80::1"}, "peer-address-link-local", W, "peerAddress"),
    ({"peerAddress": "2001:DB8:0::1"}, "address-not-canonical", W, "peerAddress"),
    ({"sourceAddress": "here"}, "source-address-invalid", E, "sourceAddress"),
    ({"sourceAddress": "2001:db8::2", "peerAddress": "2001:db8::1"}, "source-address-not-ipv4", D, "sourceAddress"),
    ({"sourceAddress": "10.0.0.9", "peerAddress": "2001:db8::1"}, "source-address-family", W, "sourceAddress"),
    ({"routerID": "10.10.10"}, "router-id-invalid", E, "routerID"),
    ({"routerID": "2001:db8::1"}, "router-id-useless", W, "routerID"),
    ({"peerPort": 0}, "out-of-range", E, "peerPort"),
    ({"peerPort": 16385}, "out-of-range", E, "peerPort"),
    ({"holdTime": "ninety"}, "duration-invalid", E, "holdTime"),
    ({"holdTime": ""}, "duration-invalid", E, "holdTime"),
    ({"holdTime": 90}, "wrong-type", E, "holdTime"),
    ({"holdTime": "0s"}, "hold-time-zero", D, "holdTime"),
    ({"holdTime": "500ms"}, "hold-time-zero", D, "holdTime"),
    ({"holdTime": "2s"}, "hold-time-too-short", E, "holdTime"),
    ({"holdTime": "-9s"}, "hold-time-too-short", E, "holdTime"),
    ({"keepaliveTime": "500ms"}, "hold-time-too-short", E, "keepaliveTime"),
    ({"holdTime": "65536s"}, "hold-time-too-long", E, "holdTime"),
    ({"keepaliveTime": "10s"}, "keepalive-without-hold", D, "keepaliveTime"),
    ({"holdTime": "9s", "keepaliveTime": "9s"}, "keepalive-not-below-hold", D, "keepaliveTime"),
    ({"holdTime": "9s", "keepaliveTime": "10s"}, "keepalive-above-hold", E, "keepaliveTime"),
    ({"holdTime": "9s", "keepaliveTime": "-1s"}, "keepalive-negative", E, "keepaliveTime"),
    ({"holdTime": "9s", "keepaliveTime": "0s"}, "keepalive-off", W, "keepaliveTime"),
    ({"holdTime": "9500ms"}, "timer-cut", W, "holdTime"),
    ({"connectTime": "0s"}, "connect-time-range", E, "connectTime"),
    ({"connectTime": "65536s"}, "connect-time-range", E, "connectTime"),
    ({"connectTime": "1500ms"}, "connect-time-whole-seconds", E, "connectTime"),
    ({"ebgpMultiHop": True, "peerASN": 64500}, "multihop-on-ibgp", E, "ebgpMultiHop"),
    (
        {"ebgpMultiHop": True, "peerASN": None, "dynamicASN": "internal"},
        "multihop-on-dynamic-internal",
        W,
        "ebgpMultiHop",
    ),
    ({"vrf": "red"}, "vrf-technology-preview", W, "vrf"),
    ({"vrf": "red blue"}, "vrf-syntax", E, "vrf"),
    ({"vrf": "a-name-of-16-byte"}, "vrf-impossible", W, "vrf"),
    ({"vrf": "default"}, "vrf-named-default", W, "vrf"),
    ({"peerAddress": None, "interface": "eth 1"}, "interface-syntax", E, "interface"),
    ({"peerAddress": None, "interface": "eth/1"}, "interface-impossible", W, "interface"),
    ({"vrf": "red\n neighbor 10.9.9.9 remote-as 1"}, "control-character", E, "vrf"),
    ({"bfdProfile": "fast\u202e"}, "control-character", E, "bfdProfile"),
    ({"disableMP": True}, "disable-mp-without-effect", W, "disableMP"),
    ({"enableGracefulRestart": True, "bfdProfile": "fast"}, "graceful-restart-with-bfd", W, "enableGracefulRestart"),
    ({"passwordSecret": {"name": "Not A Name"}}, "secret-name-syntax", E, "passwordSecret.name"),
    ({"passwordSecret": {"namespace": NAMESPACE}}, "secret-unnamed", W, "passwordSecret"),
    (
        {"passwordSecret": {"name": "s", "namespace": "other"}},
        "secret-namespace-ignored",
        W,
        "passwordSecret.namespace",
    ),
    ({"password": "hunter2", "passwordSecret": {"name": "s"}}, "password-and-secret", E, "passwordSecret"),
    ({"password": "hunter2"}, "password-inline", W, "password"),
    ({"password": "x" * 81}, "password-too-long", E, "password"),
    ({"password": "two words"}, "password-not-one-word", E, "password"),
    ({"password": "line\nend"}, "password-not-one-word", E, "password"),
    ({"password": "line-end\n"}, "password-trailing-newline", E, "password"),
    ({"password": "\r\n"}, "password-trailing-newline", E, "password"),
    ({"password": 12345}, "wrong-type", E, "password"),
    ({"password": {}}, "wrong-type", E, "password"),
    ({"nodeSelectors": {"matchLabels": {}}}, "wrong-type", E, "nodeSelectors"),
    ({"nodeSelectors": [None]}, "wrong-type", E, "nodeSelectors[0]"),
    (
        {"nodeSelectors": [{"matchExpressions": [{"key": "rack"}]}]},
        "required",
        E,
        "nodeSelectors[0].matchExpressions[0].operator",
    ),
    (
        {"nodeSelectors": [{"matchExpressions": [expression("Like", "a")]}]},
        "selector-invalid",
        E,
        "nodeSelectors[0].matchExpressions[0].operator",
    ),
    ({"nodeSelectors": [{"matchLabels": {"a": "b c"}}]}, "selector-invalid", E, "nodeSelectors[0].matchLabels.a"),
    ({"nodeSelectors": [{}, {}]}, "selector-duplicate", E, "nodeSelectors[1]"),
    (
        {"nodeSelectors": [{"matchExpressions": [expression("In", "a", "a")]}]},
        "selector-duplicate",
        E,
        "nodeSelectors[0].matchExpressions[0].values",
    ),
    (
        {"nodeSelectors": [{"matchExpressions": [expression("In", "a"), expression("In", "a")]}]},
        "selector-duplicate",
        E,
        "nodeSelectors[0].matchExpressions[1]",
    ),
    ({"peerAdress": "10.0.0.1"}, "unknown-field", E, "peerAdress"),
]


@pytest.mark.parametrize(("spec", "code", "severity", "field"), REJECTED, ids=lambda value: str(value)[:60])
def test_a_broken_rule_is_found_at_its_field(spec: dict[str, Any], code: str, severity: Severity, field: str) -> None:
    found = [finding for finding in judge(spec) if finding.code == code]
    assert [(finding.severity, finding.field) for finding in found] == [(severity, f"spec.{field}")]
    assert all(finding.message and finding.source and finding.hint for finding in found)


ACCEPTED: list[dict[str, Any]] = [
    {},
    {"peerASN": None, "dynamicASN": "external"},
    {"peerASN": 0, "dynamicASN": "internal"},
    {"peerASN": 64500},
    {"localASN": 64999},
    {"peerAddress": None, "interface": "eth1.100"},
    {"peerAddress": "2001:db8::1"},
    {"sourceAddress": "10.0.0.9"},
    {"routerID": "10.10.10.10"},
    {"peerPort": 1},
    {"peerPort": 16384},
    {"peerPort": 179.0},
    {"holdTime": "3s"},
    {"holdTime": "1m"},
    {"holdTime": "5m30s"},
    {"holdTime": "65535s", "keepaliveTime": "1h"},
    {"holdTime": "9s", "keepaliveTime": "8s"},
    {"connectTime": "1s"},
    {"connectTime": "65535s"},
    {"ebgpMultiHop": True},
    {"enableGracefulRestart": True},
    {"disableMP": False},
    {"vrf": ""},
    {"vrf": None, "interface": None},
    {"passwordSecret": {"name": "s", "namespace": NAMESPACE}},
    {"nodeSelectors": [{}]},
    {"nodeSelectors": [{"matchExpressions": [expression("In", "a"), expression("NotIn", "b")]}]},
    {"password": ""},
]


@pytest.mark.parametrize("spec", ACCEPTED, ids=str)
def test_what_keeps_every_rule_has_no_finding(spec: dict[str, Any]) -> None:
    assert judge(spec) == []


@pytest.mark.parametrize("spec", [{"myASN": 0}, {"peerASN": 0}, {"peerPort": 0}], ids=str)
def test_where_page_and_code_differ_both_are_named(spec: dict[str, Any]) -> None:
    (found,) = judge(spec)
    assert found.severity is E
    assert "OpenShift documentation" in found.source
    assert ";" in found.source


def test_every_rule_that_can_be_acknowledged_is_listed() -> None:
    sources = "".join(path.read_text() for path in Path(rules.__file__).parent.glob("*.py"))
    single = re.findall(r'\.documented\(\s*"([a-z0-9-]+)"', sources)
    shared = re.findall(r'"([a-z0-9-]+)",\s*Severity\.DOCUMENTED', sources)
    assert {*single, *shared} == rules.DOCUMENTED


# internal/config/config.go, parseTimers: no upper bound, and nothing about negative keepalives; FRR's reload fails.
@pytest.mark.parametrize("spec", [{"holdTime": "65536s"}, {"holdTime": "9s", "keepaliveTime": "-1s"}], ids=str)
def test_timers_that_only_frr_refuses_are_no_refusal_of_metallb(spec: dict[str, Any]) -> None:
    snapshot = cluster(peer("tor", **spec))
    assert [(f.severity, f.source, f.nodes) for f in check(snapshot)] == [(Severity.ERROR, "FRR", ())]
    assert refused_on(snapshot, ALL[0]) == []


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ({"holdTimer": "90s"}, "90s"), ({"port": 179}, "179"), ({"note": "x" * 500}, "x" * 199 + "\u2026"),
        ({"pasword": "hunter2"}, ""), ({"passwrd": "hunter2"}, ""), ({"bgpSecret": "hunter2"}, ""),
        ({"auth": {"of": "hunter2"}}, ""), ({"note": ["hunter2"]}, ""), ({"passwordSecret": {"pass": "hunter2"}}, ""),
        ({"note": "with hunter2", "password": "hunter2"}, ""),
    ],
    ids=str,
)  # fmt: skip
def test_an_unknown_field_shows_its_value_unless_it_may_be_a_secret(spec: dict[str, Any], shown: str) -> None:
    (found,) = (finding for finding in judge(spec) if finding.code == "unknown-field")
    assert found.value == shown
