"""What becomes of a session is shown in the same rows, whether FRR is simulated or real: one table for both."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
import yaml

from lab.routers import Listening, Router
from tests.loop.stack import NAMESPACE, NODES, ONE, THREE, TWO, Row, Stack

ROUTERS = (
    Router("plain", ("10.1.0.1",), (64601,)),
    Router("other-as", ("10.1.0.2",), (64602,)),
    Router("expects-other-as", ("10.1.0.3",), (64603,), expects=65000),
    Router("with-password", ("10.1.0.4",), (64604,), password="the-routers-key"),
    Router("not-listening", ("10.1.0.5",), (64605,), listening=Listening.REFUSED),
    Router("firewalled", ("10.1.0.6",), (64606,), listening=Listening.DROPPED),
    Router("mute", ("10.1.0.7",), (64607,), listening=Listening.MUTE),
    Router("without-bfd", ("10.1.0.8",), (64608,), mute_bfd=True),
    Router("via-vrf", ("10.3.0.1",), (64609,), vrf="ens4vrf"),
    Router("going-quiet", ("10.1.1.1",), (64611,)),
    Router("dying", ("10.1.1.2",), (64612,)),
    Router("shutting-down", ("10.1.1.3",), (64613,)),
    Router("losing-bfd", ("10.1.1.4",), (64614,)),
    Router("rebooting", ("10.1.1.5",), (64615,)),
    Router("moving", ("10.1.1.6",), (64616,)),
)
PLAN = {"routers": ROUTERS, "missing_vrfs": frozenset({(THREE, "ens4vrf")})}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "key", "namespace": NAMESPACE},
    "type": "kubernetes.io/basic-auth",
    "stringData": {"password": "not-the-routers-key"},
}
PROFILE = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "BFDProfile",
    "metadata": {"name": "slow", "namespace": NAMESPACE},
    "spec": {"receiveInterval": 500, "transmitInterval": 500},
}
SPECS: dict[str, dict[str, Any]] = {  # what is special about a peer, which is called like its router
    "plain": {"nodeSelectors": []},
    "other-as": {"peerASN": 64999},
    "with-password": {"passwordSecret": {"name": "key"}},
    "without-bfd": {"bfdProfile": "slow"},
    "via-vrf": {"vrf": "ens4vrf", "nodeSelectors": []},
    "going-quiet": {"holdTime": "3s", "keepaliveTime": "1s"},
    "rebooting": {"connectTime": "1s"},
    "losing-bfd": {"bfdProfile": "slow", "connectTime": "1s"},
}
AT_ONE = [{"matchLabels": {"kubernetes.io/hostname": ONE}}]


def peer(name: str, address: str, asn: int) -> dict[str, Any]:
    """The BGPPeer of a router, for the first node unless SPECS says more."""
    spec = {"myASN": 64500, "peerASN": asn, "peerAddress": address, "nodeSelectors": AT_ONE} | SPECS.get(name, {})
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer", "metadata": metadata, "spec": spec}


PEERS = {router.name: peer(router.name, router.addresses[0], router.asns[0]) for router in ROUTERS}
PEERS["nobody"] = peer("nobody", "10.1.0.99", 64699)


def row(name: str, state: str, health: str, reason: str = "", node: str = ONE) -> Row:
    spec = PEERS[name]["spec"]
    return Row(node, spec.get("vrf", "default"), spec["peerAddress"], name, state, health, reason)


AT_REST: dict[str, list[Row]] = {
    "plain": [row("plain", "Established", "up", node=node) for node in NODES],
    "other-as": [row("other-as", "Idle", "down", "bad-peer-as-sent")],
    "expects-other-as": [row("expects-other-as", "Idle", "down", "bad-peer-as-received")],
    "with-password": [row("with-password", "Connect", "down", "no-answer-or-password")],
    "not-listening": [row("not-listening", "Active", "down", "no-connection")],
    "nobody": [row("nobody", "Active", "down", "no-connection")],
    "firewalled": [row("firewalled", "Connect", "down", "no-answer")],
    "mute": [row("mute", "OpenSent", "down", "no-open")],
    "without-bfd": [row("without-bfd", "Established", "degraded", "bfd-down")],
    "via-vrf": [
        *(row("via-vrf", "Established", "up", node=node) for node in (ONE, TWO)),
        row("via-vrf", "Idle", "down", "vrf-missing", node=THREE),
    ],
}


class Event(NamedTuple):
    """What a router does to an Established session, how it looks then, and a part of the cause in plain words."""

    router: str
    change: dict[str, Any]
    state: str
    health: str
    reason: str
    words: str


EVENTS = [
    Event("going-quiet", {"listening": Listening.DROPPED}, "Connect", "down", "hold-timer-expired-sent", "4/0"),
    Event("dying", {"listening": Listening.REFUSED}, "Active", "down", "peer-closed", "without saying why"),
    Event(
        "shutting-down",
        {"shutdown": "line card swap"},
        "Active",
        "down",
        "administrative-shutdown-received",
        "line card swap",
    ),
    Event("losing-bfd", {"mute_bfd": True}, "Established", "degraded", "bfd-down", "BFD"),
]


@pytest.fixture
def board(stack: Stack) -> Stack:
    """The lab with all peers of this module."""
    if stack.kubectl_get("plain") is None:
        stack.kubectl_apply(*(yaml.safe_dump(each) for each in (SECRET, PROFILE, *PEERS.values())))
    stack.relist()
    return stack


@pytest.mark.parametrize("name", AT_REST)
def test_a_session_is_shown_with_state_health_and_reason(board: Stack, name: str) -> None:
    board.see(AT_REST[name], neighbor=PEERS[name]["spec"]["peerAddress"])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.router)
def test_what_ends_a_session_is_shown_with_its_reason(board: Stack, event: Event) -> None:
    address = PEERS[event.router]["spec"]["peerAddress"]
    board.see([row(event.router, "Established", "up")], neighbor=address)

    board.router(address, **event.change)

    board.see([row(event.router, event.state, event.health, event.reason)], neighbor=address)
    (seen,) = board.sessions(neighbor=address)
    assert event.words in seen["cause"]
    left = [line for line in board.transitions(neighbor=address) if line["old_state"] == "Established"]
    # FRR tells BFD's part in two ways, as the reason of the reset or by the NOTIFICATION that it sends.
    assert any(line["reason"].startswith(event.reason) for line in left)


def test_a_session_is_up_again_when_its_router_is(board: Stack) -> None:
    address = PEERS["rebooting"]["spec"]["peerAddress"]
    up = [row("rebooting", "Established", "up")]
    board.see(up, neighbor=address)
    (before,) = board.sessions(neighbor=address)
    board.router(address, listening=Listening.REFUSED)
    board.see([row("rebooting", "Active", "down", "peer-closed")], neighbor=address)
    board.router(address, listening=Listening.OPEN)
    board.see(up, neighbor=address)
    (seen,) = board.sessions(neighbor=address)
    assert seen["cause"] == ""
    # As FRR counts them, which may have begun the session anew while it was told of this module's other peers.
    assert seen["connections"] == {count: number + 1 for count, number in before["connections"].items()}


def test_there_is_one_row_for_each_session_that_is_intended_and_no_other(board: Stack) -> None:
    board.sweep()
    placed = {row_[:4] for rows in AT_REST.values() for row_ in rows}
    placed |= {row(name, "", "")[:4] for name in PEERS.keys() - AT_REST.keys()}
    assert {found[:4] for found in board.rows()} == placed


def test_selectors_and_labels_move_a_session_and_deletion_ends_it(board: Stack) -> None:
    address, name = PEERS["moving"]["spec"]["peerAddress"], "moving"
    board.see([row(name, "Established", "up")], neighbor=address)

    board.kubectl("label", "node", TWO, "tier=edge")
    spec = {"nodeSelectors": [{"matchLabels": {"tier": "edge"}}]}
    board.kubectl("patch", "bgppeer", name, "--type=merge", "-p", json.dumps({"spec": spec}))
    board.settled()
    board.see([row(name, "Established", "up", node=TWO)], neighbor=address)
    last = board.transitions(neighbor=address, node=ONE)[0]
    assert (last["old_state"], last["new_state"]) == ("Established", "")

    board.kubectl("label", "node", TWO, "tier-")
    board.kubectl("label", "node", THREE, "tier=edge")
    board.settled()
    board.see([row(name, "Established", "up", node=THREE)], neighbor=address)

    board.kubectl("delete", "bgppeer", name)
    board.settled()
    board.see([], neighbor=address)
    assert (board.transitions(neighbor=address)[0]["new_state"], name in board.peers()) == ("", False)
