"""The node's state machine: RFC 4271 as FRR walks it, driven by what the router at the other end does.

Nothing runs between two looks: `advance` catches up with the clock, `meet` with the router. What MetalLB changes comes
through lab.speakers.reload.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from intent.announcements import Announcement
from lab.routers import Router
from lab.speakers import journal, resets
from lab.speakers.obstacles import Obstacle, bfd_answered, obstacle, watch_bfd
from lab.speakers.resets import Cause, Reset
from lab.speakers.session import FOREVER, START_DELAY, Session, State

_STEP = 0.02  # one exchange of messages, seconds
_NO_ROUTE_TO_HOST = 3.0  # until the kernel gives up to find the neighbour on the link
_NO_ANSWER = 131.0  # until it gives up to hear from a host at all (tcp_syn_retries 6, linear timeouts 4)
_OPEN_SENT_HOLD = 240.0  # RFC 4271: the large hold time before the OPEN came
_LONGEST_START_DELAY = 60.0
_LONGEST_CONNECT_RETRY = 120
_COUNTED = 2  # bgpd counts a NOTIFICATION that it receives twice


def start(session: Session, now: float) -> None:
    """A neighbour was configured: the first attempt follows after FRR's start timer."""
    session.since = session.reset_at = now
    session.connect_retry = configured_retry(session)
    session.next_at = start_at(session, now)
    watch_bfd(session, now)


def start_at(session: Session, now: float) -> float:
    """When the start timer fires; a little spread, so that not all nodes do everything in the same instant."""
    return now + session.start_delay * (0.9 + session.seed % 20 / 100)


def advance(session: Session, now: float) -> None:
    """Let everything happen that was due until `now`."""
    while session.next_at <= now:
        _ON_TIMER[session.state](session, session.next_at)


def meet(session: Session, router: Router | None, now: float) -> None:
    """The other end changed: another router stands there, or the same one behaves in another way."""
    advance(session, now)
    session.router = router
    session.revision += 1
    if session.up:
        _meet_established(session, now)
    elif session.state is State.IDLE and session.next_at == FOREVER:
        session.next_at = start_at(session, now)
    watch_bfd(session, now)


def _meet_established(session: Session, now: float) -> None:
    trouble, router = obstacle(session), session.router
    if _bfd_lost(session):
        drop(session, now, Reset.sent(resets.BFD_DOWN))
    elif trouble in _QUIET:
        session.quiet_since = min(session.quiet_since, now)
        await_end(session)
    elif trouble is Obstacle.REFUSED:
        drop(session, now, Reset(Cause.PEER_CLOSED))
    elif trouble is Obstacle.SHUTDOWN and router:
        drop(session, now, Reset.received(resets.SHUTDOWN, router.shutdown or "", hard=True))
    elif trouble is not Obstacle.NONE:
        drop(session, now, Reset(Cause.PEER_CLOSED))  # its instance with the other settings is a new one
    else:
        session.met, session.quiet_since = router, FOREVER
        await_end(session)


def drop(session: Session, now: float, reset: Reset, says: resets.Code | None = None) -> None:
    """An Established session ends. says: the NOTIFICATION that goes out though FRR names another cause."""
    counters = session.counters
    session.last_read, session.last_write = session.heard_at(now), now
    counters.keepalives_sent, counters.keepalives_received = session.keepalives(now)
    counters.dropped += 1
    if reset.cause is Cause.NOTIFICATION_RECEIVED:
        counters.notifications_received += _COUNTED
        session.last_read = now
    elif reset.cause is Cause.NOTIFICATION_SENT or says:
        counters.notifications_sent += 1
    session.reset, session.reset_at, session.dropped_at = reset, now, now
    journal.ended(session, now, reset)
    session.quiet_since = FOREVER
    session.start_delay = START_DELAY
    enter(session, State.IDLE, now, start_at(session, now))


def enter(session: Session, state: State, at: float, next_at: float) -> None:
    """A transition at `at`; the next one by itself comes at `next_at`."""
    session.state, session.since, session.next_at = state, at, next_at
    session.revision += 1


def _connect(session: Session, at: float) -> None:
    """The start timer or the connect retry timer fired."""
    trouble = obstacle(session)
    session.connected = False
    if trouble in _WAITING:
        session.reset = Reset(_WAITING[trouble])
        enter(session, State.IDLE, at, FOREVER)
    elif trouble is Obstacle.NO_PATH:
        session.reset = Reset(Cause.NO_PATH)
        _fall_back(session, at)
    else:
        _await_open(session)
        if trouble is Obstacle.REFUSED:
            _fall_back(session, at)
            return
        # The kernel goes on to look for a neighbour on the link, however often bgpd dials meanwhile.
        waits = {Obstacle.ABSENT: _NO_ROUTE_TO_HOST, Obstacle.SILENT: min(session.connect_retry, _NO_ANSWER)}
        enter(session, State.CONNECT, at, at + waits.get(trouble, _STEP))


def _connecting(session: Session, at: float) -> None:
    trouble = obstacle(session)
    if trouble is Obstacle.SILENT and session.connect_retry <= _NO_ANSWER:
        _retry(session, at)
    elif trouble in _UNREACHED:
        _fall_back(session, at)
    else:
        session.connected = True
        session.counters.opens_sent += 1
        session.last_write = at
        enter(session, State.OPEN_SENT, at, at + (_OPEN_SENT_HOLD if trouble is Obstacle.MUTE else _STEP))


