"""What FRR's attempts to open a session come to: judged by the last one that ended, as long as the present one may.

FRR says Connect while the kernel waits for an answer, OpenSent from there to the router's OPEN, and Active from the end
of a vain attempt on (bgpd/bgp_network.c). connectRetryTimer runs in both Connect and Active, from the beginning of each
(bgpd/bgp_fsm.c, bgp_timer_set), so what is left of it tells how long an attempt or a wait has lasted.
"""

from __future__ import annotations

from typing import NamedTuple

from speakers.frr.neighbor import Neighbor

_TOLD = 4000  # ms; nobody on the link: three ARP requests or solicitations, a second each, and FRR's rounding
_GIVES_UP = 120_000  # ms; Linux takes over two minutes to find that nothing answers (tcp_syn_retries 6: 127 s)
_OPEN_TAKES = 2000  # ms; from this side's OPEN to the router's
_CLOSE = 2000  # ms; between the OPEN and the end of the attempt
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


def stage(neighbor: Neighbor) -> int:
    """All that `dialled` takes from FRR's clocks: as long as it is the same, so is the verdict."""
    if neighbor.state == "Active":
        waits = _for(neighbor)
        return waits if waits is not None and _outlasts(neighbor) else int(_closed(neighbor))
    return int(neighbor.state in {"Connect", "OpenSent"} and _may_end(neighbor))


def _for(neighbor: Neighbor) -> int | None:
    """How long it has been connecting, or waiting to do it again: milliseconds, up to one second more than true."""
    retry, due = neighbor.connect_retry_seconds, neighbor.next_connect_due
    return None if retry is None or due is None else retry * 1000 - due


def _may_end(neighbor: Neighbor) -> bool:
    """Whether the attempt is so young that what it comes to is still to be heard."""
    if neighbor.state == "OpenSent":
        return neighbor.last_write is not None and neighbor.last_write <= _OPEN_TAKES
    lasts = _for(neighbor)
    return lasts is not None and lasts <= _TOLD < (neighbor.connect_retry_seconds or 0) * 1000


def _closed(neighbor: Neighbor) -> bool:
    """Whether this side's OPEN went out just before the attempt ended: somebody took the connection."""
    waits, wrote, messages = _for(neighbor), neighbor.last_write, neighbor.messages
    if waits is None or wrote is None or messages is None or not messages.opens_sent:
        return False
    return abs(wrote - waits) <= _CLOSE


def _outlasts(neighbor: Neighbor) -> bool:
    """Whether an attempt may last until the kernel gives it up, so that Active follows on silence, too."""
    return (neighbor.connect_retry_seconds or 0) * 1000 > _GIVES_UP


def _vain(neighbor: Neighbor, before: Before) -> str:
    if _closed(neighbor):
        return "peer-closed"
    waits = _for(neighbor)
    same = before.state == "Connect" or (waits is not None and before.state == "Active" and waits >= before.ago * 1000)
    return before.reason if same and _outlasts(neighbor) and before.reason in NO_ANSWER else "no-connection"


def _unanswered(neighbor: Neighbor, before: Before) -> str:
    if before.reason == "no-connection" and (neighbor.connect_retry_seconds or 0) * 1000 <= _TOLD:
        return before.reason  # no attempt lasts long enough to tell one from the other
    return "no-answer-or-password" if neighbor.authentication else "no-answer"
