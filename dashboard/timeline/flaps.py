"""Entries for sessions that flap, and where each of their changes is shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dashboard.timeline.asked import EACH, Asked
from dashboard.timeline.folding import Flapping, Stretch
from dashboard.timeline.grouping import Turn, commonest, names, who, within
from dashboard.timeline.items import SESSIONS, Item
from speakers.models import Session

_UP = Session.State.ESTABLISHED


def flaps_item(
    group: Sequence[Stretch], cluster: str, asked: Asked, flapping: Flapping, silent: Collection[tuple[int, str]]
) -> Item:
    """One entry for what flapped together. silent: nodes that are not heard by the end of the time asked for."""
    last = {stretch.turns[-1].place: stretch for stretch in sorted(group, key=lambda one: one.until)}
    heads = [last[place].turns[-1] for place in sorted(last)]
    turns = [turn for stretch in group for turn in stretch.turns if turn.lost]
    at, until = min(one.at for one in group), max(one.until for one in group)
    nodes, neighbors = names(heads)
    state, down = _state(list(last.values()), silent, now=asked.until is None)
    since = asked.end - flapping.window
    return Item(
        lane=SESSIONS,
        at=at,
        until=until,
        cluster=cluster,
        health="down" if down else "degraded",
        title=f"{who(heads)} flapped {_times(len(turns))}{within(until - at)}, {state}",
        detail=commonest([turn.cause for turn in turns], "loss", "losses"),
        number=len(heads),
        nodes=nodes,
        neighbors=neighbors,
        href=_each(heads, cluster, asked),
        lasts=any(flapping.told([loss for loss in one.losses if loss > since]) for one in group),
        flaps=len(turns),
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _state(found: Sequence[Stretch], silent: Collection[tuple[int, str]], *, now: bool) -> tuple[str, bool]:
    """How the sessions are after it, as far as that is known, and whether one of them is down then."""
    now = now and all(one.newest for one in found)
    known = [one.turns[-1] for one in found if not now or one.turns[-1].place[:2] not in silent]
    when, unknown = "now" if now else "then", len(found) - len(known)
    up = sum(turn.after == _UP for turn in known)
    if len(found) == 1:
        return (f"{known[0].after} {when}" if known else "not known now"), up < len(known)
    words = f"{up:,} of {len(found):,} Established"
    return f"{words}{f', {unknown:,} not known' if unknown else ''} {when}", up < len(known)


def _each(heads: Sequence[Turn], cluster: str, asked: Asked) -> str:
    """The timeline with each change of these sessions, beside what else happened."""
    first, changes = heads[0], {"cluster": cluster, "lane": "", "flaps": EACH}
    if len({turn.node for turn in heads}) == 1:
        changes["node"] = first.node
    if len({(turn.vrf, turn.neighbor) for turn in heads}) == 1:
        changes |= {"vrf": first.vrf, "neighbor": first.neighbor}
    return asked.page(**changes)
