"""How a neighbour is reached: hops, sockets, timers, BFD."""

from __future__ import annotations

from typing import Any

from lab.speakers.node import Speaker
from lab.speakers.obstacles import is_address
from lab.speakers.session import FOREVER, Session, State
from lab.speakers.vtysh.document import Live

_CONNECT = ("nextConnectTimerDueInMsecs", "connect_ms")
_MULTIHOP_TTL = 255  # bare ebgp-multihop, and iBGP


def hops(session: Session) -> dict[str, Any]:
    """How far away the neighbour may be."""
    if session.internal:
        return {"internalBgpNbrMaxHopsAway": _MULTIHOP_TTL}
    return {"externalBgpNbrMaxHopsAway": _MULTIHOP_TTL if session.spec.multihop else 1}


def far_address(session: Session) -> str:
    """The router's address: of an interface peer its link-local one, "" if it is not known."""
    if is_address(session.spec.neighbor):
        return session.spec.neighbor
    return f"fe80::{session.seed % 0xFFFF:x}:1" if session.router or session.met else ""


def connection(session: Session, speaker: Speaker) -> dict[str, Any]:
    """The TCP connection and its timers."""
    timers = {State.CONNECT: _CONNECT, State.ACTIVE: _CONNECT, State.IDLE: ("nextStartTimerDueInMsecs", "start_ms")}
    name, value = timers.get(session.state, ("", ""))
    waits = session.next_at < FOREVER
    return {
        **_socket(session, speaker),
        "connectRetryTimer": session.connect_retry,
        **({name: Live(value)} if name and waits else {}),
        **({"estimatedRttInMsecs": 1 + session.seed % 5} if session.up else {}),
        **({"authenticationEnabled": 1} if session.spec.password else {}),
        "readThread": "on" if session.up else "off",
        "writeThread": "on" if session.up else "off",
    }


def _socket(session: Session, speaker: Speaker) -> dict[str, Any]:
    shown = "unknown-hostname" in speaker.flavour
    if not session.connected and not (shown and session.state in {State.ACTIVE, State.CONNECT}):
        unknown = dict.fromkeys(("nexthop", "nexthopGlobal", "nexthopLocal", "bgpConnection"), "Unknown")
        nothing = {"hostLocal": "Unknown", "portLocal": -1, "hostForeign": "Unknown", "portForeign": -1}
        return {**nothing, **(unknown if shown else {})}
    link_local = f"fe80::{session.seed % 0xFFFF:x}:2"
    v6 = ":" in session.local_address
    local = session.local_address or link_local
    known = {
        "nexthop": speaker.address if v6 or not session.local_address else local,
        "nexthopGlobal": local if v6 else link_local,
        "nexthopLocal": link_local,
        "bgpConnection": "sharedNetwork",
    }
    none = {
        "nexthop": "0.0.0.0",  # noqa: S104  # what FRR prints
        "nexthopGlobal": "::",
        "nexthopLocal": "::",
        "bgpConnection": "nonSharedNetwork",
    }
    return {
        "hostLocal": local,
        "portLocal": 32_768 + (session.seed * 31 + session.counters.opens_sent * 17) % 28_000,
        "hostForeign": far_address(session) or "Unknown",
        "portForeign": session.spec.port,
        **(known if session.connected else none),
    }


def bfd(session: Session) -> dict[str, Any]:
    """peerBfdInfo, of a neighbour with BFD."""
    if not session.spec.bfd_profile:
        return {}
    never = not session.bfd.ups
    status = "Up" if session.bfd.up else "Down" if session.vrf_present else "Unknown"
    return {
        "peerBfdInfo": {
            "type": "multi hop" if session.spec.multihop or session.internal else "single hop",
            "detectMultiplier": 3,  # what bgpd was told; the profile's values are bfdd's
            "rxMinInterval": 300,
            "txMinInterval": 300,
            "status": status,
            "lastUpdate": "never" if never else Live("bfd_update", quoted=True),
        }
    }
