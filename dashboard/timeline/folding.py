"""A session that flaps is one entry, with how often it was lost; sessions of one node or router that do are one, too.

What belongs together are changes that follow each other within the window of the settings, if the session flapped in
some such time. What nobody observed ends it, since nothing is known of what was between.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.timeline.grouping import Turn, runs, shared

_OTHERWISE = frozenset(("gone", "seen-up", "seen-degraded", "seen-down", "unknown", "known-up", "known-down"))
Silent = Mapping[tuple[int, str], Sequence[tuple[datetime, datetime]]]


@dataclass(frozen=True, slots=True)
class Flapping:
    """When a session flaps: lost so many times within the window."""

    count: int
    window: timedelta

    def told(self, losses: Sequence[datetime]) -> bool:
        """Whether these, the earliest first, are so many at some time."""
        spans = zip(losses, losses[self.count - 1 :], strict=False)
        return any(last - first < self.window for first, last in spans)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Changes of one session that follow each other, the earliest first. newest: none that is known came after them."""

    turns: tuple[Turn, ...]
    newest: bool

    @property
    def at(self) -> datetime:
        """When it began, which is with a loss."""
        return self.turns[0].at

    @property
    def until(self) -> datetime:
        """When the last change was seen."""
        return self.turns[-1].at

    @property
    def node(self) -> str:
        """Whose session it is."""
        return self.turns[0].node

    @property
    def vrf(self) -> str:
        """The session's VRF."""
        return self.turns[0].vrf

    @property
    def neighbor(self) -> str:
        """The session's other side."""
        return self.turns[0].neighbor

    @property
    def losses(self) -> list[datetime]:
        """When it was lost."""
        return [turn.at for turn in self.turns if turn.lost]


def folded(
    turns: Iterable[Turn], silent: Silent, flapping: Flapping, together: timedelta
) -> tuple[list[list[Stretch]], list[Turn]]:
    """What flapped, each group an entry, and the changes that are left.

    silent: when nobody heard a node, by cluster and name, in order.
    """
    sessions: dict[tuple[int, str, str, str], list[Turn]] = defaultdict(list)
    for turn in turns:
        sessions[turn.place].append(turn)
    found: dict[int, list[Stretch]] = defaultdict(list)
    left = list[Turn]()
    for place, own in sessions.items():
        own.sort(key=lambda turn: turn.at)
        for chain in _chains(own, silent.get(place[:2], ()), flapping.window):
            begin = next((number for number, turn in enumerate(chain) if turn.lost), len(chain))
            stretch = chain[begin:]
            if flapping.told([turn.at for turn in stretch if turn.lost]):
                found[place[0]].append(Stretch(tuple(stretch), stretch[-1] is own[-1]))
                left += chain[:begin]
            else:
                left += chain
    groups = [
        group
        for _, some in sorted(found.items())
        for run in runs(sorted(some, key=lambda one: (one.at, one.turns[0].place)), together)
        for group in shared(run)
    ]
    return groups, left


def _chains(
    own: Sequence[Turn], silent: Sequence[tuple[datetime, datetime]], window: timedelta
) -> Iterator[list[Turn]]:
    """Changes of one session that follow each other closely, and were observed all the while."""
    chain = list[Turn]()
    for turn in own:
        apart = chain and (turn.at - chain[-1].at > window or _unseen(chain[-1].at, turn.at, silent))
        if chain and (apart or turn.outcome in _OTHERWISE or chain[-1].outcome in _OTHERWISE):
            yield chain
            chain = []
        chain.append(turn)
    if chain:
        yield chain


def _unseen(begin: datetime, end: datetime, silent: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether there was a time in between in which nobody observed."""
    place = bisect_left(silent, (begin, begin))
    return place < len(silent) and silent[place][1] <= end
