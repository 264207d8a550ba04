"""What one session's page says: the state as a sentence, the evidence, and all of it as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address

from clusters.words import age_words, before_words, bounded, utc_words
from speakers.frr import commands
from speakers.models import Session
from speakers.shell import oc

_EVIDENCE_LIMIT = 20
_NO_ROUTER_ID = str(IPv4Address(0))  # before an OPEN was received
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


def text_of(lines: Iterable[str]) -> str:
    """A text to copy: foreign words in it cannot add lines of their own."""
    return "\n".join(bounded(line, 600) for line in lines if line)


def side_words(side: str) -> str:
    """Where a cause points to."""
    return _SIDES.get(side, _SIDES["unknown"])


def state_words(session: Session, health: str, now: datetime) -> str:
    """The state as a sentence without its full stop."""
    lasting = f"{'at least ' if session.began_before else ''}{age_words(now - session.since)}"
    seen = session.speaker.observed_at
    ago = f"{age_words(now - seen)} ago" if seen else ""
    known = bool(seen) and session.state != Session.State.UNKNOWN
    late = "the last poll was not answered" if session.speaker.misses else "the next sweep is late"
    words = {
        "up": f"Established for {lasting}",
        "degraded": f"Established for {lasting}, but {bounded(session.degraded, 120)}",
        "absent": f"FRR has had no such neighbor for {lasting}",
        "orphan": f"{session.state} for {lasting}, but no BGPPeer intends it",
        "late": f"Last seen {session.state} {ago}; {late}",
        "unknown": f"Not known; last seen {session.state} {ago}" if known else "Not observed yet",
    }
    return words.get(health, f"Down, {session.state} for {lasting}")


def since_words(session: Session) -> str:
    """Since when it is in its state."""
    return before_words(session.since) if session.began_before else utc_words(session.since)


def evidence(session: Session) -> list[Fact]:
    """FRR's own fields behind the cause."""
    fields = session.evidence if isinstance(session.evidence, dict) else {}
    return [Fact(bounded(key, 60), _plain(value), mono=True) for key, value in list(fields.items())[:_EVIDENCE_LIMIT]]


def _plain(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else bounded(value, 200)


def router_id(session: Session) -> str:
    """The router's; "" as long as it has told none."""
    return "" if session.remote_router_id == _NO_ROUTER_ID else session.remote_router_id


def neighbor_command(session: Session) -> str:
    """The command that shows this neighbor in full; "" if its VRF or address is not what vtysh takes."""
    try:
        return oc(session.speaker, commands.neighbor(session.vrf, session.neighbor))
    except commands.ArgumentError:
        return ""


def ticket(session: Session, health: str, now: datetime) -> str:
    """Everything that the network team asks for, as text."""
    lines = [
        f"BGP session {session.node} -> {session.peer or 'no BGPPeer'} {session.neighbor}",
        f"{state_words(session, health, now)} (since {since_words(session)})",
        f"cluster {session.cluster}, VRF {session.vrf}",
        f"own AS {session.local_as or '?'}, router ID {session.local_router_id or '?'}",
        f"router's AS {session.remote_as or '?'}, router ID {router_id(session) or '?'}",
        f"cause: {session.cause}" if session.cause else "",
        *(f"  {fact.label} = {fact.value}" for fact in evidence(session)),
        f"observed {utc_words(session.speaker.observed_at)}" if session.speaker.observed_at else "never observed",
        neighbor_command(session),
    ]
    return text_of(lines)
