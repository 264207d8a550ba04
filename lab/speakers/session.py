"""One BGP session as the node's FRR keeps it. Whatever runs by the clock is computed when asked, nothing ticks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import NamedTuple

from intent.announcements import Announcement
from intent.sessions import IntendedSession
from lab.routers import Router
from lab.speakers.resets import Cause, Reset

FOREVER = inf
FRESH = Reset(Cause.NO_FAMILY)  # the neighbour exists before its first family does
START_DELAY = 1.0  # FRR: BGP_INIT_START_TIMER
_HOLD, _KEEPALIVE = 180, 60  # FRR's defaults, seconds


class State(StrEnum):
    """RFC 4271 section 8.2.2, in FRR's spelling."""

    IDLE = "Idle"
    CONNECT = "Connect"
    ACTIVE = "Active"
    OPEN_SENT = "OpenSent"
    OPEN_CONFIRM = "OpenConfirm"
    ESTABLISHED = "Established"


@dataclass(slots=True)
class Counters:
    """Messages of ended sessions and of the current one, without the keepalives that the clock makes."""

    opens_sent: int = 0
    opens_received: int = 0
    notifications_sent: int = 0
    notifications_received: int = 0
    updates_sent: int = 0
    updates_received: int = 0
    keepalives_sent: int = 0
    keepalives_received: int = 0
    established: int = 0
    dropped: int = 0


class Negotiated(NamedTuple):
    """Timers of an Established session in seconds. heard_every: the router's own keepalive interval; 0 = never."""

    hold: int = 0
    keepalive: int = 0
    heard_every: int = 0


NOTHING_NEGOTIATED = Negotiated()


@dataclass(slots=True)
class Bfd:
    """BFD beside a session. since: of the current status; ups and downs are counted from the session's creation."""

    up: bool = False
    since: float = 0.0
    ups: int = 0
    downs: int = 0


@dataclass(frozen=True, slots=True)
class BfdTimers:
    """A BFD profile's values; intervals in milliseconds, bfdd's defaults where the profile says nothing."""

    receive: int = 300
    transmit: int = 300
    multiplier: int = 3
    echo: int = 0
    echo_mode: bool = False
    passive: bool = False
    minimum_ttl: int = 254


@dataclass(slots=True)
class Session:
    """spec: what MetalLB wants; router: what stands at the other end now, None = nothing; met: who sent the last OPEN.

    identifier: the node's own BGP identifier in this VRF. announced: the prefixes that FRR is told to send, in the
    order of addresses. Times are seconds since 1970. next_at: when the state machine moves by itself. quiet_since: when
    the router's packets stopped to arrive. seed: makes ports and jitter differ between sessions.
    """

    spec: IntendedSession
    created: float
    connect_default: int
    router: Router | None = None
    met: Router | None = None
    password: str = ""
    vrf_present: bool = True
    local_address: str = ""
    identifier: str = ""
    announced: tuple[Announcement, ...] = ()
    seed: int = 0
    state: State = State.IDLE
    since: float = 0.0
    next_at: float = 0.0
    start_delay: float = START_DELAY
    connect_retry: int = 0
    established_at: float = 0.0
    dropped_at: float = 0.0
    reset_at: float = 0.0
    last_read: float = 0.0
    last_write: float = 0.0
    quiet_since: float = FOREVER
    connected: bool = False  # a TCP connection stood at least once
    reset: Reset = FRESH
    negotiated: Negotiated = NOTHING_NEGOTIATED
    counters: Counters = field(default_factory=Counters)
    bfd: Bfd = field(default_factory=Bfd)
    bfd_timers: BfdTimers = BfdTimers()
    journal: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=50))  # log lines and when
    revision: int = 0  # grows with every change that is not the clock's

    @property
    def up(self) -> bool:
        """True while Established."""
        return self.state is State.ESTABLISHED

    @property
    def internal(self) -> bool:
        """True for iBGP."""
        return self.spec.internal

    @property
    def shown_asn(self) -> int:
        """The AS number that the router sees."""
        return self.spec.local_asn or self.spec.my_asn

    @property
    def remote_asn(self) -> int:
        """FRR's remoteAs: 0 for a dynamic one that was not heard yet."""
        if self.spec.peer_asn:
            return self.spec.peer_asn
        return self.router_asn if self.met else 0

    @property
    def router_asn(self) -> int:
        """The AS number in the router's OPEN, 0 = nobody there."""
        router = self.router or self.met
        return router.asn_for(self.spec.peer_asn, self.spec.dynamic_asn or "", self.spec.my_asn) if router else 0

    @property
    def configured_hold(self) -> int:
        """Seconds."""
        return _HOLD if self.spec.hold is None else int(self.spec.hold.total_seconds())

    @property
    def configured_keepalive(self) -> int:
        """Seconds."""
        return _KEEPALIVE if self.spec.keepalive is None else int(self.spec.keepalive.total_seconds())

    @property
    def hold(self) -> int:
        """The negotiated hold time in seconds, 0 = none; the configured one while down."""
        return self.negotiated.hold if self.up else self.configured_hold

    @property
    def keepalive(self) -> int:
        """The negotiated keepalive interval in seconds; the configured one while down."""
        return self.negotiated.keepalive if self.up else self.configured_keepalive

    def negotiate(self, router: Router) -> None:
        """Agree on the timers (RFC 4271 section 4.2); they hold as long as the session does."""
        hold = min(self.configured_hold, router.hold)
        self.negotiated = Negotiated(hold, min(self.configured_keepalive, hold // 3), min(router.keepalive, hold // 3))

    @property
    def families(self) -> tuple[str, ...]:
        """The address families that both sides have: "ipv4", "ipv6"."""
        router = self.met if self.up else self.router
        return tuple(family for family in self.spec.families if router and family in router.families)

    def sent(self, family: str) -> list[Announcement]:
        """What goes out in a family; nothing while the session is down or lacks it."""
        return [each for each in self.announced if each.family == family] if self._speaks(family) else []

    def _speaks(self, family: str) -> bool:
        return self.up and family in self.families

    def heard_at(self, now: float) -> float:
        """When the last message came, 0 = none ever did."""
        if not self.up or not self.negotiated.heard_every:
            return self.last_read
        return _tick(self.established_at, min(now, self.quiet_since), self.negotiated.heard_every)

    def wrote_at(self, now: float) -> float:
        """When the last message went out, 0 = none ever did."""
        if not self.up or not self.negotiated.keepalive:
            return self.last_write
        return _tick(self.established_at, now, self.negotiated.keepalive)

    def keepalives(self, now: float) -> tuple[int, int]:
        """Keepalives sent and received."""
        sent, received = self.counters.keepalives_sent, self.counters.keepalives_received
        if self.up:
            sent += 1 + _ticks(self.established_at, now, self.negotiated.keepalive)
            received += 1 + _ticks(self.established_at, min(now, self.quiet_since), self.negotiated.heard_every)
        return sent, received

    def hold_expires_at(self) -> float:
        """When the hold timer runs out if the router stays quiet."""
        if not self.hold or self.quiet_since == FOREVER:
            return FOREVER
        return self.heard_at(self.quiet_since) + self.hold


def _ticks(start: float, now: float, interval: float) -> int:
    return int((now - start) // interval) if interval and now > start else 0


def _tick(start: float, now: float, interval: float) -> float:
    return start + _ticks(start, now, interval) * interval
