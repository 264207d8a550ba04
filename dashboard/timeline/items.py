"""One line of the timeline, whatever it tells of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

CONFIG, NODE, FRR, SESSIONS, UNSEEN = "config", "node", "frr", "sessions", "unseen"
LANES = {
    CONFIG: "Configuration",
    NODE: "Nodes",
    FRR: "FRR",
    SESSIONS: "Sessions",
    UNSEEN: "Not observed",
}


@dataclass(frozen=True, slots=True)
class Item:
    """What happened at one time, or from `at` to `until`, which is the same for a moment.

    health: its colour. title: what, in plain words. detail: why or how, may be empty. number: of things that happened.
    nodes, peers, neighbors: the first of those concerned. href: where to look further, "" = nowhere. lasts: it still
    goes on. flaps: how often sessions were lost in it, 0 = it tells of one change. lag: by how much it may have been
    before it was seen. unread: it only says that there was more before.
    """

    lane: str
    at: datetime
    until: datetime
    cluster: str
    health: str
    title: str
    detail: str = ""
    number: int = 1
    nodes: tuple[str, ...] = ()
    neighbors: tuple[str, ...] = ()
    href: str = ""
    lasts: bool = False
    flaps: int = 0
    lag: timedelta = timedelta()
    unread: bool = False

    @property
    def place(self) -> datetime:
        """The time that its place in the list is by: what still goes on is as new as what happens now."""
        return self.until if self.lasts else self.at

    @property
    def label(self) -> str:
        """The lane's words."""
        return LANES[self.lane]
