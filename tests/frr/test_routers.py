"""What ends sessions that run, as real FRR does it: what the node's FRR says, what we make of it, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from lab.routers import Listening, Router
from speakers.frr.conditions import Condition
from speakers.frr.reasons import REASONS
from tests.frr.cluster import COMPUTE_1, COMPUTE_2, RealCluster, peer
from tests.intent.manifests import profile
from tests.waiting import eventually

pytestmark = pytest.mark.frr

TIMERS = {"holdTime": "3s", "keepaliveTime": "1s", "connectTime": "1s"}
NODE = "10.1.0.100"  # the first node, as routers of this network see it
V4, V6 = "10.1.0.1", "fd00:1::1"  # one router; BFD runs on IPv6 only
AS_IT_WAS: dict[str, Any] = {
    "asns": (64601,),
    "shutdown": None,
    "password": "",
    "listening": Listening.OPEN,
    "mute_bfd": False,
    "bounce": 0,
    "prefix_limit": 0,
}
BFD = {"bfd-down", "bfd-down-sent"}  # depends on whether the NOTIFICATION could go out


class Event(NamedTuple):
    """What one of the routers `tried-…` does to a session that runs, and how that is to be taken."""

    change: dict[str, Any]
    reasons: set[str]
    side: str
    spec: dict[str, Any] = {}  # never written to

    @property
    def before(self) -> dict[str, Any]:
        return {name: getattr(Router("", (), (0,)), name) for name in self.change}


EVENTS = (
    Event({"shutdown": "maintenance window 42"}, {"administrative-shutdown-received"}, "theirs"),
    Event({"asns": (64777,)}, {"bad-peer-as-sent"}, "ours"),
    Event({"listening": Listening.DROPPED}, {"hold-timer-expired-sent"}, "path"),  # a silent drop without BFD
    Event({"listening": Listening.DROPPED}, BFD, "path", {"bfdProfile": "fast"}),  # the same with BFD
    Event({"listening": Listening.REFUSED}, {"peer-closed"}, "theirs"),
)
TRIED = [f"10.1.0.{20 + number}" for number in range(len(EVENTS))]


def down(cluster: RealCluster, reasons: set[str], neighbor: str = V4, vrf: str = "default") -> Condition:
    """Wait until a session of the first node is down for one of these reasons."""

    def probe() -> Condition:
        judged = cluster.judged(neighbor, vrf)
        assert judged.state != "Established"
        assert judged.reason in reasons, judged
        return judged

    return eventually(probe, timeout=30, interval=0.3)


def whole(cluster: RealCluster, neighbor: str = V4, vrf: str = "default") -> None:
    """Wait until a session is up, and nothing is wrong with it."""

    def probe() -> bool:
        judged = cluster.judged(neighbor, vrf)
        assert (judged.state, judged.reason) == ("Established", ""), judged
        return True

    eventually(probe, timeout=60, interval=0.3)


def configure(cluster: RealCluster, *lines: str) -> None:
    """What somebody does to the first node's FRR by hand."""
    cluster.vtysh(COMPUTE_1, "configure terminal", "router bgp 64500", *lines)


@pytest.fixture(scope="module")
def peered(cluster: RealCluster) -> RealCluster:
    """Sessions that notice silence fast and come back fast."""
    cluster.begin(
        profile("fast", receiveInterval=1000, transmitInterval=1000),
        peer("plain", V4, peerASN=64601, **TIMERS),
        peer("plain-v6", V6, peerASN=64601, bfdProfile="fast", **TIMERS),
        peer("store", V4, myASN=64510, peerASN=64611, vrf="storage", **TIMERS),
        peer("jealous", "10.1.0.10", peerASN=64613, connectTime="1s"),
        *(
            peer(f"tried-{number}", address, peerASN=64620 + number, **TIMERS, **event.spec)
            for number, (event, address) in enumerate(zip(EVENTS, TRIED, strict=True))
        ),
    )
    return cluster


@pytest.fixture
def up(peered: RealCluster) -> Iterator[RealCluster]:
    """All sessions are up before the test, and the router is as it was after it, and so are they."""
    whole(peered)
    peered.reaches(V6, "Established", bfd="Up")
    yield peered
    peered.change(V4, **AS_IT_WAS)
    whole(peered)


@pytest.fixture(scope="module")
def over(peered: RealCluster) -> RealCluster:
    """All of EVENTS have happened to sessions that were up; at once, since each takes its time."""
    for event, address in zip(EVENTS, TRIED, strict=True):
        whole(peered, address)
        peered.change(address, **event.change)
    return peered


@pytest.mark.parametrize(("event", "address"), zip(EVENTS, TRIED, strict=True))
def test_what_a_router_does_is_recognised(over: RealCluster, event: Event, address: str) -> None:
    judged = down(over, event.reasons, address)
    assert REASONS[judged.reason].side == event.side
    assert event.change.get("shutdown", "") in judged.cause


def test_sessions_come_back_when_their_routers_do(over: RealCluster) -> None:
    for number, (event, address) in enumerate(zip(EVENTS, TRIED, strict=True)):
        over.change(address, **event.before | ({"asns": (64620 + number,)} if "asns" in event.change else {}))
    for address in TRIED:
        whole(over, address)


def test_the_end_of_bfd_alone_is_recognised(up: RealCluster) -> None:
    up.change(V4, mute_bfd=True)

    assert REASONS[down(up, BFD, V6).reason].side == "path"


