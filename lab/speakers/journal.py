"""What bgpd logs when a session changes and `bgp log-neighbor-changes` is on (bgpd/bgp_fsm.c, bgpd/bgp_debug.c)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from lab.speakers.resets import DUE_TO, NOTIFICATIONS, Cause, Reset
from lab.speakers.session import Session

_DIRECTIONS = {Cause.NOTIFICATION_RECEIVED: "received from", Cause.NOTIFICATION_SENT: "sent to"}


def established(session: Session, at: float) -> None:
    """The session is up."""
    _note(session, at, f"%ADJCHANGE: neighbor {_name(session)} in vrf {session.spec.vrf} Up")


def ended(session: Session, at: float, reset: Reset) -> None:
    """The session went down, or an attempt was refused with a NOTIFICATION."""
    refused(session, at, reset)
    words = f"neighbor {_name(session)} in vrf {session.spec.vrf} Down {DUE_TO[reset.cause]}"
    _note(session, at, f"%ADJCHANGE: {words}")


def refused(session: Session, at: float, reset: Reset) -> None:
    """A NOTIFICATION went out or came in."""
    if reset.notification and reset.cause in _DIRECTIONS:
        code, subcode = reset.notification
        words = f"{_DIRECTIONS[reset.cause]} neighbor {session.spec.neighbor} {code}/{subcode}"
        message = f' "{reset.message}"' if reset.message else ""
        words = f"{words} ({NOTIFICATIONS[reset.notification]}) 0 bytes{message}"
        _note(session, at, f"%NOTIFICATION: {words}")


def written(sessions: Iterable[Session]) -> bytes:
    """The lines of these sessions in the order of time, as FRR's container prints them."""
    lines = sorted(line for session in sessions for line in session.journal)
    return "".join(f"{_stamp(at)} BGP: {words}\n" for at, words in lines).encode()


def _note(session: Session, at: float, words: str) -> None:
    session.journal.append((at, words))


def _name(session: Session) -> str:
    return f"{session.spec.neighbor}({session.met.name if session.met else 'Unknown'})"


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y/%m/%d %H:%M:%S.%f")[:-3]
