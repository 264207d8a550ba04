"""What FRR does when MetalLB's reloader brings other settings for a neighbour that exists."""

from __future__ import annotations

from dataclasses import dataclass

from intent.announcements import Announcement
from intent.sessions import IntendedSession
from lab.speakers import resets
from lab.speakers.fsm import advance, await_end, configured_retry, drop, enter, start_at, updates
from lab.speakers.obstacles import watch_bfd
from lab.speakers.resets import Cause, Reset
from lab.speakers.session import START_DELAY, Session, State

Announced = tuple[Announcement, ...]


def reconfigure(session: Session, spec: IntendedSession, password: str, now: float) -> None:
    """MetalLB's reloader brought new settings: FRR resets the session for some, and takes the others as they are."""
    advance(session, now)
    before, session.spec = session.spec, spec
    reason = _reset_reason(before, spec, session.password != password)
    session.password = password
    session.revision += 1
    if before.connect != spec.connect:
        session.connect_retry = configured_retry(session)
    if reason is None:
        if session.up:
            await_end(session)
    elif session.up:
        drop(session, now, Reset(reason), says=resets.CONFIG_CHANGE)
    else:
        session.reset = Reset(reason)
        session.start_delay = START_DELAY
        enter(session, State.IDLE, now, start_at(session, now))
    watch_bfd(session, now)


@dataclass(frozen=True, slots=True)
class Change:
    """What one set of announcements is beside an older one: what goes out (again), and families with withdrawals."""

    fresh: tuple[Announcement, ...]
    gone: frozenset[str]

    @property
    def families(self) -> frozenset[str]:
        """The families in which anything changes."""
        return self.gone | {each.family for each in self.fresh}


class Changes:
    """Changes by what was and what will be; sessions of many nodes share both, so each is worked out once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Announced, Announced, Change]] = {}

    def between(self, before: Announced, after: Announced) -> Change:
        """The change; known by identity, which is why both are kept."""
        key = id(before), id(after)
        if key not in self._known:
            old, new = ({each.prefix: each for each in side} for side in (before, after))
            fresh = tuple(each for each in after if old.get(each.prefix) != each)
            change = Change(fresh, frozenset(each.family for prefix, each in old.items() if prefix not in new))
            self._known[key] = before, after, change
        return self._known[key][2]


def announce(session: Session, announced: Announced, change: Change, now: float) -> None:
    """Other prefixes or attributes: what is new goes out, what is gone is withdrawn, the session stays."""
    session.announced = announced
    if not change.families:
        return
    advance(session, now)
    session.revision += 1
    if session.up:
        families = session.families
        session.counters.updates_sent += updates(change.fresh, families) + len(change.gone.intersection(families))
        await_end(session)


def _reset_reason(before: IntendedSession, after: IntendedSession, password_changed: bool) -> Cause | None:
    changes = (
        (Cause.REMOTE_AS_CHANGED, (before.peer_asn, before.dynamic_asn), (after.peer_asn, after.dynamic_asn)),
        (Cause.LOCAL_AS_CHANGED, before.local_asn, after.local_asn),
        (Cause.ROUTER_ID_CHANGED, before.router_id, after.router_id),
        (Cause.UPDATE_SOURCE_CHANGED, before.source_address, after.source_address),
        (Cause.MULTIHOP_CHANGED, before.multihop, after.multihop),
        (Cause.FAMILY_ACTIVATED, before.families, after.families),
        (Cause.PASSWORD_CHANGED, False, password_changed),
    )
    return next((cause for cause, old, new in changes if old != new), None)
