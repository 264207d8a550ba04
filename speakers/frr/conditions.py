"""What a neighbor's fields amount to: its state, whether it is whole, and the cause if it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from speakers.frr.dialling import FIRST, NO_ANSWER, Before, dialled
from speakers.frr.intended import configured
from speakers.frr.neighbor import Neighbor
from speakers.frr.notifications import Meaning, Notification, notification
from speakers.frr.reasons import BY_RESET, REASONS, RECEIVED, RESET_TEXTS, SENT, WAITING

if TYPE_CHECKING:
    from intent.sessions import IntendedSession

Evidence = dict[str, str | int | bool | list[str]]
STATES = frozenset(
    ("Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established", "Clearing", "Deleted")
)  # RFC 4271 section 8.2.2, and two of FRR's own
ABSENT, UNKNOWN = "Absent", "Unknown"
_HOLD_TIMER_EXPIRED = 4  # NOTIFICATION code


class Condition(NamedTuple):
    """A session judged. reason: key of REASONS, "" = nothing is wrong. evidence: FRR's fields that say so.

    degraded: why an Established session is not whole. Nothing in here moves while the session stays as it is, so that
    a comparison with what was known before tells whether something happened.
    """

    state: str
    degraded: str = ""
    reason: str = ""
    cause: str = ""
    evidence: Evidence = {}  # never written to


def absent() -> Condition:
    """An intended session that FRR does not have."""
    return Condition(ABSENT, reason="not-configured", cause=REASONS["not-configured"].title)


def condition(neighbor: Neighbor, intended: IntendedSession | None = None, before: Before = FIRST) -> Condition:
    """Judge one neighbor, against what is intended for it if something is. before: what the last look found."""
    if neighbor.state not in STATES:
        return Condition(UNKNOWN, cause="FRR did not say in which state the session is")
    if neighbor.established:
        return _established(neighbor, intended)
    down = last_down(neighbor, before)
    return down._replace(evidence={**down.evidence, **configured(down.reason, intended)}) if intended else down


def _established(neighbor: Neighbor, intended: IntendedSession | None) -> Condition:
    for reason, judge in _DEGRADED:
        if evidence := judge(neighbor, intended):
            evidence = {**evidence, **(configured(reason, intended) if intended else {})}
            words = REASONS[reason].title
            if missing := evidence.get("missing"):
                words = f"{words}: {', '.join(missing) if isinstance(missing, list) else missing}"
            return Condition(neighbor.state, words[:200], reason, words[:200], evidence)
    return Condition(neighbor.state)


def _bfd_down(neighbor: Neighbor, intended: IntendedSession | None) -> Evidence:
    status = neighbor.bfd.status if neighbor.bfd else ""
    return {"peerBfdInfo.status": status} if status in {"Down", "Admin Down"} else {}


def silent(neighbor: Neighbor) -> bool:
    """Whether nothing was heard for over two thirds of the hold time; without one nothing has to be heard.

    Both sides send at least every third of it (RFC 4271, section 4.4), but bgpTimerKeepAliveIntervalMsecs is only this
    side's interval, which may be far shorter than the router's (FRR bgpd/bgp_packet.c: v_keepalive).
    """
    hold, last_read = neighbor.hold_time, neighbor.last_read
    return bool(hold) and last_read is not None and 3 * last_read > 2 * (hold or 0)


def _silent(neighbor: Neighbor, intended: IntendedSession | None) -> Evidence:
    return {"bgpTimerHoldTimeMsecs": neighbor.hold_time or 0} if silent(neighbor) else {}


def _family_missing(neighbor: Neighbor, intended: IntendedSession | None) -> Evidence:
    wanted = [f"{family}Unicast" for family in intended.families] if intended else []
    missing = [family for family in wanted if not neighbor.negotiated(family)]
    return {"missing": missing, "addressFamilyInfo": sorted(neighbor.families)} if missing else {}


_Judge = Callable[[Neighbor, "IntendedSession | None"], Evidence]
_DEGRADED: tuple[tuple[str, _Judge], ...] = (
    ("bfd-down", _bfd_down),
    ("silent", _silent),
    ("family-missing", _family_missing),
)


def _why(neighbor: Neighbor, before: Before) -> tuple[str, str]:
    """Reason and cause of a session that is down. lastReset is history: it counts while it still explains the state."""
    attempt = dialled(neighbor, before)
    code = neighbor.last_reset_code
    if code is None:
        code = RESET_TEXTS.get(neighbor.last_reset)
    if neighbor.admin_shutdown:
        return _plain("admin-shutdown")
    if neighbor.prefix_limit_exceeded:
        return _plain("prefix-limit-exceeded")
    if neighbor.waits_for in WAITING:
        return _plain(WAITING[neighbor.waits_for])
    if code in {RECEIVED, SENT} and (told := _told(neighbor, attempt, sent=code == SENT)):
        return told
    reason = BY_RESET.get(code or 0, "")
    if reason == "no-address-family" and neighbor.families:
        reason = ""  # left over from the moment in which the configuration was applied
    if reason == "no-route" and neighbor.hops == 1:
        reason = "not-connected"  # next-hop tracking then takes connected routes only ("Must be Connected")
    return _plain(reason or attempt or ("idle" if code in {None, 32} else "restarting"))


def last_down(neighbor: Neighbor, before: Before = FIRST) -> Condition:
    """Why a session went down, as far as FRR still knows; it may be up again."""
    reason, cause = _why(neighbor, before)
    return Condition(neighbor.state, reason=reason, cause=cause[:300], evidence=_evidence(neighbor, reason))


def _plain(reason: str) -> tuple[str, str]:
    return reason, REASONS[reason].title


def _told(neighbor: Neighbor, attempt: str, *, sent: bool) -> tuple[str, str] | None:
    """The NOTIFICATION that ended the session, unless it only says that this side began anew."""
    row = notification(*neighbor.notification) if neighbor.notification else None
    if row is None or neighbor.notification is None:
        return None
    if sent and neighbor.notification[0] == _HOLD_TIMER_EXPIRED and neighbor.connections_established == 0:
        return _plain("no-open")  # the timer runs before the OPEN, too (RFC 4271, section 8.2.2, OpenSent)
    meaning: Meaning = row.sent if sent else row.received
    if meaning.passing or (row.slug == "configuration-change" and attempt in NO_ANSWER):
        return None  # a router whose password changes says that its configuration did, and nothing from then on
    direction = "sent" if sent else "received"
    return (
        f"{row.slug}-{direction}",
        f"{meaning.title} ({_number(row, neighbor.notification)} {direction}){_quoted(neighbor)}",
    )


def _number(row: Notification, numbers: tuple[int, int]) -> str:
    return f"NOTIFICATION {numbers[0]}/{numbers[1]} {row.name}"


def _quoted(neighbor: Neighbor) -> str:
    """The router's own words (RFC 9003)."""
    return f": “{neighbor.shutdown_message[:128]}”" if neighbor.shutdown_message else ""


