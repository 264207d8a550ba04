"""What intent says of an edit is what FRR does when MetalLB's reloader brings it: sessions end, or stay."""

from __future__ import annotations

from typing import Any

import pytest

from intent.session_changes import session_changes
from intent.snapshot import Mode, Resource, Snapshot
from tests.frr.cluster import COMPUTE_1, NODES, RealCluster, bfd_profile, peer
from tests.waiting import eventually

pytestmark = pytest.mark.frr
ROUTER = ("default", "10.1.0.2")
BASE: dict[str, Any] = {"peerASN": 64602, "connectTime": "2s", "passwordSecret": {"name": "router"}}
PASSWORDS = {"router": "let-me-in", "other": "something-else"}


def manifest(**spec: Any) -> dict[str, Any]:
    return peer("router", "10.1.0.2", **BASE | spec)


# Not the end of BFD: whether a router takes it for a failure is a race, and intent says that it may.
@pytest.mark.parametrize(
    ("old", "new", "profile"),
    [
        ({}, {"holdTime": "30s", "keepaliveTime": "10s", "connectTime": "3s", "peerPort": 1790}, {}),
        ({"bfdProfile": "fast"}, {"bfdProfile": "fast"}, {"transmitInterval": 500, "detectMultiplier": 5}),
        ({}, {"bfdProfile": "fast"}, {}),
        ({}, {"ebgpMultiHop": True}, {}),
        ({}, {"dualStackAddressFamily": True}, {}),
        ({}, {"routerID": "10.9.9.9"}, {}),
        ({}, {"sourceAddress": "172.18.0.11"}, {}),
        ({}, {"localASN": 64999}, {}),
        ({}, {"peerASN": 64603}, {}),
        ({}, {"myASN": 64501}, {}),
    ],
    ids=",".join,
)
def test_sessions_reset_where_intent_says_so(
    cluster: RealCluster, old: dict[str, Any], new: dict[str, Any], profile: dict[str, Any]
) -> None:
    before = [manifest(**old), bfd_profile("fast", transmitInterval=300)]
    after = [manifest(**new), bfd_profile("fast", **{"transmitInterval": 300, **profile})]
    cluster.apply(*before, passwords=PASSWORDS)
    was = cluster.reaches(ROUTER[1], "Established")

    cluster.apply(*after, passwords=PASSWORDS)

    def ended() -> bool:
        now = cluster.neighbors(COMPUTE_1)[ROUTER]
        anew = now["connectionsEstablished"] == 0 and now["bgpState"] != "Established"  # with another `router bgp`
        return bool(anew or now["connectionsDropped"] > was["connectionsDropped"])

    snapshot = Snapshot.from_manifests(after, mode=Mode.FRR, nodes=NODES)
    told = session_changes(snapshot, {one.ref: one for one in map(Resource.from_manifest, before)})
    if any(one.reset for one in told):
        eventually(ended)
    assert [(bool(one.reset), bool(one.changed)) for one in told] == [(ended(), not ended())]
