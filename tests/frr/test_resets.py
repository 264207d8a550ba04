"""What intent says of an edit is what FRR does when MetalLB's reloader brings it: sessions end, or stay."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from intent.session_changes import SessionChange, session_changes
from intent.snapshot import Mode, Resource, Snapshot
from tests.frr.cluster import COMPUTE_1, NODES, RealCluster, peer
from tests.intent.manifests import profile
from tests.waiting import eventually

pytestmark = pytest.mark.frr
ROUTER = ("default", "10.1.0.2")
BASE: dict[str, Any] = {"peerASN": 64602, "connectTime": "2s", "passwordSecret": {"name": "router"}}
PASSWORDS = {"router": "let-me-in", "other": "something-else"}
# Old spec and new spec of sessions with routers of their own; all are made at once, since each reload takes seconds.
CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"holdTime": "30s", "keepaliveTime": "10s", "connectTime": "3s", "peerPort": 1790}),
    ({"bfdProfile": "altered"}, {"bfdProfile": "altered"}),
    ({}, {"bfdProfile": "steady"}),
    ({}, {"ebgpMultiHop": True}),
    ({}, {"dualStackAddressFamily": True}),
    ({}, {"sourceAddress": "172.18.0.11"}),
    ({}, {"localASN": 64999}),
    ({}, {"peerASN": 64603}),
]


def manifest(**spec: Any) -> dict[str, Any]:
    return peer("router", "10.1.0.2", **BASE | spec)


def tried(number: int, spec: dict[str, Any]) -> dict[str, Any]:
    """The peer of a router on which nothing but this spec is tried."""
    return peer(f"tried-{number}", f"10.1.0.{20 + number}", **{"peerASN": 64620 + number, "connectTime": "2s"} | spec)


class Edit(NamedTuple):
    """Objects before and after, and what FRR said of each neighbor while the first were in force."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    was: dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def edit(cluster: RealCluster) -> Edit:
    """All of CHANGES made, and every BFD session that shall be there up before."""
    steady = profile("steady", transmitInterval=300)
    before = [profile("altered", transmitInterval=300), steady]
    after = [profile("altered", transmitInterval=500, detectMultiplier=5), steady]
    before += [tried(number, old) for number, (old, _) in enumerate(CHANGES)]
    after += [tried(number, new) for number, (_, new) in enumerate(CHANGES)]
    cluster.begin(*before)
    for number, (old, _) in enumerate(CHANGES):
        cluster.reaches(f"10.1.0.{20 + number}", "Established", bfd="Up" if old else "")
    found = Edit(before, after, cluster.neighbors(COMPUTE_1))
    cluster.apply(*after)
    return found


@pytest.mark.parametrize("number", range(len(CHANGES)), ids=[",".join(new) for _, new in CHANGES])
def test_sessions_reset_where_intent_says_so(cluster: RealCluster, edit: Edit, number: int) -> None:
    (told,) = (one for one in changes(edit.before, edit.after) if one.peer == f"tried-{number}")
    goes_as_told(cluster, told, edit.was, ("default", f"10.1.0.{20 + number}"))


@pytest.mark.parametrize("new", [{"routerID": "10.9.9.9"}, {"myASN": 64501}], ids=",".join)
def test_sessions_reset_with_their_instance(cluster: RealCluster, new: dict[str, Any]) -> None:
    before, after = [manifest()], [manifest(**new)]
    cluster.begin(*before, passwords=PASSWORDS)
    cluster.reaches(ROUTER[1], "Established")
    was = cluster.neighbors(COMPUTE_1)

    cluster.apply(*after, passwords=PASSWORDS)

    goes_as_told(cluster, changes(before, after)[0], was, ROUTER)


def goes_as_told(
    cluster: RealCluster, told: SessionChange, was: dict[tuple[str, str], dict[str, Any]], place: tuple[str, str]
) -> None:
    """FRR did to the session what intent says that it does."""
    if told.reset:
        eventually(lambda: ended(cluster, was[place], place))
    over = ended(cluster, was[place], place)
    assert (bool(told.reset), bool(told.changed)) == (over, not over)


@pytest.mark.parametrize("bfd", ["Up", "Down"])
def test_the_end_of_bfd_ends_a_session_if_bfd_was_up(cluster: RealCluster, bfd: str) -> None:
    """FRR goes on with BFD of its own defaults (OpenShift: BZ#2050824), which the other side sees begin anew."""
    fast = profile("fast", transmitInterval=300)
    before, after = [manifest(bfdProfile="fast"), fast], [manifest(), fast]
    cluster.change(ROUTER[1], mute_bfd=bfd == "Down")
    try:
        cluster.begin(*before, passwords=PASSWORDS)
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


def ended(cluster: RealCluster, was: dict[str, Any], place: tuple[str, str] = ROUTER) -> bool:
    """True if the session has ended since: another one that may run by now has a TCP connection of its own."""
    now = cluster.neighbors(COMPUTE_1)[place]
    return any(now.get(name) != was[name] for name in ("bgpState", "portLocal"))


def changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> tuple[SessionChange, ...]:
    """What intent says of it."""
    snapshot = Snapshot.from_manifests(after, mode=Mode.FRR, nodes=NODES)
    return session_changes(snapshot, {one.ref: one for one in map(Resource.from_manifest, before)})