def _open_sent(session: Session, at: float) -> None:
    trouble, router, counters = obstacle(session), session.router, session.counters
    if trouble in _UNREACHED or trouble in _CLOSED or router is None:
        _fall_back(session, at)
    elif trouble is Obstacle.MUTE:
        counters.notifications_sent += 1
        _refuse(session, at, Reset.sent(resets.HOLD_TIMER_EXPIRED))
    else:
        counters.opens_received += 1
        session.last_read, session.met = at, router
        if trouble in _REFUSED_BY_NODE:
            counters.notifications_sent += 1
            _refuse(session, at, Reset.sent(_REFUSED_BY_NODE[trouble]))
        elif trouble is Obstacle.BAD_MY_AS:
            counters.notifications_received += _COUNTED
            _refuse(session, at, Reset.received(resets.BAD_PEER_AS))
        else:
            enter(session, State.OPEN_CONFIRM, at, at + _STEP)


def _open_confirm(session: Session, at: float) -> None:
    if obstacle(session) is not Obstacle.NONE or session.router is None:
        _fall_back(session, at)
        return
    session.negotiate(session.router)
    session.counters.established += 1
    session.counters.updates_sent += updates(session.announced, session.families) + len(session.families)
    session.counters.updates_received += len(session.families) + len(session.router.networks if session.router else ())
    session.established_at = at
    session.connect_retry = configured_retry(session)
    session.start_delay = START_DELAY
    enter(session, State.ESTABLISHED, at, FOREVER)
    journal.established(session, at)
    await_end(session)


def updates(announced: Iterable[Announcement], families: Collection[str]) -> int:
    """How many UPDATE messages carry these prefixes: one for each family and set of attributes."""
    return len({(a.family, a.local_pref, a.communities) for a in announced if a.family in families})


def await_end(session: Session) -> None:
    """When this Established session will end by itself: at once, by the hold timer, or the router that bounces it."""
    full = _over_limit(session)
    session.next_at = session.established_at if full else min(session.hold_expires_at(), _bounce_at(session))


def _over_limit(session: Session) -> bool:
    limit = session.router.prefix_limit if session.router else 0
    return bool(limit) and any(len(session.sent(family)) > limit for family in session.families)


def _bounce_at(session: Session) -> float:
    bounce = session.router.bounce if session.router else 0.0
    # Spread over the period, so that the sessions of one router do not end in the same second.
    spread = (session.seed * 7919 + session.counters.established * 104_729) % 1000 / 1000
    return session.established_at + bounce * (0.5 + spread) if bounce else FOREVER


def _established(session: Session, at: float) -> None:
    if _over_limit(session):
        drop(session, at, Reset.received(resets.PREFIX_LIMIT, hard=True))
    elif session.hold_expires_at() <= at:
        drop(session, at, Reset.sent(resets.HOLD_TIMER_EXPIRED))
    else:
        drop(session, at, Reset.received(resets.ADMINISTRATIVE_RESET, hard=True))


def _refuse(session: Session, at: float, reset: Reset) -> None:
    """An attempt ended in a NOTIFICATION; the node waits longer each time (FRR: v_start doubles up to 60 s)."""
    session.last_write = at
    session.reset = reset
    journal.refused(session, at, reset)
    session.start_delay = min(session.start_delay * 2, _LONGEST_START_DELAY)
    enter(session, State.IDLE, at, start_at(session, at))


def _fall_back(session: Session, at: float) -> None:
    """To Active, until the connect retry timer fires."""
    enter(session, State.ACTIVE, at, at + session.connect_retry)


def _retry(session: Session, at: float) -> None:
    """The connect retry timer fired; releases whose default is short wait longer each time (FRR: v_connect doubles)."""
    if session.spec.connect is None and session.connect_default < _LONGEST_CONNECT_RETRY:
        session.connect_retry = min(session.connect_retry * 2, _LONGEST_CONNECT_RETRY)
    _connect(session, at)


def _await_open(session: Session) -> None:
    """bgpd notes what it waits for, unless it remembers something that an end of a session has left."""
    if not session.counters.established and session.reset.notification is None:
        session.reset = Reset(Cause.WAITING_FOR_OPEN)


def configured_retry(session: Session) -> int:
    """The connect retry interval to begin with, seconds."""
    connect = session.spec.connect
    return session.connect_default if connect is None else int(connect.total_seconds())


def _bfd_lost(session: Session) -> bool:
    return session.bfd.up and bool(session.spec.bfd_profile) and not bfd_answered(session)


_WAITING = {Obstacle.NO_VRF: Cause.NO_VRF, Obstacle.NO_LINK_LOCAL: Cause.NO_LINK_LOCAL}
_CLOSED = {Obstacle.STRANGER, Obstacle.SHUTDOWN}  # FRR's bgpd closes the connection without a word
_REFUSED_BY_NODE = {
    Obstacle.BAD_PEER_AS: resets.BAD_PEER_AS,
    Obstacle.SAME_IDENTIFIER: resets.BAD_IDENTIFIER,  # of internal routers only (RFC 6286)
    Obstacle.NO_COMMON_FAMILY: resets.UNSUPPORTED_CAPABILITY,
}
_UNREACHED = {*_WAITING, Obstacle.ABSENT, Obstacle.SILENT, Obstacle.REFUSED, Obstacle.NO_PATH}
_QUIET = {Obstacle.ABSENT, Obstacle.NO_LINK_LOCAL, Obstacle.SILENT, Obstacle.MUTE, Obstacle.NO_PATH}
_ON_TIMER = {
    State.IDLE: _connect,
    State.CONNECT: _connecting,
    State.ACTIVE: _retry,
    State.OPEN_SENT: _open_sent,
    State.OPEN_CONFIRM: _open_confirm,
    State.ESTABLISHED: _established,
}
