"""How bgpd tracks the way to its neighbours, and the route to an address as zebra has it."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network

from lab.speakers.node import Speaker
from lab.speakers.obstacles import Obstacle, is_address, obstacle
from lab.speakers.session import Session
from lab.speakers.vtysh.grammar import Arguments

_NONE = "% Network not in table\n"


def tracked(speaker: Speaker, arguments: Arguments, _now: float) -> str:
    """`show bgp vrf V nexthop`."""
    vrf = arguments.get("VRF", "default")
    rows = [_row(session) for session in speaker.of_vrf(vrf) if is_address(session.spec.neighbor)]
    return "Current BGP nexthop cache:\n" + "".join(rows) + "\n"


def route(speaker: Speaker, arguments: Arguments, _now: float) -> str:
    """`show ip route vrf V ADDRESS`: connected to what is near, the default route to what is far."""
    vrf, address = arguments.get("VRF", "default"), arguments["NEIGHBOR"]
    session = speaker.sessions.get((vrf, address))
    if session is None or speaker.vrf_id(vrf) < 0:
        return _NONE
    far = session.router is not None and session.router.hops > 1
    length = 24 if "." in address else 64
    network = ip_network(f"{address}/{0 if far else length}", strict=False)
    known, way = ("kernel", "via the gateway") if far else ("connected", "directly connected, eth0")
    return f'Routing entry for {network}\n  Known via "{known}", distance 0, metric 0, best\n  * {way}\n\n'


def _row(session: Session) -> str:
    neighbor, lost = session.spec.neighbor, obstacle(session) in {Obstacle.NO_PATH, Obstacle.NO_VRF}
    state = "invalid" if lost else "valid [IGP metric 0]"
    way = "  Must be Connected\n" if lost else "  if eth0\n"
    at = datetime.fromtimestamp(int(session.created), UTC).strftime("%a %b %e %H:%M:%S %Y")
    return f" {neighbor} {state}, #paths 0, peer {neighbor}\n{way}  Last update: {at}\n\n"
