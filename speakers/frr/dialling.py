"""What FRR's attempts to open a session come to: judged by the last one that ended, as long as the present one may.

FRR says Connect while the kernel waits for an answer, OpenSent from there to the router's OPEN, and Active from the end
of a vain attempt on (bgpd/bgp_network.c). connectRetryTimer runs in both Connect and Active, from the beginning of each
(bgpd/bgp_fsm.c, bgp_timer_set), so what is left of it tells how long an attempt or a wait has lasted.
"""

from __future__ import annotations

from typing import NamedTuple

from speakers.frr.neighbor import Neighbor

_SECOND = 1000  # ms
_TOLD = 4000  # ms; nobody on the link: three ARP requests or solicitations, a second each, and FRR's rounding
_GIVES_UP = 120_000  # ms; Linux takes over two minutes to find that nothing answers (tcp_syn_retries 6: 127 s)
_OPEN_TAKES = 2000  # ms; from this side's OPEN to the router's
_CONNECTS = 5000  # ms; from the end of a wait to that of the attempt that follows
NO_ANSWER = frozenset(("no-answer", "no-answer-or-password"))
_DIALLED = NO_ANSWER | {"no-connection", "peer-closed", "no-open"}


class Before(NamedTuple):
    """What the look before this one found. ago: seconds."""

    state: str = ""
    reason: str = ""
    ago: float = float("inf")


FIRST = Before()


def dialled(neighbor: Neighbor, before: Before) -> str:
    """Why an attempt leads to nothing, a key of REASONS; "" = the session is in no state of one."""
    if neighbor.state == "Active":
        return _vain(neighbor, before)
    if neighbor.state in {"Connect", "OpenSent"} and _may_end(neighbor):
        return before.reason if before.reason in _DIALLED else "dialling"
    if neighbor.state == "Connect":
        return _unanswered(neighbor, before)
    return {"OpenSent": "no-open", "OpenConfirm": "no-keepalive"}.get(neighbor.state, "")


def stage(neighbor: Neighbor) -> tuple[int, ...]:
    """All that `dialled` takes from FRR's clocks and counters: as long as it is the same, so is the verdict."""
    if neighbor.state == "Active":
        opens = neighbor.messages.opens_sent if neighbor.messages else 0
        return (_for(neighbor) or 0) * _outlasts(neighbor), bool(opens), _attempts_since_open(neighbor)
    return (int(neighbor.state in {"Connect", "OpenSent"} and _may_end(neighbor)),)


def _for(neighbor: Neighbor) -> int | None:
    """How long it has been connecting, or waiting to do it again: milliseconds, up to one second more than true."""
    retry, due = neighbor.connect_retry_seconds, neighbor.next_connect_due
    return None if retry is None or due is None else retry * _SECOND - due


def _may_end(neighbor: Neighbor) -> bool:
    """Whether the attempt is so young that what it comes to is still to be heard."""
    if neighbor.state == "OpenSent":
        return neighbor.last_write is not None and neighbor.last_write <= _OPEN_TAKES
    lasts = _for(neighbor)
    return lasts is not None and lasts <= _TOLD < (neighbor.connect_retry_seconds or 0) * _SECOND


def _closed(neighbor: Neighbor, before: Before) -> bool:
    """Whether somebody took the connection and closed it. bgpd is mostly quick enough to send its OPEN first."""
    if neighbor.messages is None:
        return False
    if not neighbor.messages.opens_sent:
        return neighbor.connected_once
    return _attempts_since_open(neighbor) <= int(before.reason == "peer-closed")


def _attempts_since_open(neighbor: Neighbor) -> int:
    """How many attempts have ended since this side's last OPEN went out, but for its own; 2 for more."""
    waits, wrote = _for(neighbor), neighbor.last_write
    if waits is None or wrote is None:
        return 2
    if -_SECOND <= wrote - waits <= 0:  # both in whole seconds
        return 0
    return 1 if 0 < wrote - waits <= (neighbor.connect_retry_seconds or 0) * _SECOND + _CONNECTS else 2


def _outlasts(neighbor: Neighbor) -> bool:
    """Whether an attempt may last until the kernel gives it up, so that Active follows on silence, too."""
    return (neighbor.connect_retry_seconds or 0) * _SECOND > _GIVES_UP


def _vain(neighbor: Neighbor, before: Before) -> str:
    if _closed(neighbor, before):
        return "peer-closed"
    waits = _for(neighbor)
    same = before.state == "Connect" or (
        waits is not None and before.state == "Active" and waits >= before.ago * _SECOND
    )
    return before.reason if same and _outlasts(neighbor) and before.reason in NO_ANSWER else "no-connection"


def _unanswered(neighbor: Neighbor, before: Before) -> str:
    if before.reason == "no-connection" and (neighbor.connect_retry_seconds or 0) * _SECOND <= _TOLD:
        return before.reason  # no attempt lasts long enough to tell one from the other
    return "no-answer-or-password" if neighbor.authentication else "no-answer"
