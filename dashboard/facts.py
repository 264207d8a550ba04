"""What one session's page says: the state as a sentence, the facts of FRR in groups, and all of it as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clusters.words import age_words, bounded, utc_words
from speakers.frr import commands
from speakers.frr.neighbor import BFDPeer
from speakers.live import Detail
from speakers.models import Session, Speaker

_EVIDENCE_LIMIT = 20
_SIDES = {
    "ours": "on this side, in the cluster",
    "theirs": "on the router's side",
    "path": "on the path between them",
    "unknown": "on either side",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value; mono for addresses and numbers of the protocol."""

    label: str
    value: str
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that one command shows."""

    title: str
    facts: list[Fact]
    command: str


def text_of(lines: Iterable[str]) -> str:
    """A text to copy: foreign words in it cannot add lines of their own."""
    return "\n".join(bounded(line, 600) for line in lines if line)


def side_words(side: str) -> str:
    """Where a cause points to."""
    return _SIDES.get(side, _SIDES["unknown"])


def state_words(session: Session, health: str, now: datetime) -> str:
    """The state as a sentence without its full stop."""
    lasting = age_words(now - session.since)
    seen = session.speaker.observed_at
    ago = f"{age_words(now - seen)} ago" if seen else ""
    known = bool(seen) and session.state != Session.State.UNKNOWN
    words = {
        "up": f"Established for {lasting}",
        "degraded": f"Established for {lasting}, but {bounded(session.degraded, 120)}",
        "absent": f"FRR has had no such neighbor for {lasting}",
        "orphan": f"{session.state} for {lasting}, but no BGPPeer intends it",
        "late": f"Last seen {session.state} {ago}; the last poll was not answered",
        "unknown": f"Not known; last seen {session.state} {ago}" if known else "Not observed yet",
    }
    return words.get(health, f"Down, {session.state} for {lasting}")


def evidence(session: Session) -> list[Fact]:
    """FRR's own fields behind the cause."""
    fields = session.evidence if isinstance(session.evidence, dict) else {}
    return [
        Fact(bounded(key, 60), bounded(value, 200), mono=True) for key, value in list(fields.items())[:_EVIDENCE_LIMIT]
    ]


def oc(speaker: Speaker, argv: Iterable[str]) -> str:
    """The command that shows the same in a shell; "" without a pod, or for names that could mislead who pastes it."""
    line = commands.oc_line(speaker.namespace, speaker.pod, speaker.container, list(argv)) if speaker.pod else ""
    return line if line.isprintable() else ""


def neighbor_command(session: Session) -> str:
    """The command that shows this neighbor in full; "" if its VRF or address is not what vtysh takes."""
    try:
        return oc(session.speaker, commands.neighbor(session.vrf, session.neighbor))
    except commands.ArgumentError:
        return ""


def groups(session: Session, detail: Detail | None) -> list[Group]:
    """All facts, the row's first; those of the last poll only while Redis keeps it."""
    command = neighbor_command(session)
    found = [Group("Who", _identity(session, detail), command), Group("Timers", _timers(session, detail), command)]
    found.append(Group("Connections", _connections(session, detail), command))
    if session.bfd or (detail and detail.bfd):
        bfd = oc(session.speaker, commands.bfd_peers()) if hasattr(commands, "bfd_peers") else command
        found.append(Group("BFD", _bfd(session, detail.bfd if detail else None), bfd))
    return found


def _facts(rows: Iterable[tuple[str, Any]], *, mono: bool = False) -> list[Fact]:
    return [Fact(label, bounded(value, 200), mono) for label, value in rows if value not in {None, ""}]


def _ms(value: int | None) -> str:
    return "" if value is None else f"{value / 1000:g} s"


def _s(value: int | None) -> str:
    return "" if value is None else f"{value} s"


def _identity(session: Session, detail: Detail | None) -> list[Fact]:
    neighbor = detail.neighbor if detail else None
    sides = [
        ("Router's AS", session.remote_as),
        ("Own AS", session.local_as),
        ("Router's ID", session.remote_router_id),
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
    rows: list[tuple[str, Any]] = [
        ("Established", f"{session.connections_established} times"),
        ("Dropped", f"{session.connections_dropped} times"),
    ]
    if detail is not None:
        neighbor = detail.neighbor
        local, remote = neighbor.graceful_restart_modes
        rows += [
            ("Last reset", neighbor.last_reset),
            ("Last NOTIFICATION", neighbor.last_notification),
            ("Router's message", neighbor.shutdown_message),
            ("Graceful restart, own", local),
            ("Graceful restart, router", remote),
        ]
    return _facts(rows)


def _bfd(session: Session, peer: BFDPeer | None) -> list[Fact]:
    rows: list[tuple[str, Any]] = [("As BGP sees it", session.bfd)]
    if peer is not None:
        rows += [
            ("Status", peer.status),
            ("Up for", _s(peer.uptime)),
            ("Down for", _s(peer.downtime)),
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


def ticket(session: Session, health: str, now: datetime) -> str:
    """Everything that the network team asks for, as text."""
    lines = [
        f"BGP session {session.node} -> {session.peer or 'no BGPPeer'} {session.neighbor}",
        f"{state_words(session, health, now)} (since {utc_words(session.since)})",
        f"cluster {session.cluster}, VRF {session.vrf}",
        f"own AS {session.local_as or '?'}, router ID {session.local_router_id or '?'}",
        f"router's AS {session.remote_as or '?'}, router ID {session.remote_router_id or '?'}",
        f"cause: {session.cause}" if session.cause else "",
        *(f"  {fact.label} = {fact.value}" for fact in evidence(session)),
        f"observed {utc_words(session.speaker.observed_at)}" if session.speaker.observed_at else "never observed",
        neighbor_command(session),
    ]
    return text_of(lines)
