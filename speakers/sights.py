"""What one look tells of one session: the columns of its row, and the line that history gets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from intent.sessions import IntendedSession
from speakers.comparison.settings import differing
from speakers.frr.conditions import Condition
from speakers.frr.dialling import DIALLED
from speakers.frr.neighbor import Neighbor
from speakers.frr.parse import whole
from speakers.frr.reasons import WEAK
from speakers.losses import came_up, flapped, loss, phase
from speakers.models import Session, Speaker, Transition
from speakers.reports import UNTOLD, Report

Key = tuple[str, str]  # VRF and neighbor
_State = Session.State


@dataclass(frozen=True, slots=True)
class Sight:
    """One session in one observation. report: what others than FRR say of it; whole: of FRR's own words none counts.

    took: from the question to the answer.
    """

    speaker: Speaker
    key: Key
    neighbor: Neighbor | None
    intended: IntendedSession | None
    at: datetime
    report: Report | None = None
    whole: bool = False
    took: timedelta = timedelta()


def columns_of(sight: Sight, judged: Condition) -> dict[str, Any]:
    """The columns of a session, but for its times."""
    values: dict[str, Any] = {
        "peer": sight.intended.peer if sight.intended else "",
        "intended": sight.intended is not None,
        "state": judged.state,
        "degraded": judged.degraded,
        "reason": judged.reason,
        "cause": judged.cause,
        "evidence": judged.evidence,
    }
    n = sight.neighbor
    if n is None:
        return values | (UNTOLD if sight.whole else {}) | _also(sight)
    families = n.families.values()
    return values | {
        "remote_as": n.remote_as,
        "local_as": n.local_as,
        "remote_router_id": n.remote_router_id[:50],
        "local_router_id": n.local_router_id[:50],
        "link": n.link,
        "bgp_version": whole(n.version, 255),
        "hostname": n.hostname if n.hostname != "Unknown" else "",
        "hold_time": n.hold_time // 1000 if n.hold_time is not None else None,
        "keepalive_time": n.keepalive_time // 1000 if n.keepalive_time is not None else None,
        "families": sorted(n.families),
        "bfd": n.bfd.status if n.bfd else "",
        "prefixes_sent": _total([family.sent_prefix_counter for family in families]),
        "prefixes_received": _total([family.accepted_prefix_counter for family in families]),
        "connections_established": whole(n.connections_established) or 0,
        "connections_dropped": whole(n.connections_dropped) or 0,
        "differs": differing(n, sight.intended) if sight.intended else "",
    }


def _also(sight: Sight) -> dict[str, Any]:
    """What a report tells beside the state."""
    report = sight.report
    if report is None:
        return {}
    return {"bfd": report.bfd} | ({"prefixes_sent": report.sent} if sight.whole else {})


def _total(counters: list[int | None]) -> int | None:
    known = [counter for counter in counters if counter is not None]
    return whole(sum(known)) if known else None


def established_at(row: Session, sight: Sight, judged: Condition) -> datetime | None:
    """When it came up, if it is up and FRR says so."""
    if judged.state != _State.ESTABLISHED or sight.neighbor is None:
        return None
    return came_up(row, sight.neighbor, sight.at, sight.took, lost=_flapped(row, sight))


def _flapped(row: Session, sight: Sight) -> bool:
    speaker = sight.speaker
    took = timedelta(milliseconds=speaker.duration_ms or 0)  # moments are those at which FRR was asked
    return flapped(row, sight.neighbor, speaker.observed_at and speaker.observed_at + took, sight.at)


def transition(row: Session | None, sight: Sight, judged: Condition) -> Transition | None:
    """The change worth a line in the history, None if there is none.

    Within "down" only a new cause is one, and only a cause that FRR names, or the first of an attempt. Established to
    Established is one that was lost and came back between two looks (evidence names connectionsDropped), or one that
    became degraded or whole.
    """
    before = row.state if row else _State.UNKNOWN
    if before != _State.UNKNOWN and phase(before) == phase(judged.state) and row is not None:
        if sight.neighbor and judged.state == _State.ESTABLISHED and _flapped(row, sight):
            judged = loss(row, sight.neighbor)
        elif row.degraded == judged.degraded and not _new_cause(row.reason, judged.reason):
            return None
    return _line(row, sight, judged)


def _new_cause(before: str, now: str) -> bool:
    return before != now and (now not in WEAK | {""} or (before == "dialling" and now in DIALLED))


def _line(row: Session | None, sight: Sight, judged: Condition) -> Transition:
    return Transition(
        cluster_id=sight.speaker.cluster_id,
        node=sight.speaker.node,
        vrf=sight.key[0],
        neighbor=sight.key[1],
        peer=sight.intended.peer if sight.intended else "",
        at=sight.at,
        old_state=row.state if row and (row.state != _State.UNKNOWN or row.reason) else "",
        new_state=judged.state,
        reason=judged.reason,
        cause=judged.cause,
        evidence=judged.evidence,
    )
