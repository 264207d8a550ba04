"""What a look at a node changes in its rows: decided here without a query, written by the services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intent.sessions import IntendedSession
from speakers.frr.conditions import STATES, Condition, absent, condition
from speakers.losses import before, began, phase, was_up, watched
from speakers.models import Session, Speaker, Transition
from speakers.reports import Report, reported, unreported
from speakers.sights import Key, Sight, columns_of, established_at, transition
from speakers.sweep import Observation

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
        _judge(found, row, Sight(speaker, key, neighbor, meant, seen.at, took=took), judged)
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
        sight = Sight(speaker, key, None, intended.get(key), seen.at, report, whole=not seen.some)
        _judge(found, row, sight, reported(report) if report else unreported())
    for key, row in rows.items():
        if not seen.some and key not in reports and key not in intended:
            _remove(found, row, seen.at)


def _same(row: Session, report: Report | None) -> bool:
    """Whether a report says nothing else than what FRR has said."""
    return report is None or report.state not in STATES or phase(row.state) == phase(report.state)


def _judge(found: Changes, row: Session | None, sight: Sight, judged: Condition) -> None:
    known, row = row, row or _new(sight.speaker, sight.key)
    turned = transition(known, sight, judged)
    columns = columns_of(sight, judged)
    if "differs" in columns:
        columns["differs_since"] = (row.differs_since if row.differs else sight.at) if columns["differs"] else None
    columns["established_at"] = up = established_at(row, sight, judged)
    columns["since"], columns["began_before"] = (up, False) if up else _since(known, sight, judged)
    if known is not None and all(getattr(row, name) == value for name, value in columns.items()):
        return
    for name, value in columns.items():
        setattr(row, name, value)
    found.save.append(row)
    if turned is not None:
        turned.session = row
        found.transitions.append(turned)


def _since(row: Session | None, sight: Sight, judged: Condition) -> tuple[datetime, bool]:
    if row and phase(row.state) == phase(judged.state) and not was_up(row, sight.neighbor, sight.speaker.source):
        return row.since, row.began_before
    return began(row, sight.neighbor, sight.at, seen=watched(sight.speaker, sight.at))


def _new(speaker: Speaker, key: Key) -> Session:
    row = Session(speaker=speaker, cluster_id=speaker.cluster_id, node=speaker.node, vrf=key[0], neighbor=key[1])
    row.state = _State.UNKNOWN
    return row


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
