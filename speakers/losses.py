"""What two looks at FRR tell together: since when a session is in its state, and whether it was lost in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from speakers.frr.conditions import Condition, last_down
from speakers.frr.dialling import FIRST, Before
from speakers.frr.neighbor import Neighbor
from speakers.frr.parse import whole
from speakers.models import Session, Speaker
from speakers.selectors import MISSES_UNKNOWN, allowed

_JITTER = timedelta(seconds=3)  # FRR gives whole seconds, of the moment at which it answers
_UPTIME_LIMIT, _EPOCH_LIMIT = 2**42, 2**34  # milliseconds, seconds; what is beyond is no time
_ANEW = "FRR counts its connections anew: it was restarted, or the neighbor was configured anew"


def phase(state: str) -> str:
    """Idle, Connect, Active, OpenSent and OpenConfirm take turns while a session is down."""
    known = {Session.State.ESTABLISHED: "up", Session.State.ABSENT: "absent", Session.State.UNKNOWN: "unknown"}
    return known.get(Session.State(state), "down")


def watched(speaker: Speaker, at: datetime) -> bool:
    """Whether its last answer before then is recent enough for its sessions to be known until then."""
    heard = speaker.observed_at
    return heard is not None and at - heard <= allowed(MISSES_UNKNOWN, speaker.every)


def before(row: Session | None, speaker: Speaker, at: datetime) -> Before:
    """What was found at the look before the one at this time."""
    heard = speaker.observed_at
    return FIRST if row is None or heard is None else Before(row.state, row.reason, (at - heard).total_seconds())


def began(row: Session | None, neighbor: Neighbor | None, at: datetime, *, seen: bool) -> tuple[datetime, bool]:
    """Since when a session is in a state that is another one than its row's, and whether it may be so for longer.

    seen: the node was watched until then. If not, FRR's last reset tells that it has not been up since: bgpd/bgp_fsm.c
    sets its time where an Established session ends, bgpd/bgpd.c where the neighbor is made. It wraps at a day.
    """
    if seen and (row is None or row.state != Session.State.UNKNOWN):
        return at, False
    ago = neighbor.last_reset_ago if neighbor is not None and not neighbor.established else None
    if ago is None or not 0 <= ago < _UPTIME_LIMIT:
        return at, True
    return at - timedelta(milliseconds=ago), True


def was_up(row: Session, neighbor: Neighbor | None, source: str) -> bool:
    """Whether a session that is down as before was up in between: FRR counts how often it came up, others do not.

    source: who told of the row.
    """
    if neighbor is None or phase(row.state) != "down" or source != Speaker.Source.VTYSH:
        return False
    return (neighbor.connections_established or 0) > row.connections_established


def flapped(row: Session, neighbor: Neighbor | None, heard: datetime | None, at: datetime) -> bool:
    """Whether an Established session was lost since FRR answered last: heard, before, and at, now."""
    if neighbor is None or row.state != Session.State.ESTABLISHED or row.established_at is None:
        return False  # what others reported has no count to compare with
    if neighbor.connections_established not in {None, row.connections_established}:
        return True
    up = _by_uptime(neighbor, at)  # a restarted FRR counts from one again
    return heard is not None and up is not None and up > heard + _JITTER and abs(up - row.established_at) > _JITTER


def _by_uptime(neighbor: Neighbor, at: datetime) -> datetime | None:
    """When it came up, by FRR's uptime, which unlike its epoch needs no clock that agrees with ours."""
    uptime = neighbor.uptime
    return at - timedelta(milliseconds=uptime) if uptime is not None and 0 <= uptime < _UPTIME_LIMIT else None


def came_up(row: Session, neighbor: Neighbor, at: datetime, took: timedelta, *, lost: bool) -> datetime | None:
    """When an Established session came up: FRR's own time, kept as it was while only its rounding moves.

    at: when FRR was asked; took: until it had answered; lost: it was lost since the last look. The epoch is the node's
    wall clock less the uptime (FRR bgpd/bgp_vty.c): if the two do not agree its clock is not ours, and is left alone.
    """
    epoch, known = neighbor.established_epoch, row.established_at
    if epoch is None or not 0 < epoch < _EPOCH_LIMIT:
        return None
    told, up, jitter = datetime.fromtimestamp(epoch, UTC), _by_uptime(neighbor, at), _JITTER
    if up is not None and not up - _JITTER <= told <= up + took + _JITTER:
        told, jitter = up, _JITTER + took
    same = known is not None and (told > at or abs(known - told) <= jitter)
    return known if same and not lost else min(told, at)


def loss(row: Session, neighbor: Neighbor) -> Condition:
    """Why it was lost; the FRR that answers now knows nothing of what was before it began."""
    found = last_down(neighbor)
    if (neighbor.connections_established or 0) <= row.connections_established:
        found = Condition(neighbor.state, cause=_ANEW)
    return found._replace(evidence={**found.evidence, "connectionsDropped": whole(neighbor.connections_dropped) or 0})
