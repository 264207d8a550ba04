"""Changes of sessions that say the same become one: those of a node, or those with a router, that turned together.

Nodes are asked one after the other, and timers run out one after the other; so changes are together as long as each
follows the one before within one sweep.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

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
    def outcome(self) -> str:
        """What became of the session."""
        if not self.after:
            return "gone"
        if not self.before:
            return "seen-up" if self.after == _UP else "seen-down"
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
        for run in _runs(sorted(same), together)
        for some in _shared(run)
    ]


def _runs(turns: Sequence[Turn], together: timedelta) -> Iterator[list[Turn]]:
    run: list[Turn] = []
    for turn in turns:
        if run and turn.at - run[-1].at > together:
            yield run
            run = []
        run.append(turn)
    if run:
        yield run


def _shared(run: Sequence[Turn]) -> list[list[Turn]]:
    """By node or by router, whichever more of them have in common; by node if it is the same."""
    nodes = Counter(turn.node for turn in run)
    routers = Counter((turn.vrf, turn.neighbor) for turn in run)
    groups: dict[tuple[str, ...], list[Turn]] = defaultdict(list)
    for turn in run:
        router = turn.vrf, turn.neighbor
        groups[(turn.node,) if nodes[turn.node] >= routers[router] else router].append(turn)
    return list(groups.values())


def _item(turns: Sequence[Turn], cluster: str, outcome: str) -> Item:
    first, last = turns[0], turns[-1]
    nodes, neighbors = (tuple(dict.fromkeys(names)) for names in _names(turns))
    causes = Counter(turn.cause for turn in turns if turn.cause)
    ((cause, number),) = causes.most_common(1) or [("", len(turns))]
    detail = bounded(cause)
    if number < len(turns):
        others = f"; {counted(len(causes) - 1, 'other cause')}" if len(causes) > 1 else ""
        detail += f" ({counted(number, 'session')}{others})"
    return Item(
        lane=SESSIONS,
        at=first.at,
        until=last.at,
        cluster=cluster,
        health=_VERBS[outcome][1],
        title=_title(turns, outcome, nodes, neighbors),
        detail=detail,
        number=len(turns),
        nodes=nodes[:_KEPT],
        neighbors=neighbors[:_KEPT],
        href=_href(turns),
    )


def _names(turns: Sequence[Turn]) -> tuple[list[str], list[str]]:
    return [turn.node for turn in turns], [turn.neighbor for turn in turns]


def _title(turns: Sequence[Turn], outcome: str, nodes: Sequence[str], neighbors: Sequence[str]) -> str:
    """Such as "47 sessions of node-3 went down within 3 s"."""
    first, verb = turns[0], _VERBS[outcome][0]
    router = bounded(f"{first.peer} {first.neighbor}".strip(), 120)
    vrf = "" if first.vrf == "default" else f" in VRF {bounded(first.vrf, 63)}"
    if len(turns) == 1:
        return f"{bounded(first.node, 63)} → {router}{vrf} {verb}"
    for one, many in _PLURALS.items():
        verb = verb.replace(one, many)
    within = f" within {age_words(max(turns[-1].at - first.at, timedelta(seconds=1)))}"
    if len(nodes) == 1:
        return f"{counted(len(turns), 'session')} of {bounded(first.node, 63)} {verb}{within}"
    where = f"{counted(len(nodes), 'node')} ({bounded(listed(nodes, _NAMED), 200)})"
    whose = f" to {router}{vrf}" if len(neighbors) == 1 else ""
    return f"{counted(len(turns), 'session')}{whose} on {where} {verb}{within}"


def _href(turns: Sequence[Turn]) -> str:
    return f"/sessions/{turns[0].session}/" if len(turns) == 1 and turns[0].session else ""
