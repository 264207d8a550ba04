"""Who is to blame for sessions that are not up, the node or the router: told by what is known of all of them.

No Django: the command line judges by the same rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from speakers.frr.reasons import VRF_MISSING

UP = frozenset({"up", "degraded"})
DOWN = frozenset({"down", "absent"})
UNSEEN = frozenset({"unknown", "late"})
UNPOLLED = "Not polled in time: is a worker running, and do they keep up?"
FEWEST = 2  # peers of a node, from which on it is to blame for all
_WITNESSES = 2  # nodes that have lost a router, from which on it is to blame, though others are silent
R = TypeVar("R", bound=Hashable)  # what names a router


class Loss(NamedTuple, Generic[R]):
    """Sessions to a router that are alike. up: whether they are Established, of orphans; others tell it by health."""

    router: R
    health: str
    reason: str
    up: bool
    number: int = 1

    @property
    def tells(self) -> bool:
        """Whether it shows that the router is reached: a session that nobody intends does while it is up."""
        return self.up if self.health == "orphan" else self.health not in DOWN | UNSEEN


@dataclass(frozen=True, slots=True)
class Reach(Generic[R]):
    """The routers that no node is known to reach, and of these those that are dead.

    gone: they are down for nodes whose FRR has them. dead: those that all nodes, or several, were seen without; while
    the others are silent, what a single one has lost may be its own fault.
    """

    unreached: frozenset[R]
    gone: frozenset[R]
    dead: frozenset[R]

    @classmethod
    def of(cls, losses: Iterable[Loss[R]], totals: Mapping[R, int]) -> Reach[R]:
        """losses: all sessions that are not up. totals: of all sessions, up or not, by router."""
        away, silent, down = Counter[R](), set[R](), Counter[R]()
        for one in losses:
            if not one.tells:
                away[one.router] += one.number
            if one.health in UNSEEN:
                silent.add(one.router)
            elif one.health == "down" and one.reason != VRF_MISSING:
                down[one.router] += one.number
        unreached = frozenset(router for router, number in away.items() if number >= totals[router])
        gone = unreached & down.keys()
        return cls(unreached, gone, (unreached - silent) | {router for router in gone if down[router] >= _WITNESSES})

    def blames_node(self, router: R, health: str) -> bool:
        """Whether the loss may be the node's: its FRR lacks a neighbor that others have, or others reach the router."""
        return router not in self.dead or self.lacks(router, health)

    def lacks(self, router: R, health: str) -> bool:
        """Whether a dead router is not why a session is not up, since FRR does not even have the neighbor."""
        return health == "absent" and router in self.gone