def _of_reason(neighbor: Neighbor, reason: str) -> Evidence:
    """What only some causes rest on."""
    if reason == "not-connected":
        return {"externalBgpNbrMaxHopsAway": neighbor.hops or 0}
    if reason == "peer-closed" and (neighbor.foreign_port or 0) > 0:
        return {"hostForeign": neighbor.foreign_host, "portForeign": neighbor.foreign_port or 0}
    if reason.startswith("bad-peer-as"):
        return {"remoteAs": neighbor.remote_as or 0, "localAs": neighbor.local_as or 0}
    if reason.startswith("bad-bgp-identifier"):
        return {"localRouterId": neighbor.local_router_id}
    return {}


def _evidence(neighbor: Neighbor, reason: str) -> Evidence:
    """The fields that the cause rests on, with FRR's own names; only what does not move by itself."""
    fields: Evidence = {
        "lastResetDueTo": neighbor.last_reset,
        "lastResetCode": neighbor.last_reset_code or 0,
        "lastErrorCodeSubcode": neighbor.last_error[:4],
        "lastNotificationReason": neighbor.last_notification,
        "lastShutdownDescription": neighbor.shutdown_message,
        "adminShutDown": neighbor.admin_shutdown,
        "bgpStateIs": neighbor.waits_for,
        "prefixesConfigExceedMax": neighbor.prefix_limit_exceeded,
        "authenticationEnabled": neighbor.authentication or 0,
        "peerBfdInfo.status": neighbor.bfd.status if neighbor.bfd else "",
        **_of_reason(neighbor, reason),
    }
    return {name: value for name, value in fields.items() if value}
