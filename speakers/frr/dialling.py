"""What FRR's attempts to open a session come to: judged by the last one that ended, as long as the present one may.

FRR says Connect while the kernel waits for an answer, OpenSent from there to the router's OPEN, and Active from the end
of a vain attempt on (bgpd/bgp_network.c). connectRetryTimer runs in both Connect and Active, from the beginning of each
(bgpd/bgp_fsm.c, bgp_timer_set), so what is left of it tells how long an attempt or a wait has lasted.
"""

from __future__ import annotations

from typing import NamedTuple

from speakers.frr.neighbor import Neighbor

_SECOND = 1000  # ms
_NO_HOST = 4000  # ms; nobody on the link: three ARP requests or solicitations, a second each, and FRR's rounding
_SILENCE = 120_000  # ms; Linux takes over two minutes to find that nothing answers (tcp_syn_retries 6: 127 or 131 s)
_OPEN_TAKES = 2000  # ms; from this side's OPEN to the router's
_CLOSE_TAKES = 60_000  # ms; from this side's OPEN until a router closes that has closed before
_ATTEMPT = 5000  # ms; a vain attempt, at most
NO_ANSWER = frozenset(("no-answer", "no-answer-or-password"))
DIALLED = NO_ANSWER | {"no-connection", "peer-closed", "no-open"}


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
    if neighbor.state == "Connect":
        return _unanswered(neighbor, before)
    if neighbor.state == "OpenSent":
        wrote = neighbor.last_write
        takes = _CLOSE_TAKES if before.reason == "peer-closed" else _OPEN_TAKES
        return _still(before) if wrote is not None and wrote <= takes else "no-open"
    return "no-keepalive" if neighbor.state == "OpenConfirm" else ""


def moving(neighbor: Neighbor) -> bool:
    """Whether the verdict rests on the moment of the look, so that it may be another one at the next."""
    if neighbor.state == "Active":
        return _retry(neighbor) > _SILENCE
    return neighbor.state == "OpenSent" or (neighbor.state == "Connect" and _is_young(neighbor))


def stage(neighbor: Neighbor) -> int:
    """What else `dialled` takes from FRR's clocks and counters: as long as it is the same, so is the verdict."""
    return _attempts_since_message(neighbor) if neighbor.state == "Active" else 0


def _retry(neighbor: Neighbor) -> int:
    return (neighbor.connect_retry_seconds or 0) * _SECOND


def _lasts(neighbor: Neighbor) -> int | None:
    """How long it has been connecting, or waiting to do it again: milliseconds, up to one second more than true."""
    due = neighbor.next_connect_due
    return None if due is None or neighbor.connect_retry_seconds is None else _retry(neighbor) - due


def _still(before: Before) -> str:
    return before.reason if before.reason in DIALLED else "dialling"


def _is_young(neighbor: Neighbor) -> bool:
    """Whether a host that is not there would not have been found missing yet; None is long enough for a short timer."""
    lasts = _lasts(neighbor)
    return lasts is not None and lasts <= _NO_HOST < _retry(neighbor)


def _unanswered(neighbor: Neighbor, before: Before) -> str:
    if _is_young(neighbor) and not _silent_before(neighbor, before):
        return _still(before)
    if before.reason == "no-connection" and 0 < _retry(neighbor) <= _NO_HOST:
        return before.reason  # no attempt lasts long enough to tell one from the other
    return "no-answer-or-password" if neighbor.authentication else "no-answer"


def _silent_before(neighbor: Neighbor, before: Before) -> bool:
    """Whether the attempt that the last look saw was not answered either: looks may keep step with attempts.

    No wait fits between both; or if nothing was ever seen to fail, it is enough that this one is another attempt.
    """
    lasts, ago = _lasts(neighbor), before.ago * _SECOND
    if before.state != "Connect" or lasts is None or lasts > ago:
        return False
    return before.reason == "dialling" or ago <= _retry(neighbor) + lasts - _SECOND


def _vain(neighbor: Neighbor, before: Before) -> str:
    if _attempts_since_message(neighbor) <= (1 if before.reason == "peer-closed" else 0):
        return "peer-closed"
    lasts, ago = _lasts(neighbor), before.ago * _SECOND
    same = before.state == "Connect" or (before.state == "Active" and lasts is not None and lasts >= ago)
    silence = same and before.reason in NO_ANSWER and _retry(neighbor) > _SILENCE
    return before.reason if silence else "no-connection"


def _attempts_since_message(neighbor: Neighbor) -> int:
    """In which attempt this side's last message went out, its OPEN: 0 the last one, 1 the one before, 2 neither.

    Somebody has taken the connection then. bgpd loses the race to send it, now and then, against a router that closes
    at once. The last message may also be one of a session that was up; and bgpTimerLastWrite begins anew each day.
    """
    lasts, wrote = _lasts(neighbor), neighbor.last_write
    if lasts is None or wrote is None or neighbor.messages is None or not neighbor.messages.opens_sent:
        return 2
    late = wrote - lasts  # both in whole seconds
    last = 0 if neighbor.connections_established else max(0, _retry(neighbor) - _SECOND)
    return 2 if late < -_SECOND else 0 if late <= last else 1 if late <= _retry(neighbor) + _ATTEMPT else 2
