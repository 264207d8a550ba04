"""What routers do to sessions, as their real FRR does it, and what the node's FRR says then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.routers import Listening
from tests.frr.cluster import COMPUTE_1, COMPUTE_2, RealCluster, bfd_profile, peer
from tests.waiting import eventually

pytestmark = pytest.mark.frr

TIMERS = {"holdTime": "3s", "keepaliveTime": "1s", "connectTime": "1s"}
NODE = "10.1.0.100"  # the first node, as routers of this network see it


def sent_prefixes(cluster: RealCluster) -> int:
    """Prefixes that the first node announces to the plain router."""
    families = cluster.neighbors(COMPUTE_1)["default", "10.1.0.1"]["addressFamilyInfo"]
    return int(families["ipv4Unicast"]["sentPrefixCounter"])


def ended_by_bfd(cluster: RealCluster) -> bool:
    """FRR words it either way, depending on whether the NOTIFICATION could go out."""
    seen = cluster.neighbors(COMPUTE_1)["default", "fd00:1::1"]
    words = {seen.get("lastResetDueTo"), seen.get("lastNotificationReason")}
    return seen["peerBfdInfo"]["status"] == "Down" and bool(words & {"BFD down received", "Cease/BFD Down"})


@pytest.fixture(scope="module")
def peered(cluster: RealCluster) -> RealCluster:
    """Sessions that notice silence fast and come back fast."""
    cluster.apply(
        bfd_profile("fast", receiveInterval=1000, transmitInterval=1000),
        peer("plain", "10.1.0.1", peerASN=64601, **TIMERS),
        peer("plain-v6", "fd00:1::1", peerASN=64601, bfdProfile="fast", **TIMERS),
        peer("store", "10.1.0.1", myASN=64510, peerASN=64611, vrf="storage", **TIMERS),
    )
    return cluster


@pytest.fixture
def up(peered: RealCluster) -> Iterator[RealCluster]:
    """All sessions are up before the test, and the router is as it was after it."""
    peered.reaches("10.1.0.1", "Established")
    yield peered
    peered.change(
        "10.1.0.1", asns=(64601,), shutdown=None, password="", listening=Listening.OPEN, mute_bfd=False, bounce=0
    )


def test_a_shutdown_tells_its_message(up: RealCluster) -> None:
    up.change("10.1.0.1", shutdown="maintenance window 42")

    up.reaches(
        "10.1.0.1",
        "Active",
        lastNotificationReason="Cease/Administrative Shutdown",
        lastShutdownDescription="maintenance window 42",
    )


def test_a_cleared_session_comes_back(up: RealCluster) -> None:
    established = up.neighbors(COMPUTE_1)["default", "10.1.0.1"]["connectionsEstablished"]

    up.wait(up.fleet.router("10.1.0.1").clear(NODE))

    up.reaches("10.1.0.1", "Established", connectionsEstablished=established + 1)
    up.reaches("10.1.0.1", "Established", lastNotificationReason="Cease/Administrative Reset")


def test_a_router_that_bounces_closes_its_sessions_again_and_again(up: RealCluster) -> None:
    dropped = up.neighbors(COMPUTE_2)["default", "10.1.0.1"]["connectionsDropped"]

    up.change("10.1.0.1", bounce=0.5)

    eventually(lambda: up.neighbors(COMPUTE_2)["default", "10.1.0.1"]["connectionsDropped"] >= dropped + 2)


def test_another_as_number_ends_in_bad_peer_as(up: RealCluster) -> None:
    up.change("10.1.0.1", asns=(64777,))

    up.reaches("10.1.0.1", "Idle", lastErrorCodeSubcode="0202")


def test_another_password_keeps_the_session_down(up: RealCluster) -> None:
    up.change("10.1.0.1", password="changed")

    eventually(lambda: up.neighbors(COMPUTE_1)["default", "10.1.0.1"]["bgpState"] in {"Connect", "Active"})


def test_silence_ends_in_the_hold_timer(up: RealCluster) -> None:
    up.change("10.1.0.1", listening=Listening.DROPPED)

    eventually(lambda: up.neighbors(COMPUTE_1)["default", "10.1.0.1"]["lastErrorCodeSubcode"] == "0400")


def test_bfd_without_an_answer_ends_the_session_before_the_hold_timer(up: RealCluster) -> None:
    up.reaches("fd00:1::1", "Established", bfd="Up")

    up.change("10.1.0.1", mute_bfd=True)

    eventually(lambda: ended_by_bfd(up))


def test_a_killed_bgpd_is_a_closed_connection(up: RealCluster) -> None:
    up.change("10.1.0.1", listening=Listening.REFUSED)

    up.reaches("10.1.0.1", "Active", lastResetDueTo="Peer closed the session")


def test_a_lost_carrier_is_noticed_at_once_in_its_vrf_only(up: RealCluster) -> None:
    up.wait(up.fleet.topology.carrier(COMPUTE_1, "storage", up=False))

    up.reaches("10.1.0.1", "Active", vrf="storage", lastResetDueTo="Waiting for NHT")
    assert up.neighbors(COMPUTE_1)["default", "10.1.0.1"]["bgpState"] == "Established"
    up.wait(up.fleet.topology.carrier(COMPUTE_1, "storage", up=True))
    up.reaches("10.1.0.1", "Established", vrf="storage")


def test_more_prefixes_than_the_router_takes_end_the_session(up: RealCluster) -> None:
    announce = ("network 203.0.113.0/24", "network 203.0.113.128/25", "no neighbor 10.1.0.1 route-map 10.1.0.1-out out")
    up.vtysh(COMPUTE_1, "configure terminal", "router bgp 64500", "address-family ipv4 unicast", *announce)
    eventually(lambda: sent_prefixes(up) == 2)
    router = up.fleet.router("10.1.0.1")

    up.wait(router.limit_prefixes(NODE, "ipv4", 1))

    up.reaches("10.1.0.1", "Idle", lastNotificationReason="Cease/Maximum Number of Prefixes Reached")
    up.wait(router.limit_prefixes(NODE, "ipv4", 0))
    up.wait(router.clear(NODE))
