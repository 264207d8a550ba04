"""What a look at a node changes in its rows: decided here without a query, written by the services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from intent.sessions import IntendedSession
from speakers.comparison.settings import differing
from speakers.frr.conditions import STATES, Condition, absent, condition
from speakers.frr.neighbor import Neighbor
from speakers.frr.parse import whole
from speakers.frr.reasons import WEAK
from speakers.losses import before, began, came_up, flapped, loss, phase, was_up, watched
from speakers.models import Session, Speaker, Transition
from speakers.reports import UNTOLD, Report, reported, unreported
from speakers.sweep import Observation

Key = tuple[str, str]  # VRF and neighbor
_State = Session.State


@dataclass(slots=True)
class Changes:
    """What an observation changes in the rows of its node."""

    save: list[Session] = field(default_factory=list)
    remove: list[Session] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.save or self.remove or self.transitions)


def changes(
    speaker: Speaker, rows: Mapping[Key, Session], seen: Observation, expected: Sequence[IntendedSession]
) -> Changes:
    """Compare an observation with the rows of its node; `rows` are altered in place where they change."""
    found = Changes()
    intended = {(session.vrf[:63], session.neighbor[:100]): session for session in expected}
    if seen.reports is not None:
        _told(found, speaker, rows, seen, intended)
        if seen.some:
            _unheard(found, speaker, rows, seen.at, intended)
        return found
    if seen.answer is None:
        _unheard(found, speaker, rows, seen.at, intended)
        return found
    took = timedelta(milliseconds=seen.duration_ms or 0)
    neighbors = {(neighbor.vrf, neighbor.key): neighbor for neighbor in seen.answer.neighbors}
    for key in {**neighbors, **intended}:
        neighbor, meant = neighbors.get(key), intended.get(key)
        row = rows.get(key)
        judged = condition(neighbor, meant, before(row, speaker, seen.at)) if neighbor else absent()
        _judge(found, row, _Sight(speaker, key, neighbor, meant, seen.at, took=took), judged)
    for key, row in rows.items():
        if key not in neighbors and key not in intended:
            _remove(found, row, seen.at)
    return found


def _told(
    found: Changes,
    speaker: Speaker,
    rows: Mapping[Key, Session],
    seen: Observation,
    intended: Mapping[Key, IntendedSession],
) -> None:
    """Others than FRR said how its sessions are: what they do not tell is not known, and nothing is absent."""
    reports = {(report.vrf, report.neighbor): report for report in seen.reports or ()}
    for key in reports if seen.some else {**reports, **intended}:
        report, row = reports.get(key), rows.get(key)
        if seen.some and (row is None or _same(row, report)):
            continue  # FRR said more of it when it was asked
        sight = _Sight(speaker, key, None, intended.get(key), seen.at, report, whole=not seen.some)
        _judge(found, row, sight, reported(report) if report else unreported())
    for key, row in rows.items():
        if not seen.some and key not in reports and key not in intended:
            _remove(found, row, seen.at)


def _same(row: Session, report: Report | None) -> bool:
    """Whether a report says nothing else than what FRR has said."""
    return report is None or report.state not in STATES or phase(row.state) == phase(report.state)


@dataclass(frozen=True, slots=True)
class _Sight:
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


def _judge(found: Changes, row: Session | None, sight: _Sight, judged: Condition) -> None:
    values = _values(sight, judged)
    known = row
    if row is None:
        row = _new(sight.speaker, sight.key)
    transition = _transition(known, sight, judged)
    if "differs" in values:
        values["differs_since"] = (row.differs_since if row.differs else sight.at) if values["differs"] else None
    values["established_at"] = up = _established_at(row, sight, judged)
    values["since"], values["began_before"] = (up, False) if up else _since(known, sight, judged)
    if known is not None and not _differs(row, values):
        return
    for name, value in values.items():
        setattr(row, name, value)
    found.save.append(row)
    if transition is not None:
        transition.session = row
        found.transitions.append(transition)


def _since(row: Session | None, sight: _Sight, judged: Condition) -> tuple[datetime, bool]:
    if row and phase(row.state) == phase(judged.state) and not was_up(row, sight.neighbor, sight.speaker.source):
        return row.since, row.began_before
    return began(row, sight.neighbor, sight.at, seen=watched(sight.speaker, sight.at))


def _new(speaker: Speaker, key: Key) -> Session:
    row = Session(speaker=speaker, cluster_id=speaker.cluster_id, node=speaker.node, vrf=key[0], neighbor=key[1])
    row.state = _State.UNKNOWN
    return row


def _differs(row: Session, values: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _values(sight: _Sight, judged: Condition) -> dict[str, Any]:
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


def _also(sight: _Sight) -> dict[str, Any]:
    """What a report tells beside the state."""
    report = sight.report
    if report is None:
        return {}
    return {"bfd": report.bfd} | ({"prefixes_sent": report.sent} if sight.whole else {})


def _total(counters: list[int | None]) -> int | None:
    known = [counter for counter in counters if counter is not None]
    return whole(sum(known)) if known else None


def _established_at(row: Session, sight: _Sight, judged: Condition) -> datetime | None:
    if judged.state != _State.ESTABLISHED or sight.neighbor is None:
        return None
    return came_up(row, sight.neighbor, sight.at, sight.took, lost=_flapped(row, sight))


def _flapped(row: Session, sight: _Sight) -> bool:
    speaker = sight.speaker
    took = timedelta(milliseconds=speaker.duration_ms or 0)  # moments are those at which FRR was asked
    return flapped(row, sight.neighbor, speaker.observed_at and speaker.observed_at + took, sight.at)


def _transition(row: Session | None, sight: _Sight, judged: Condition) -> Transition | None:
    """The change worth a line in the history, None if there is none.

    Within "down" only a new cause is one, and only a cause that FRR names, or the first of an attempt. Established to Established is one that was
    lost and came back between two looks (evidence names connectionsDropped), or one that became degraded or whole.
    """
    before = row.state if row else _State.UNKNOWN
    if before != _State.UNKNOWN and phase(before) == phase(judged.state) and row is not None:
        if sight.neighbor and judged.state == _State.ESTABLISHED and _flapped(row, sight):
            judged = loss(row, sight.neighbor)
        elif row.degraded == judged.degraded and not _new_cause(row.reason, judged.reason):
            return None
    return _line(row, sight, judged)


def _new_cause(before: str, now: str) -> bool:
    return before != now and (before == "dialling" or now not in WEAK | {""})


def _line(row: Session | None, sight: _Sight, judged: Condition) -> Transition:
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


def _remove(found: Changes, row: Session, at: datetime) -> None:
    found.remove.append(row)
    if row.state != _State.UNKNOWN:
        where = {"cluster_id": row.cluster_id, "node": row.node, "vrf": row.vrf, "neighbor": row.neighbor}
        found.transitions.append(Transition(**where, peer=row.peer, at=at, old_state=row.state))


def _unheard(
    found: Changes, speaker: Speaker, rows: Mapping[Key, Session], at: datetime, intended: Mapping[Key, IntendedSession]
) -> None:
    """Nothing is known of the states, but what is intended may have changed."""
    for key, session in intended.items():
        row = rows.get(key) or _new(speaker, key)
        if row.pk is None:
            row.since = at
        if row.pk is None or not row.intended or row.peer != session.peer:
            row.intended, row.peer = True, session.peer
            found.save.append(row)
    for row in _unintended(rows, intended):
        if row.state in {_State.UNKNOWN, _State.ABSENT}:
            _remove(found, row, at)
        elif row.intended:
            row.intended, row.peer = False, ""
            found.save.append(row)


def _unintended(rows: Mapping[Key, Session], intended: Mapping[Key, IntendedSession]) -> Iterator[Session]:
    return (row for key, row in rows.items() if key not in intended)
