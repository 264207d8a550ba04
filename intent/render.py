"""The frr.conf that MetalLB would write for a node (FRR mode, or FRR-K8s mode with its gaps)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from intent.addresses import parse_address
from intent.announcements import Announcement, announced_on
from intent.modes import Mode
from intent.policies import neighbor_id, networks, policies
from intent.sessions import DEFAULT_PORT, DEFAULT_VRF, FAMILIES, IntendedSession, is_word, sessions_on
from intent.snapshot import Resource, Snapshot

Announced = Mapping[str, Sequence[Announcement]]
"""What the sessions of a node announce, by the BGPPeer's name."""


def frr_config(
    snapshot: Snapshot,
    node_name: str,
    passwords: Mapping[str, str] | None = None,
    announced: Announced | None = None,
) -> str:
    """The text of frr.conf; passwords by the BGPPeer's name, left out where none is given.

    announced: what the node announces, if that is known already. "" in native mode, which has no FRR.
    """
    if snapshot.mode is Mode.NATIVE:
        return ""
    sessions = sessions_on(snapshot, node_name)
    announced = announced_on(snapshot, node_name) if announced is None else announced
    sections = [
        _globals(node_name),
        *(policies(session, announced.get(session.peer, ()), snapshot.mode) for session in sessions),
        *(_router(group, snapshot.mode, passwords or {}, networks(group, announced)) for group in _routers(sessions)),
        _bfd(snapshot.in_force("BFDProfile")),
    ]
    return "\n!\n".join("\n".join(section) for lines in sections if (section := list(lines))) + "\n"


def _routers(sessions: Iterable[IntendedSession]) -> Iterator[list[IntendedSession]]:
    """A router for each VRF and AS; more than one AS in a VRF is refused by the speaker before it is written."""
    ordered = sorted(sessions, key=_instance)
    for _, group in groupby(ordered, key=_instance):
        yield list(group)


def _instance(session: IntendedSession) -> tuple[bool, str, int]:
    return session.vrf != DEFAULT_VRF, session.vrf, session.my_asn


def _globals(node_name: str) -> Iterator[str]:
    yield "log stdout informational"
    yield "log timestamp precision 3"
    yield f"hostname {node_name}"
    yield "ip nht resolve-via-default"
    yield "ipv6 nht resolve-via-default"


def _router(
    sessions: list[IntendedSession], mode: Mode, passwords: Mapping[str, str], prefixes: Sequence[str]
) -> Iterator[str]:
    first = sessions[0]
    yield f"router bgp {first.my_asn}" + ("" if first.vrf == DEFAULT_VRF else f" vrf {first.vrf}")
    yield " no bgp ebgp-requires-policy"
    yield " no bgp network import-check"
    yield " no bgp default ipv4-unicast"
    yield " bgp graceful-restart preserve-fw-state"
    router_id = parse_address(next((s.router_id for s in sessions if s.router_id), ""))
    if router_id is not None and router_id.version == 4:
        yield f" bgp router-id {router_id}"
    for session in sessions:
        yield from (f" neighbor {session.neighbor} {line}" for line in _neighbor(session, mode, passwords))
    for family in FAMILIES:
        active = [session for session in sessions if family in session.families]
        if active:
            yield f" address-family {family} unicast"
            for session in active:
                yield from (f"  neighbor {session.neighbor} {line}" for line in _activation(session))
            yield from (f"  network {prefix}" for prefix in prefixes if (":" in prefix) == (family == "ipv6"))
            yield " exit-address-family"
    yield "exit"


def _neighbor(session: IntendedSession, mode: Mode, passwords: Mapping[str, str]) -> Iterator[str]:
    address = parse_address(session.neighbor)
    yield ("" if address else "interface ") + f"remote-as {session.dynamic_asn or session.peer_asn}"
    if session.multihop:
        yield "ebgp-multihop"
    if session.local_asn is not None:
        yield f"local-as {session.local_asn} no-prepend replace-as"
    if address and not (mode is Mode.FRR_K8S and session.port == DEFAULT_PORT):
        yield f"port {session.port}"
    yield from _timers(session)
    yield from _password(passwords.get(session.peer, ""))
    if session.source_address:
        yield f"update-source {session.source_address}"
    if session.graceful_restart:
        yield "graceful-restart"
    if session.bfd_profile:
        yield "bfd"
        yield f"bfd profile {session.bfd_profile}"
    if address and address.version == 6 and not (session.multihop or session.internal):
        yield "disable-connected-check"


def _timers(session: IntendedSession) -> Iterator[str]:
    if session.hold is not None and session.keepalive is not None:
        yield f"timers {session.keepalive.seconds} {session.hold.seconds}"
    if session.connect is not None:
        yield f"timers connect {session.connect.seconds}"


def _password(password: str) -> Iterator[str]:
    """FRR takes one word; a line end at the end of a Secret's value ends the line anyway."""
    word = password.rstrip("\r\n")
    if is_word(word):
        yield f"password {word}"


def _activation(session: IntendedSession) -> Iterator[str]:
    yield "activate"
    yield f"route-map {neighbor_id(session)}-in in"
    yield f"route-map {neighbor_id(session)}-out out"


_BFD_LINES = {
    "receiveInterval": "receive-interval {}",
    "transmitInterval": "transmit-interval {}",
    "detectMultiplier": "detect-multiplier {}",
    "echoMode": "echo-mode",
    "echoInterval": "echo transmit-interval {0}\n  echo receive-interval {0}",
    "passiveMode": "passive-mode",
    "minimumTtl": "minimum-ttl {}",
}


def _bfd(profiles: tuple[Resource, ...]) -> Iterator[str]:
    """All profiles, used or not."""
    if not profiles:
        return
    yield "bfd"
    for profile in profiles:
        yield f" profile {profile.name}"
        for field, line in _BFD_LINES.items():
            value = profile.spec.get(field)
            if value is True or (isinstance(value, int) and not isinstance(value, bool)):
                yield f"  {line.format(value)}"
        yield " exit"
    yield "exit"