def test_a_cleared_session_comes_back(up: RealCluster) -> None:
    established = up.neighbors(COMPUTE_1)["default", V4]["connectionsEstablished"]

    up.wait(up.fleet.router(V4).clear(NODE))

    up.reaches(V4, "Established", connectionsEstablished=established + 1)
    up.reaches(V4, "Established", lastNotificationReason="Cease/Administrative Reset")


def test_a_router_that_bounces_closes_its_sessions_again_and_again(up: RealCluster) -> None:
    dropped = up.neighbors(COMPUTE_2)["default", V4]["connectionsDropped"]

    up.change(V4, bounce=0.5)

    eventually(lambda: up.neighbors(COMPUTE_2)["default", V4]["connectionsDropped"] >= dropped + 2)


def test_another_password_keeps_the_session_down(up: RealCluster) -> None:
    up.change(V4, password="changed")

    eventually(lambda: up.neighbors(COMPUTE_1)["default", V4]["bgpState"] in {"Connect", "Active"})


def test_a_lost_carrier_is_noticed_at_once_in_its_vrf_only(up: RealCluster) -> None:
    whole(up, vrf="storage")
    up.wait(up.fleet.topology.carrier(COMPUTE_1, "storage", up=False))

    down(up, {"not-connected"}, vrf="storage")
    whole(up)
    up.wait(up.fleet.topology.carrier(COMPUTE_1, "storage", up=True))
    whole(up, vrf="storage")


def test_a_lost_carrier_with_bfd_and_without(up: RealCluster) -> None:
    up.wait(up.fleet.topology.carrier(COMPUTE_1, "default", up=False))
    try:
        unplugged = {"not-connected", "interface-down"}
        assert REASONS[down(up, unplugged).reason].side == "ours"
        down(up, unplugged | BFD, V6)  # BFD ends the session again, and FRR keeps the last that it was told
    finally:
        up.wait(up.fleet.topology.carrier(COMPUTE_1, "default", up=True))
    whole(up, V6)


def test_a_neighbor_that_is_shut_down_by_hand(up: RealCluster) -> None:
    configure(up, f"neighbor {V4} shutdown")
    try:
        assert REASONS[down(up, {"admin-shutdown"}).reason].side == "ours"
    finally:
        configure(up, f"no neighbor {V4} shutdown")


def test_more_prefixes_than_the_router_takes_end_the_session(up: RealCluster) -> None:
    announce = ("network 203.0.113.0/24", "network 203.0.113.128/25", f"no neighbor {V4} route-map {V4}-out out")
    configure(up, "address-family ipv4 unicast", *announce)
    eventually(lambda: up.reaches(V4, "Established")["addressFamilyInfo"]["ipv4Unicast"]["sentPrefixCounter"] == 2)

    up.change(V4, prefix_limit=1)

    assert REASONS[down(up, {"prefix-limit-received"}).reason].side == "ours"


def test_more_prefixes_than_this_side_takes_keep_the_session_closed(up: RealCluster) -> None:
    family = "address-family ipv4 unicast"
    configure(up, family, f"neighbor {V4} maximum-prefix 1", f"no neighbor {V4} route-map {V4}-in in")
    try:
        # Two that are new, since a router that is busy may answer the refresh, which brings the old one, late.
        up.change(V4, networks=("198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24"))
        assert REASONS[down(up, {"prefix-limit-exceeded"}).reason].side == "theirs"
    finally:
        up.change(V4, networks=("198.51.100.0/24",))
        configure(up, family, f"no neighbor {V4} maximum-prefix 1", f"neighbor {V4} route-map {V4}-in in")
        up.vtysh(COMPUTE_1, f"clear bgp {V4}")


def with_static_neighbor(config: str) -> str:
    """A router's configuration with the first node as a neighbor of its own, without graceful restart."""
    gone = (f"from-{NODE} peer-group", f"peer-group from-{NODE}", f"from-{NODE} bfd")
    kept = [line.replace(f"from-{NODE}", NODE) for line in config.splitlines() if not line.endswith(gone)]
    added = [f" neighbor {NODE} {setting}" for setting in ("graceful-restart-disable", "passive")]
    after = next(number for number, line in enumerate(kept, 1) if line.startswith(f" neighbor {NODE} remote-as"))
    return "\n".join([*kept[:after], *added, *kept[after:], ""])


def test_a_router_that_still_holds_the_session_of_a_node_that_crashed(up: RealCluster) -> None:
    """A router without graceful restart keeps the old session, and closes the new one (RFC 4271, section 6.8).

    Its bgpd begins anew: FRR 8.4.4 finds no neighbor by an address any more that was a dynamic one of a peer group and
    took a second connection while it still held the first ("Specify remote-as or peer-group commands first").
    """
    router, node = up.fleet.router("10.1.0.10").daemons, up.fleet.node(COMPUTE_1)
    grouped = router.config
    up.wait(router.kill("bgpd"))
    up.wait(router.revive(with_static_neighbor(grouped)))
    whole(up, "10.1.0.10")
    quiet = "ip daddr 10.1.0.10 tcp flags & (fin | rst) != 0 drop"  # a node without power says no goodbye
    table = f"table inet crash {{\nchain out {{ type filter hook output priority 0; {quiet}; }}\n}}"
    up.wait(node.machine.run(f"nft -f - <<'.'\n{table}\n."))
    try:
        up.wait(node.kill("bgpd"))
        up.wait(node.revive())
        assert REASONS[down(up, {"collision-received"}, "10.1.0.10").reason].side == "theirs"
    finally:
        up.wait(node.machine.run("nft delete table inet crash"))
        up.wait(router.kill("bgpd"))
        up.wait(router.revive(grouped))
    whole(up, "10.1.0.10")
