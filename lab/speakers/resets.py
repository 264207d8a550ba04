"""Why sessions end, in FRR's words: the codes of bgpd's lastResetDueTo and RFC 4271's NOTIFICATIONs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Cause(IntEnum):
    """lastResetCode."""

    ROUTER_ID_CHANGED = 1
    REMOTE_AS_CHANGED = 2
    LOCAL_AS_CHANGED = 3
    UPDATE_SOURCE_CHANGED = 9
    FAMILY_ACTIVATED = 10
    NOTIFICATION_RECEIVED = 13
    NOTIFICATION_SENT = 14
    PEER_CLOSED = 15
    MULTIHOP_CHANGED = 21
    NO_PATH = 27
    NO_LINK_LOCAL = 28
    NO_VRF = 29
    NO_FAMILY = 30
    WAITING_FOR_OPEN = 32
    PASSWORD_CHANGED = 37


DUE_TO = {
    Cause.ROUTER_ID_CHANGED: "Router ID changed",
    Cause.REMOTE_AS_CHANGED: "Remote AS changed",
    Cause.LOCAL_AS_CHANGED: "Local AS change",
    Cause.UPDATE_SOURCE_CHANGED: "Update source change",
    Cause.FAMILY_ACTIVATED: "Address family activated",
    Cause.NOTIFICATION_RECEIVED: "BGP Notification received",
    Cause.NOTIFICATION_SENT: "BGP Notification send",
    Cause.PEER_CLOSED: "Peer closed the session",
    Cause.MULTIHOP_CHANGED: "Multihop config change",
    Cause.NO_PATH: "No path to specified Neighbor",  # up to 8.5: "Waiting for NHT"
    Cause.NO_LINK_LOCAL: "Waiting for Peer IPv6 LLA",
    Cause.NO_VRF: "Waiting for VRF to be initialized",
    Cause.NO_FAMILY: "No AFI/SAFI activated for peer",
    Cause.WAITING_FOR_OPEN: "Waiting for peer OPEN",
    Cause.PASSWORD_CHANGED: "Password config change",
}

Code = tuple[int, int]
BAD_PEER_AS: Code = (2, 2)
BAD_IDENTIFIER: Code = (2, 3)
UNSUPPORTED_CAPABILITY: Code = (2, 7)
HOLD_TIMER_EXPIRED: Code = (4, 0)
PREFIX_LIMIT: Code = (6, 1)
SHUTDOWN: Code = (6, 2)
ADMINISTRATIVE_RESET: Code = (6, 4)
CONFIG_CHANGE: Code = (6, 6)
BFD_DOWN: Code = (6, 10)

NOTIFICATIONS: dict[Code, str] = {
    BAD_PEER_AS: "OPEN Message Error/Bad Peer AS",
    BAD_IDENTIFIER: "OPEN Message Error/Bad BGP Identifier",
    UNSUPPORTED_CAPABILITY: "OPEN Message Error/Unsupported Capability",
    HOLD_TIMER_EXPIRED: "Hold Timer Expired",
    PREFIX_LIMIT: "Cease/Maximum Number of Prefixes Reached",
    SHUTDOWN: "Cease/Administrative Shutdown",
    ADMINISTRATIVE_RESET: "Cease/Administrative Reset",
    CONFIG_CHANGE: "Cease/Other Configuration Change",
    BFD_DOWN: "Cease/BFD Down",
}


@dataclass(frozen=True, slots=True)
class Reset:
    """The last reset of a session. hard: the NOTIFICATION asked for a hard reset (RFC 8538)."""

    cause: Cause
    notification: Code | None = None
    hard: bool = False
    message: str = ""

    @classmethod
    def sent(cls, notification: Code) -> Reset:
        """The node sent this NOTIFICATION."""
        return cls(Cause.NOTIFICATION_SENT, notification)

    @classmethod
    def received(cls, notification: Code, message: str = "", *, hard: bool = False) -> Reset:
        """The router sent this NOTIFICATION, with an RFC 9003 message or not."""
        return cls(Cause.NOTIFICATION_RECEIVED, notification, hard, message)
