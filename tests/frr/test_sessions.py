"""Sessions on real FRR: how the ways to succeed and to fail look in `show bgp vrf all neighbors json`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.frr.cluster import CONTROL, RealCluster, bfd_profile, peer

pytestmark = pytest.mark.frr

COMPUTE_ONLY = [{"matchLabels": {"role": "compute"}}]
PEERS = [
    bfd_profile("fast", receiveInterval=300, transmitInterval=300),
    peer("plain", "10.1.0.1", peerASN=64601, bfdProfile="fast"),
    peer("plain-v6", "fd00:1::1", peerASN=64601, holdTime="30s", keepaliveTime="10s"),
    peer("md5", "10.1.0.2", peerASN=64602, nodeSelectors=COMPUTE_ONLY, passwordSecret={"name": "md5"}),
    peer("refusing", "10.1.0.3", peerASN=64603),
    peer("dropping", "10.1.0.4", peerASN=64604),
    peer("mute", "10.1.0.5", peerASN=64605),
    peer("strict", "10.1.0.6", peerASN=64606),
    peer("multihop", "10.2.0.1", peerASN=64607, ebgpMultiHop=True),
    peer("too-far", "fd00:2::1", peerASN=64607),
    peer("unnumbered", interface="ens9", dynamicASN="external"),
    peer("nobody", "10.1.0.99", peerASN=64699),
    peer("wrong-as", "10.0.0.1", peerASN=64999),
    peer("internal", "2620:52:0:88::104", dynamicASN="internal"),
    peer("via-vrf", "192.168.130.1", myASN=100, peerASN=200, vrf="ens4vrf"),
    peer("store", "10.1.0.1", myASN=64510, peerASN=64611, vrf="storage", localASN=64511, connectTime="1s"),
    peer(
        "store-md5",
        "10.2.0.1",
        myASN=64510,
        peerASN=64612,
        vrf="storage",
        ebgpMultiHop=True,
        passwordSecret={"name": "store-md5"},
    ),
    peer("ghost", "10.1.0.1", peerASN=64601, vrf="ghost"),
]
DEFAULTS = re.compile(r"^!$|^$|^log |port 179$|-interval 300$|ebgp-multihop$")
BAD_PEER_AS = {"lastErrorCodeSubcode": "0202", "lastNotificationReason": "OPEN Message Error/Bad Peer AS"}
PASSWORDS = {"md5": "not-the-routers", "store-md5": "storage"}


@pytest.fixture(scope="module")
def busy(cluster: RealCluster) -> RealCluster:
    """The cluster with all of PEERS, which it did not have before: a session that is down dials again late."""
    cluster.apply()
    cluster.apply(*PEERS, passwords=PASSWORDS)
    assert not any(cluster.fleet.refusals.values())
    return cluster


@pytest.mark.parametrize(
    ("vrf", "neighbor", "facts"),
    [
        ("default", "10.1.0.1", {"remoteAs": 64601, "localAs": 64500}),
        ("default", "fd00:1::1", {"bgpTimerHoldTimeMsecs": 30000}),
        ("default", "10.2.0.1", {"externalBgpNbrMaxHopsAway": 255}),
        ("default", "ens9", {"remoteAs": 64608}),
        ("default", "2620:52:0:88::104", {"remoteAs": 64500, "nbrInternalLink": True}),
        ("ens4vrf", "192.168.130.1", {"localAs": 100}),
        ("storage", "10.1.0.1", {"localAs": 64511}),
        ("storage", "10.2.0.1", {"authenticationEnabled": 1}),
    ],
)
def test_sessions_of_every_sort_and_vrf_come_up(
    busy: RealCluster, vrf: str, neighbor: str, facts: dict[str, Any]
) -> None:
    busy.reaches(neighbor, "Established", vrf=vrf, **facts)


def test_bfd_comes_up_beside_a_session_that_has_a_profile(busy: RealCluster) -> None:
    busy.reaches("10.1.0.1", "Established", bfd="Up")


@pytest.mark.parametrize(
    ("vrf", "neighbor", "state", "facts"),
    [
        ("default", "10.0.0.1", "Idle", BAD_PEER_AS | {"lastResetDueTo": "BGP Notification send"}),
        ("default", "10.1.0.6", "Idle", BAD_PEER_AS | {"lastResetDueTo": "BGP Notification received"}),
        ("default", "10.1.0.2", "Connect", {"authenticationEnabled": 1}),
        ("default", "10.1.0.3", "Active", {}),
        ("default", "10.1.0.4", "Connect", {}),
        ("default", "10.1.0.5", "OpenSent", {}),
        ("default", "fd00:2::1", "Connect", {}),
        ("default", "10.1.0.99", "Active", {}),
        ("ghost", "10.1.0.1", "Idle", {"lastResetDueTo": "Waiting for VRF to be initialized"}),
    ],
)
def test_every_failure_has_its_own_face(
    busy: RealCluster, vrf: str, neighbor: str, state: str, facts: dict[str, Any]
) -> None:
    assert busy.reaches(neighbor, state, vrf=vrf, **facts)["connectionsEstablished"] == 0


def test_a_node_that_is_not_selected_has_no_session(busy: RealCluster) -> None:
    assert ("default", "10.1.0.2") not in busy.neighbors(CONTROL)


def test_nothing_is_learnt_from_a_router(busy: RealCluster) -> None:
    seen = busy.reaches("10.1.0.1", "Established")

    assert seen["addressFamilyInfo"]["ipv4Unicast"]["acceptedPrefixCounter"] == 0


def test_the_running_configuration_is_what_was_rendered(busy: RealCluster) -> None:
    """Every line that the renderer writes is one that FRR keeps."""
    running = {line.strip() for line in busy.vtysh(CONTROL, "show running-config").splitlines()}
    rendered = {line.strip() for line in busy.fleet.node(CONTROL).config.splitlines()}
    without_effect = {line for line in rendered - running if not DEFAULTS.search(line)}

    assert without_effect == set()
