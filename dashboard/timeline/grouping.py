"""Changes of sessions that say the same become one: those of a node, or those with a router, that turned together.

Nodes are asked one after the other, and timers run out one after the other; so changes are together as long as each
follows the one before within one sweep.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

from clusters.words import age_words, bounded, counted, listed
from dashboard.timeline.items import SESSIONS, Item
from speakers.models import Session

_UP, _UNKNOWN = Session.State.ESTABLISHED, Session.State.UNKNOWN
_NAMED = 3  # names in a sentence
_KEPT = 20  # names in an answer
_VERBS = {
    "down": ("went down", "down"),
    "up": ("came up", "up"),
    "lost": ("was lost and came back", "degraded"),
    "gone": ("is gone", "unknown"),
    "seen-up": ("was first seen, up", "up"),
    "seen-degraded": ("was first seen, degraded", "degraded"),
    "seen-down": ("was first seen, down", "down"),
    "degraded": ("is degraded", "degraded"),
    "whole": ("is not degraded any more", "up"),
    "changed": ("has another cause", "unknown"),
    "unknown": ("is not known any more", "unknown"),
    "known-up": ("is known again: up", "unknown"),
    "known-down": ("is known again: down", "unknown"),
}
_PLURALS = {
    "was lost": "were lost",
    "was first": "were first",
    "is gone": "are gone",
    "is not": "are not",
    "is known": "are known",
    "is degraded": "are degraded",
    "has another cause": "have other causes",
}


class Placed(Protocol):
    """What was seen of one session, from `at` to `until`."""

    @property
    def at(self) -> datetime: ...
    @property
    def until(self) -> datetime: ...
    @property
    def node(self) -> str: ...
    @property
    def vrf(self) -> str: ...
    @property
    def neighbor(self) -> str: ...


P = TypeVar("P", bound=Placed)


class Turn(NamedTuple):
    """A change of one session, as the query gives it."""

    at: datetime
    cluster: int
    node: str
    vrf: str
    neighbor: str
    peer: str
    before: str
    after: str
    cause: str
    lost: int
    session: int | None

    @property
    def until(self) -> datetime:
        """It takes no time."""
        return self.at

    @property
    def place(self) -> tuple[int, str, str, str]:
        """Whose it is: a session, whatever row it has."""
        return self.cluster, self.node, self.vrf, self.neighbor

    @property
    def router(self) -> tuple[int, str, str]:
        """With whom: a cluster's neighbor in a VRF."""
        return self.cluster, self.vrf, self.neighbor

    @property
    def outcome(self) -> str:
        """What became of the session."""
        if not self.after:
            return "gone"
        if not self.before:
            return "seen-down" if self.after != _UP else "seen-degraded" if self.cause else "seen-up"
        was, now = self.before == _UP, self.after == _UP
        if self.before != self.after == _UNKNOWN:
            return "unknown"  # nothing was reported of it any more, which is no loss
        if self.before == _UNKNOWN != self.after:
            return "known-up" if now else "known-down"
        if was and now:
            return "lost" if self.lost else "degraded" if self.cause else "whole"
        return "up" if now else "down" if was else "changed"


def grouped(turns: Iterable[Turn], clusters: Mapping[int, str], together: timedelta) -> list[Item]:
    """Items for all of them, in no order. together: how far apart those of one run may be."""
    kinds: dict[tuple[int, str], list[Turn]] = defaultdict(list)
    for turn in turns:
        kinds[turn.cluster, turn.outcome].append(turn)
    return [
        _item(some, clusters.get(cluster, ""), outcome)
        for (cluster, outcome), same in kinds.items()
        for run in runs(sorted(same), together)
        for some in shared(run)
    ]


def runs(found: Iterable[P], together: timedelta) -> Iterator[list[P]]:
    """Those that follow each other, the earliest first, each begun before the others have been over for so long."""
    run: list[P] = []
    last: P | None = None  # that is over last
    for one in found:
        if last is not None and one.at - last.until > together:
            yield run
            run, last = [], None
        last = one if last is None or one.until > last.until else last
        run.append(one)
    if run:
        yield run


def shared(run: Sequence[P]) -> list[list[P]]:
    """By node or by router, whichever more of them have in common; by node if it is the same."""
    nodes = Counter(one.node for one in run)
    routers = Counter((one.vrf, one.neighbor) for one in run)
    groups: dict[tuple[str, ...], list[P]] = defaultdict(list)
    for one in run:
        router = one.vrf, one.neighbor
        groups[(one.node,) if nodes[one.node] >= routers[router] else router].append(one)
    return list(groups.values())


def _item(turns: Sequence[Turn], cluster: str, outcome: str) -> Item:
    first, last = turns[0], turns[-1]
    nodes, neighbors = names(turns)
    return Item(
        lane=SESSIONS,
        at=first.at,
        until=last.at,
        cluster=cluster,
        health=_VERBS[outcome][1],
        title=_title(turns, outcome),
        detail=commonest([turn.cause for turn in turns], "session"),
        number=len(turns),
        nodes=nodes,
        neighbors=neighbors,
        href=_href(turns),
    )


def names(turns: Sequence[Turn]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first of their nodes, and of their neighbors."""
    nodes, neighbors = dict.fromkeys(turn.node for turn in turns), dict.fromkeys(turn.neighbor for turn in turns)
    return tuple(nodes)[:_KEPT], tuple(neighbors)[:_KEPT]


def commonest(causes: Sequence[str], of: str, several: str = "") -> str:
    """The cause that most of them have, and how many if not all; "" is none."""
    known = Counter(cause for cause in causes if cause)
    ((cause, number),) = known.most_common(1) or [("", len(causes))]
    if number == len(causes):
        return bounded(cause)
    others = f"; {counted(len(known) - 1, 'other cause')}" if len(known) > 1 else ""
    return f"{bounded(cause)} ({counted(number, of, several)}{others})"


def _title(turns: Sequence[Turn], outcome: str) -> str:
    """Such as "47 sessions of node-3 went down within 3 s"."""
    verb = _VERBS[outcome][0]
    if len(turns) == 1:
        return f"{who(turns)} {verb}"
    for one, many in _PLURALS.items():
        verb = verb.replace(one, many)
    return f"{who(turns)} {verb}{within(turns[-1].at - turns[0].at)}"


def who(turns: Sequence[Turn]) -> str:
    """Such as "47 sessions of node-3"; turns: one of each session."""
    first = turns[0]
    router = bounded(f"{first.peer} {first.neighbor}".strip(), 120)
    vrf = "" if first.vrf == "default" else f" in VRF {bounded(first.vrf, 63)}"
    if len(turns) == 1:
        return f"{bounded(first.node, 63)} → {router}{vrf}"
    nodes = list(dict.fromkeys(turn.node for turn in turns))
    if len(nodes) == 1:
        return f"{counted(len(turns), 'session')} of {bounded(first.node, 63)}"
    whose = f" to {router}{vrf}" if len({turn.neighbor for turn in turns}) == 1 else ""
    where = f"{counted(len(nodes), 'node')} ({bounded(listed(nodes, _NAMED), 200)})"
    return f"{counted(len(turns), 'session')}{whose} on {where}"


def within(length: timedelta) -> str:
    """How long it took."""
    return f" within {age_words(max(length, timedelta(seconds=1)))}"


def _href(turns: Sequence[Turn]) -> str:
    return f"/sessions/{turns[0].session}/" if len(turns) == 1 and turns[0].session else ""
