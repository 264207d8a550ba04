"""Sessions on real FRR: how the ways to succeed and to fail look in `show bgp vrf all neighbors json`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from speakers.frr.reasons import REASONS
from tests.frr.cluster import CONTROL, RealCluster, peer
from tests.intent.manifests import profile
from tests.waiting import eventually

pytestmark = pytest.mark.frr

COMPUTE_ONLY = [{"matchLabels": {"role": "compute"}}]
PEERS = [
    profile("fast", receiveInterval=300, transmitInterval=300),
    peer("plain", "10.1.0.1", peerASN=64601, bfdProfile="fast"),
    peer("plain-v6", "fd00:1::1", peerASN=64601, holdTime="30s", keepaliveTime="10s"),
    peer("md5", "10.1.0.2", peerASN=64602, nodeSelectors=COMPUTE_ONLY, passwordSecret={"name": "md5"}),
    peer("refusing", "10.1.0.3", peerASN=64603, connectTime="2s"),
    peer("dropping", "10.1.0.4", peerASN=64604, connectTime="2s"),
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
    peer("no-multihop", "10.2.0.2", peerASN=64607),
    peer("no-route", "10.77.0.1", myASN=64510, peerASN=64613, vrf="storage", ebgpMultiHop=True),
    peer("twin", "10.1.0.7", peerASN=64500),
    peer("half", "10.1.0.8", peerASN=64609, dualStackAddressFamily=True),
    peer("no-neighbor-there", "10.1.0.11", peerASN=64614, connectTime="2s"),
    peer("nothing-in-common", "10.1.0.9", peerASN=64610),
]
DEFAULTS = re.compile(r"^!$|^$|^log |port 179$|-interval 300$|ebgp-multihop$")
BAD_PEER_AS = {"lastErrorCodeSubcode": "0202", "lastNotificationReason": "OPEN Message Error/Bad Peer AS"}
SENT, RECEIVED = {"lastResetDueTo": "BGP Notification send"}, {"lastResetDueTo": "BGP Notification received"}
PASSWORDS = {"md5": "not-the-routers", "store-md5": "storage"}


@pytest.fixture(scope="module")
def busy(cluster: RealCluster) -> RealCluster:
    """The cluster with all of PEERS, which it did not have before: a session that is down dials again late."""
    cluster.begin(*PEERS, passwords=PASSWORDS)
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
    assert eventually(lambda: busy.judged(neighbor, vrf).reason == "", timeout=30)  # BFD comes up later


def test_bfd_comes_up_beside_a_session_that_has_a_profile(busy: RealCluster) -> None:
    busy.reaches("10.1.0.1", "Established", bfd="Up")


@pytest.mark.parametrize(
    ("vrf", "neighbor", "state", "facts", "reason", "side"),
    [
        ("default", "10.0.0.1", "Idle", SENT | BAD_PEER_AS, "bad-peer-as-sent", "ours"),
        ("default", "10.1.0.6", "Idle", RECEIVED | BAD_PEER_AS, "bad-peer-as-received", "theirs"),
        ("default", "10.1.0.2", "Connect", {"authenticationEnabled": 1}, "no-answer-or-password", "unknown"),
        ("default", "10.1.0.3", "Active", {}, "no-connection", "theirs"),  # TCP reset
        ("default", "10.1.0.99", "Active", {}, "no-connection", "theirs"),  # nobody has that address
        ("default", "10.1.0.4", "Connect", {}, "no-answer", "path"),  # nftables drops it
        ("default", "fd00:2::1", "Connect", {}, "no-answer", "path"),  # the hop limit is 1
        ("default", "10.1.0.11", "Active", {"lastResetCode": 32}, "peer-closed", "theirs"),
        ("default", "10.1.0.5", "OpenSent", {}, "no-open", "theirs"),
        ("default", "10.2.0.2", "Active", {"lastResetCode": 27}, "not-connected", "ours"),
        ("storage", "10.77.0.1", "Active", {"lastResetCode": 27}, "no-route", "ours"),
        ("ghost", "10.1.0.1", "Idle", {"lastResetCode": 29}, "vrf-missing", "ours"),
        ("default", "10.1.0.7", "Idle", SENT | {"lastErrorCodeSubcode": "0203"}, "bad-bgp-identifier-sent", "theirs"),
        ("default", "10.1.0.9", "Idle", {"lastErrorCodeSubcode": "0207"}, "unsupported-capability-sent", "unknown"),
    ],
)  # fmt: skip
def test_every_failure_has_its_own_face_and_cause(
    busy: RealCluster, vrf: str, neighbor: str, state: str, facts: dict[str, Any], reason: str, side: str
) -> None:
    assert busy.reaches(neighbor, state, vrf=vrf, **facts)["connectionsEstablished"] == 0

    judged = busy.settles(neighbor, reason, vrf)
    assert REASONS[judged.reason].side == side
    assert any(name.startswith("BGPPeer ") for name in judged.evidence) == (
        reason not in {"no-open", "bad-bgp-identifier-sent"}
    )


def test_a_family_that_the_router_has_not_leaves_the_session_half(busy: RealCluster) -> None:
    busy.reaches("10.1.0.8", "Established")

    judged = busy.judged("10.1.0.8")
    assert (judged.reason, judged.evidence["missing"]) == ("family-missing", ["ipv6Unicast"])


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
