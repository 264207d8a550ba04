"""What a session is down for stays the same while FRR dials, waits and dials again."""

from __future__ import annotations

import time

import pytest

from speakers.frr.dialling import FIRST, Before
from tests.frr.cluster import RealCluster, peer

pytestmark = pytest.mark.frr
_CONNECT = {"connectTime": "5s"}
PLACES = {
    "10.1.0.3": ("no-connection", {"Active"}),  # TCP reset
    "10.1.0.99": ("no-connection", {"Connect", "Active"}),  # nobody answers ARP
    "fd00:1::99": ("no-connection", {"Connect", "Active"}),  # nor a neighbor solicitation
    "10.1.0.4": ("no-answer", {"Connect"}),  # nftables drops it
    "10.1.0.11": ("peer-closed", {"Active"}),  # a bgpd that has no such neighbor
}


def test_the_cause_stays_through_the_states(cluster: RealCluster) -> None:
    peers = {"10.1.0.3": 64603, "10.1.0.99": 64699, "fd00:1::99": 64698, "10.1.0.4": 64604, "10.1.0.11": 64614}
    cluster.begin(*(peer(f"at-{n}", at, peerASN=asn, **_CONNECT) for n, (at, asn) in enumerate(peers.items())))
    for address, (reason, _) in PLACES.items():
        cluster.settles(address, reason)

    seen: dict[str, set[tuple[str, str]]] = {address: set() for address in PLACES}
    before = {address: Before("Active", reason, 0.0) for address, (reason, _) in PLACES.items()}
    end, last = time.monotonic() + 18, time.monotonic()
    while time.monotonic() < end:
        now = time.monotonic()
        for address in PLACES:
            found = cluster.judged(address, before=before[address]._replace(ago=now - last))
            seen[address].add((found.state, found.reason))
            before[address] = Before(found.state, found.reason)
        last = now
        time.sleep(0.3)

    passing = {"OpenSent"}  # for a moment, where the router takes the connection
    states = {address: {state for state, _ in found} - passing for address, found in seen.items()}
    reasons = {address: {reason for _, reason in found} for address, found in seen.items()}
    assert states == {address: wanted for address, (_, wanted) in PLACES.items()}
    assert reasons == {address: {reason} for address, (reason, _) in PLACES.items()}


def test_an_attempt_that_may_still_be_answered_has_no_cause_yet(cluster: RealCluster) -> None:
    cluster.begin(peer("dropping", "10.1.0.4", peerASN=64604))
    cluster.reaches("10.1.0.4", "Connect")
    assert cluster.judged("10.1.0.4", before=FIRST).reason == "dialling"
    cluster.settles("10.1.0.4", "no-answer")
