"""What intent says of an edit is what FRR does when MetalLB's reloader brings it: sessions end, or stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from intent.session_changes import SessionChange, session_changes
from intent.snapshot import Mode, Resource, Snapshot
from tests.frr.cluster import COMPUTE_1, NODES, RealCluster, bfd_profile, peer
from tests.waiting import eventually

pytestmark = pytest.mark.frr
ROUTER = ("default", "10.1.0.2")
BASE: dict[str, Any] = {"peerASN": 64602, "connectTime": "2s", "passwordSecret": {"name": "router"}}
PASSWORDS = {"router": "let-me-in", "other": "something-else"}


def manifest(**spec: Any) -> dict[str, Any]:
    return peer("router", "10.1.0.2", **BASE | spec)


@pytest.fixture(autouse=True)
def without_bfd(cluster: RealCluster) -> Iterator[None]:
    """No BFD is left behind that ends within the next test."""
    yield
    if "peerBfdInfo" in cluster.neighbors(COMPUTE_1).get(ROUTER, {}):
        cluster.apply()


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

    (told,) = changes(before, after)
    if told.reset:
        eventually(lambda: ended(cluster, was))
    assert (bool(told.reset), bool(told.changed)) == (ended(cluster, was), not ended(cluster, was))


@pytest.mark.parametrize("bfd", ["Up", "Down"])
def test_the_end_of_bfd_ends_a_session_if_bfd_was_up(cluster: RealCluster, bfd: str) -> None:
    """FRR goes on with BFD of its own defaults (OpenShift: BZ#2050824), which the other side sees begin anew."""
    fast = bfd_profile("fast", transmitInterval=300)
    before, after = [manifest(bfdProfile="fast"), fast], [manifest(), fast]
    cluster.change(ROUTER[1], mute_bfd=bfd == "Down")
    try:
        cluster.apply(*before, passwords=PASSWORDS)
        was = cluster.reaches(ROUTER[1], "Established", bfd=bfd)

        cluster.apply(*after, passwords=PASSWORDS)

        if bfd == "Up":
            eventually(lambda: ended(cluster, was))
        assert "peerBfdInfo" in cluster.neighbors(COMPUTE_1)[ROUTER]
        assert ended(cluster, was) == (bfd == "Up")
    finally:
        cluster.change(ROUTER[1], mute_bfd=False)
    (told,) = changes(before, after)
    assert (told.reset, bool(told.may_reset), told.changed) == ((), True, ())


def ended(cluster: RealCluster, was: dict[str, Any]) -> bool:
    """True if the session has ended since: another one that may run by now has a TCP connection of its own."""
    now = cluster.neighbors(COMPUTE_1)[ROUTER]
    return any(now.get(name) != was[name] for name in ("bgpState", "portLocal"))


def changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> tuple[SessionChange, ...]:
    """What intent says of it."""
    snapshot = Snapshot.from_manifests(after, mode=Mode.FRR, nodes=NODES)
    return session_changes(snapshot, {one.ref: one for one in map(Resource.from_manifest, before)})
