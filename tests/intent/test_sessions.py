"""The sessions that MetalLB should run on each node."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from intent.sessions import IntendedSession, numbers, sessions, sessions_on
from intent.snapshot import Mode
from tests.intent.manifests import ALL, DOCUMENTED, RACK_A, cluster, peer


def session(mode: Mode = Mode.FRR, /, **spec: Any) -> IntendedSession:
    (only,) = sessions_on(cluster(peer("a", **spec), mode=mode), ALL[0])
    return only


def test_a_peer_opens_sessions_on_the_nodes_that_it_selects() -> None:
    found = sessions(cluster(peer("a"), peer("b", peerAddress="10.0.0.2", vrf="red", **RACK_A)))
    assert {node: [(s.vrf, s.neighbor, s.peer) for s in some] for node, some in found.items()} == {
        ALL[0]: [("default", "10.0.0.1", "a"), ("red", "10.0.0.2", "b")],
        ALL[1]: [("default", "10.0.0.1", "a"), ("red", "10.0.0.2", "b")],
        ALL[2]: [("default", "10.0.0.1", "a")],
    }
    assert {s.node for s in found[ALL[2]]} == {ALL[2]}


def test_the_numbers_are_those_of_the_sessions() -> None:
    clash = peer("b", peerAddress="10.0.0.2", **RACK_A), peer("c", peerAddress="10.0.0.2")
    elsewhere = peer("d", peerAddress="10.0.0.2", vrf="red", **RACK_A)
    snapshot = cluster(peer("a"), *clash, elsewhere, peer("e", peerAddress="nowhere"))
    counted = Counter(session.peer for some in sessions(snapshot).values() for session in some)
    assert numbers(snapshot) == counted == {"a": 3, "b": 2, "c": 3, "d": 2}
    assert numbers(cluster(peer("a"), nodes=())) == {}


def test_one_node_has_the_same_sessions_as_in_the_whole() -> None:
    snapshot = cluster(*DOCUMENTED.values())
    assert {node: sessions_on(snapshot, node) for node in ALL} == sessions(snapshot)
    assert sessions_on(snapshot, "unknown") == ()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {"my_asn": 64500, "peer_asn": 64501, "port": 179, "internal": False, "router_id": "", "password": False}),
        ({"peerASN": 64500}, {"internal": True}),
        ({"peerASN": None, "dynamicASN": "internal"}, {"peer_asn": None, "dynamic_asn": "internal", "internal": True}),
        ({"peerAddress": "2001:DB8:0::1"}, {"neighbor": "2001:db8::1", "families": ("ipv6",)}),
        ({"peerAddress": "::ffff:10.0.0.1"}, {"neighbor": "10.0.0.1", "families": ("ipv4",)}),
        ({"dualStackAddressFamily": True}, {"families": ("ipv4", "ipv6")}),
        ({"peerAddress": None, "interface": "eth1"}, {"neighbor": "eth1", "families": ("ipv4", "ipv6")}),
        ({"passwordSecret": {"name": "s"}}, {"password": True}),
        ({"password": "hunter2"}, {"password": True}),
        ({"ebgpMultiHop": True, "peerPort": 1179, "vrf": "red"}, {"multihop": True, "port": 1179, "vrf": "red"}),
        ({"enableGracefulRestart": True, "bfdProfile": "x"}, {"graceful_restart": True, "bfd_profile": "x"}),
        ({"localASN": 64999, "sourceAddress": "10.0.0.11"}, {"local_asn": 64999, "source_address": "10.0.0.11"}),
    ],
    ids=str,
)
def test_a_session_is_what_the_peer_asks_for(spec: dict[str, Any], expected: dict[str, Any]) -> None:
    found = session(**spec)
    assert {name: getattr(found, name) for name in expected} == expected


def seconds(found: IntendedSession) -> tuple[float | None, ...]:
    timers: tuple[timedelta | None, ...] = (found.hold, found.keepalive, found.connect)
    return tuple(None if timer is None else timer.total_seconds() for timer in timers)


@pytest.mark.parametrize(
    ("mode", "spec", "expected"),
    [
        (Mode.FRR, {}, (None, None, None)),
        (Mode.FRR, {"holdTime": "10s"}, (10, 3, None)),
        (Mode.FRR, {"keepaliveTime": "10s"}, (30, 10, None)),
        (Mode.FRR, {"holdTime": "500ms"}, (0, 0, None)),
        (Mode.FRR, {"holdTime": "90s", "keepaliveTime": "60s", "connectTime": "60s"}, (90, 60, 60)),
        (Mode.FRR_K8S, {"holdTime": "90s", "keepaliveTime": "60s", "connectTime": "60s"}, (None, None, None)),
        (Mode.FRR_K8S, {"holdTime": "180s", "keepaliveTime": "30s", "connectTime": "61s"}, (None, None, 61)),
        (Mode.FRR_K8S, {"holdTime": "90s", "keepaliveTime": "30s"}, (90, 30, None)),
        (Mode.FRR_K8S, {"holdTime": "180s"}, (None, None, None)),
        (Mode.FRR_K8S, {"keepaliveTime": "60s"}, (None, None, None)),
        (Mode.FRR_K8S, {"holdTime": "0s", "keepaliveTime": "0s"}, (0, 0, None)),
        (Mode.NATIVE, {}, (90, 30, None)),  # internal/bgp/native/native.go, NewSession; a third of it by sendKeepalives
        (Mode.NATIVE, {"holdTime": "30s"}, (30, 10, None)),
        (Mode.NATIVE, {"holdTime": "0s"}, (0, 0, None)),
    ],
    ids=str,
)
def test_timers_are_derived_as_metallb_does(mode: Mode, spec: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert seconds(session(mode, **spec)) == expected


def test_frr_k8s_mode_drops_source_address_and_local_asn() -> None:
    found = session(Mode.FRR_K8S, localASN=64999, sourceAddress="10.0.0.11")
    assert (found.local_asn, found.source_address) == (None, "")


@pytest.mark.parametrize(
    "spec",
    [
        {"peerAddress": "here"}, {"peerAddress": None}, {"interface": "eth1"}, {"myASN": 0}, {"myASN": None},
        {"peerASN": None}, {"dynamicASN": "internal"}, {"peerASN": None, "dynamicASN": "x"}, {"vrf": "a b"},
    ],
    ids=str,
)  # fmt: skip
def test_an_object_that_metallb_cannot_read_has_no_session(spec: dict[str, Any]) -> None:
    assert sessions_on(cluster(peer("a", **spec)), ALL[0]) == ()
