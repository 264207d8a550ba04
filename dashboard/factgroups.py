"""Everything that FRR says of one session, in groups and in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from clusters.words import age_words, bounded, counted
from dashboard.facts import Fact, neighbor_command, router_id
from speakers.frr.neighbor import BFDPeer
from speakers.live import Detail
from speakers.models import Session, Speaker

_GRACEFUL = {
    "Restart": "keeps routes while it restarts, and helps the other side",
    "Helper": "helps the other side only",
    "Disable": "off",
    "NotApplicable": "not known while the session is down",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that one command shows."""

    title: str
    facts: list[Fact]
    command: str


def groups(session: Session, detail: Detail | None) -> list[Group]:
    """All facts, the row's first; those of the last poll only while Redis keeps it."""
    command = neighbor_command(session)
    found = [Group("Who", _identity(session, detail), command), Group("Timers", _timers(session, detail), command)]
    found.append(Group("Connections", _connections(session, detail), command))
    if session.bfd or (detail and detail.bfd):
        found.append(Group("BFD", _bfd(session, detail.bfd if detail else None), command))
    return found


def _facts(rows: Iterable[tuple[str, Any]], *, mono: bool = False) -> list[Fact]:
    return [Fact(label, bounded(value, 200), mono) for label, value in rows if value not in {None, ""}]


def _ms(value: int | None) -> str:
    return "" if value is None else f"{value / 1000:g} s"


def _s(value: int | None) -> str:
    return "" if value is None else f"{value} s"


def _lasting(seconds: int | None) -> str:
    return "" if seconds is None else age_words(timedelta(seconds=seconds))


def _identity(session: Session, detail: Detail | None) -> list[Fact]:
    neighbor = detail.neighbor if detail else None
    sides = [
        ("Router's AS", session.remote_as),
        ("Own AS", session.local_as),
        ("Router's ID", router_id(session) or "not told yet"),
        ("Own router ID", session.local_router_id),
        ("Router's name", session.hostname),
        ("Link", session.link),
        ("BGP version", session.bgp_version),
    ]
    if neighbor is not None:
        sides += [
            ("Router's end", _end(neighbor.foreign_host, neighbor.foreign_port)),
            ("Own end", _end(neighbor.local_host, neighbor.local_port)),
            ("Source", neighbor.update_source),
            ("Discovered address", neighbor.unnumbered_address if neighbor.unnumbered_address != "none" else ""),
            ("Peer group", neighbor.peer_group),
            ("Listen range", neighbor.range_group),
            ("Hops allowed", neighbor.hops),
            ("MD5 password", "set" if neighbor.md5 else "not set"),
        ]
    return _facts(sides, mono=True)


def _end(host: str, port: int | None) -> str:
    if not host or host == "Unknown":
        return ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _timers(session: Session, detail: Detail | None) -> list[Fact]:
    rows: list[tuple[str, Any]] = []
    if session.state == Session.State.ESTABLISHED:  # before that FRR repeats what is configured
        rows = [
            ("Hold time, negotiated", _s(session.hold_time)),
            ("Keepalive, negotiated", _s(session.keepalive_time)),
        ]
    if detail is not None:
        neighbor = detail.neighbor
        rows += [
            ("Hold time, configured", _ms(neighbor.configured_hold_time)),
            ("Keepalive, configured", _ms(neighbor.configured_keepalive_time)),
            ("Last message read", _ago(neighbor.last_read, session)),
            ("Last message sent", _ago(neighbor.last_write, session)),
            ("Next attempt to connect in", _ms(neighbor.next_connect_due or neighbor.next_start_due)),
            ("Connect retry", _s(neighbor.connect_retry_seconds)),
            ("Round trip", f"{neighbor.rtt} ms" if neighbor.rtt is not None else ""),
        ]
    return _facts(rows)


def _ago(milliseconds: int | None, session: Session) -> str:
    # Before the first message FRR counts from the boot of the machine.
    established = session.state == Session.State.ESTABLISHED
    return f"{_ms(milliseconds)} before the poll" if established and milliseconds is not None else ""


def _connections(session: Session, detail: Detail | None) -> list[Fact]:
    rows: list[tuple[str, Any]] = []
    if session.speaker.source == Speaker.Source.VTYSH:  # nobody else counts them
        rows = [
            ("Established", counted(session.connections_established, "time")),
            ("Dropped", counted(session.connections_dropped, "time")),
        ]
    if detail is not None:
        neighbor = detail.neighbor
        local, remote = neighbor.graceful_restart_modes
        rows += [
            ("Last reset", neighbor.last_reset),
            ("Last NOTIFICATION", neighbor.last_notification),
            ("Router's message", neighbor.shutdown_message),
            ("Graceful restart, own", _graceful(local)),
            ("Graceful restart, router", _graceful(remote)),
        ]
    return _facts(rows)


def _graceful(mode: str) -> str:
    """A mode of FRR in plain words; * = it stems from the BGP instance, not from the neighbor."""
    own = mode.rstrip("*")
    words = _GRACEFUL.get(own, own)
    return f"{words}, as for all neighbors" if words and mode.endswith("*") else words


def _bfd(session: Session, peer: BFDPeer | None) -> list[Fact]:
    rows: list[tuple[str, Any]] = [("As BGP sees it", session.bfd)]
    if peer is not None:
        rows += [
            ("Status", peer.status),
            ("Up for", _lasting(peer.uptime)),
            ("Down for", _lasting(peer.downtime)),
            ("Diagnostic", peer.diagnostic),
            ("Router's diagnostic", peer.remote_diagnostic),
            ("Transmit, receive interval", _pair(peer.transmit_interval, peer.receive_interval, "ms")),
            ("The router's", _pair(peer.remote_transmit_interval, peer.remote_receive_interval, "ms")),
            ("Detection multiplier", _pair(peer.detect_multiplier, peer.remote_detect_multiplier, "")),
        ]
    return _facts(rows)


def _pair(one: int | None, other: int | None, unit: str) -> str:
    return (
        ""
        if one is None and other is None
        else f"{one if one is not None else '?'} / {other if other is not None else '?'} {unit}"
    )
