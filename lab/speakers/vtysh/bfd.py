"""`show bfd [vrf V] peers [counters] [json]`: what bfdd knows. `vrf all` is a VRF of that name to it: none."""

from __future__ import annotations

from typing import Any

from lab.speakers.node import Speaker
from lab.speakers.obstacles import is_address
from lab.speakers.session import Session
from lab.speakers.vtysh.capabilities import when
from lab.speakers.vtysh.connection import far_address
from lab.speakers.vtysh.timers import spoken

_ECHO_MS = 50  # bfdd's default


def sessions(speaker: Speaker, vrf: str | None) -> list[Session]:
    """The sessions with BFD, of one VRF or of all (None), as far as the VRF exists on the node."""
    names = [vrf] if vrf is not None else list(speaker.instances)
    return [s for name in names for s in speaker.of_vrf(name) if s.spec.bfd_profile and s.vrf_present]


def peers(speaker: Speaker, vrf: str | None, now: float) -> list[dict[str, Any]]:
    """All BFD peers."""
    return [_peer(speaker, session, now) for session in sessions(speaker, vrf)]


def _place(session: Session) -> dict[str, Any]:
    multihop = bool(session.spec.multihop) or session.internal
    interface = "eth0" if session.spec.vrf == "default" else session.spec.vrf.removesuffix("vrf")
    interface = interface if is_address(session.spec.neighbor) else session.spec.neighbor
    return {
        "multihop": multihop,
        "peer": far_address(session),
        "local": session.local_address,
        "vrf": session.spec.vrf,
        **({} if multihop else {"interface": interface}),
    }


def _peer(speaker: Speaker, session: Session, now: float) -> dict[str, Any]:
    bfd, timers = session.bfd, session.bfd_timers
    seconds = int(now - bfd.since) if bfd.since else 0
    multihop = bool(session.spec.multihop) or session.internal
    heard = bfd.up or bfd.ups
    return {
        **_place(session),
        "id": 1_000_003 * (session.seed + 1) % 0xFFFFFFFF,
        "remote-id": 1_000_033 * (session.seed + 1) % 0xFFFFFFFF if heard else 0,
        "passive-mode": timers.passive,
        **({"minimum-ttl": timers.minimum_ttl} if multihop else {}),
        "status": "up" if bfd.up else "down",
        **({"uptime": seconds} if bfd.up else {"downtime": seconds}),
        "diagnostic": "ok" if bfd.up or not bfd.ups else "control detection time expired",
        "remote-diagnostic": "ok",
        **when(speaker, "unknown-hostname", {"type": "dynamic"}),
        "receive-interval": timers.receive,
        "transmit-interval": timers.transmit,
        "echo-receive-interval": timers.echo or _ECHO_MS,
        "echo-transmit-interval": timers.echo if timers.echo_mode else 0,
        "detect-multiplier": timers.multiplier,
        "remote-receive-interval": 300 if heard else 1000,
        "remote-transmit-interval": 300 if heard else 1000,
        "remote-echo-receive-interval": _ECHO_MS if heard else 0,
        "remote-detect-multiplier": 3,
        "rtt-min": 0,
        "rtt-avg": 0,
        "rtt-max": 0,
    }


def counters(speaker: Speaker, vrf: str | None, now: float) -> list[dict[str, Any]]:
    """`show bfd peers counters json`."""
    return [
        {
            **_place(session),
            "control-packet-input": _packets(session, now) if session.bfd.up else 0,
            "control-packet-output": _packets(session, now),
            "echo-packet-input": 0,
            "echo-packet-output": 0,
            "session-up": session.bfd.ups,
            "session-down": session.bfd.downs,
            "zebra-notifications": session.bfd.ups + session.bfd.downs + 1,
        }
        for session in sessions(speaker, vrf)
    ]


def _packets(session: Session, now: float) -> int:
    return int((now - session.created) * 1000 / max(session.bfd_timers.transmit, 10))


def peers_text(speaker: Speaker, vrf: str | None, now: float) -> str:
    """`show bfd peers`."""
    return "BFD Peers:\n" + "".join(_text(peer) for peer in peers(speaker, vrf, now))


def _text(peer: dict[str, Any]) -> str:
    place = f" interface {peer['interface']}" if "interface" in peer else ""
    hops = " multihop" if peer["multihop"] else ""
    age = ("Uptime", peer["uptime"]) if "uptime" in peer else ("Downtime", peer["downtime"])
    echo = f"{peer['echo-transmit-interval']}ms" if peer["echo-transmit-interval"] else "disabled"
    lines = [
        f"\tpeer {peer['peer']}{hops} local-address {peer['local']} vrf {peer['vrf']}{place}",
        f"\t\tID: {peer['id']}",
        f"\t\tRemote ID: {peer['remote-id']}",
        f"\t\t{'Passive' if peer['passive-mode'] else 'Active'} mode",
        *([f"\t\tMinimum TTL: {peer['minimum-ttl']}"] if "minimum-ttl" in peer else []),
        f"\t\tStatus: {peer['status']}",
        f"\t\t{age[0]}: {spoken(age[1])}",
        f"\t\tDiagnostics: {peer['diagnostic']}",
        f"\t\tRemote diagnostics: {peer['remote-diagnostic']}",
        "\t\tPeer Type: dynamic",
        "\t\tRTT min/avg/max: 0/0/0 usec",
        "\t\tLocal timers:",
        f"\t\t\tDetect-multiplier: {peer['detect-multiplier']}",
        f"\t\t\tReceive interval: {peer['receive-interval']}ms",
        f"\t\t\tTransmission interval: {peer['transmit-interval']}ms",
        f"\t\t\tEcho receive interval: {peer['echo-receive-interval']}ms",
        f"\t\t\tEcho transmission interval: {echo}",
        "\t\tRemote timers:",
        f"\t\t\tDetect-multiplier: {peer['remote-detect-multiplier']}",
        f"\t\t\tReceive interval: {peer['remote-receive-interval']}ms",
        f"\t\t\tTransmission interval: {peer['remote-transmit-interval']}ms",
        f"\t\t\tEcho receive interval: {peer['remote-echo-receive-interval']}ms",
    ]
    return "\n".join(lines) + "\n\n"
