"""What FRR does when MetalLB's reloader brings other settings for a neighbour that exists."""

from __future__ import annotations

from intent.sessions import IntendedSession
from lab.speakers import resets
from lab.speakers.fsm import advance, await_end, configured_retry, drop, enter, start_at, watch_bfd
from lab.speakers.resets import Cause, Reset
from lab.speakers.session import START_DELAY, Session, State


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
