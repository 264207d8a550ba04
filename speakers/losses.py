"""Sessions that were lost and came back between two looks at FRR: told by what it counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from speakers.frr.conditions import Condition, last_down
from speakers.frr.neighbor import Neighbor
from speakers.frr.parse import whole
from speakers.models import Session

_JITTER = timedelta(seconds=3)  # FRR gives whole seconds, of the moment at which it answers
_ANEW = "FRR counts its connections anew: it was restarted, or the neighbor was configured anew"


def flapped(row: Session, neighbor: Neighbor | None, heard: datetime | None, at: datetime) -> bool:
    """Whether an Established session was lost since FRR answered last: heard, before, and at, now."""
    if neighbor is None or row.state != Session.State.ESTABLISHED or row.established_at is None:
        return False  # what others reported has no count to compare with
    if neighbor.connections_established not in {None, row.connections_established}:
        return True
    uptime = neighbor.uptime
    if heard is None or uptime is None or not 0 <= uptime < 2**42:
        return False
    # A restarted FRR counts from one again. Its uptime, unlike its epoch, needs no clock that agrees with ours.
    up = at - timedelta(milliseconds=uptime)
    return up > heard + _JITTER and abs(up - row.established_at) > _JITTER


def loss(row: Session, neighbor: Neighbor) -> Condition:
    """Why it was lost; the FRR that answers now knows nothing of what was before it began."""
    found = last_down(neighbor)
    if (neighbor.connections_established or 0) <= row.connections_established:
        found = Condition(neighbor.state, cause=_ANEW)
    return found._replace(evidence={**found.evidence, "connectionsDropped": whole(neighbor.connections_dropped) or 0})
