"""What the lab's speakers really were, and when: the measure of what the product shows."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

from lab.cluster import Lab
from lab.speakers.fsm import advance
from lab.speakers.session import State
from lab.speakers.simulated import SimulatedSpeakers

Place = tuple[str, str, str]  # node, VRF, neighbor
ABSENT = "Absent"
UP = str(State.ESTABLISHED)
_DOWN = {str(state) for state in State} - {UP}
_EVERY = 0.05  # seconds between two looks
_KEPT = 400  # spans of one session
FALSIFIED, MUTE = "names VRFs that it has not", "gives no answer of use"
EXEC_TIMEOUT = 5.0  # seconds that a node may take to answer (BGPUI_EXEC_TIMEOUT)
ANSWERED = EXEC_TIMEOUT + 2.0  # seconds in which a node that is asked has answered, on a busy machine
_PAD = 0.3  # seconds by which a moment may be missed


@dataclass(slots=True)
class Spell:
    """A time in which what FRR says is no measure. node: "" = all of them; Unix seconds."""

    kind: str
    node: str
    begin: float
    end: float = inf


class Truth:
    """Every session's states, looked at all the time. Raises TypeError for a lab of real FRR.

    seen: by session, (since when in Unix seconds, state), the newest last.
    """

    def __init__(self, lab: Lab) -> None:
        if not isinstance(lab.speakers, SimulatedSpeakers):
            raise TypeError("only simulated speakers can be looked at without asking them")
        self._speakers = lab.speakers
        self.seen: dict[Place, deque[tuple[float, str]]] = {}
        self.spells: list[Spell] = []

    async def follow(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_EVERY)

    def look(self) -> None:
        """Note what changed since the last look."""
        now, there = self._speakers.clock.now(), set[Place]()
        for node, speaker in self._speakers.speakers.items():
            for (vrf, neighbor), session in speaker.sessions.items():
                advance(session, now)
                place = node, vrf, neighbor
                there.add(place)
                if place in self.seen and self.seen[place][-1][0] < session.established_at < session.since:
                    self._note(place, session.established_at, UP)  # it came and went while the machine was busy
                self._note(place, session.since, str(session.state))
        for place in self.seen.keys() - there:
            if self.seen[place][-1][1] != ABSENT:
                self._note(place, now, ABSENT)

    def _note(self, place: Place, since: float, state: str) -> None:
        spans = self.seen.setdefault(place, deque([(0.0, ABSENT)], maxlen=_KEPT))
        if spans[-1] != (since, state):
            spans.append((max(since, spans[-1][0]), state))

    def now(self) -> dict[Place, str]:
        """The sessions that there are, with their states."""
        self.look()
        return {place: spans[-1][1] for place, spans in self.seen.items() if spans[-1][1] != ABSENT}

    def between(self, place: Place, begin: float, end: float) -> set[str]:
        """Every state in which a session was in this time. A change of state passes others by that nobody looked at."""
        begin, end = begin - _PAD, end + _PAD
        spans = list(self.seen.get(place, [(0.0, ABSENT)]))
        ends = [since for since, _ in spans[1:]] + [inf]
        states = [state for (since, state), until in zip(spans, ends, strict=True) if since <= end and until >= begin]
        return set(states) | (_DOWN if len(states) > 1 else set())

    @contextmanager
    def spell(self, kind: str, node: str = "") -> Iterator[None]:
        """This is so as long as the context lasts; node: of one node alone."""
        spell = Spell(kind, node, time.time())
        self.spells.append(spell)
        try:
            yield
        finally:
            spell.end = time.time()

    def was_falsified(self, node: str, begin: float, end: float) -> bool:
        """Whether the node's FRR named VRFs that it has not in this time."""
        some = (spell for spell in self.spells if spell.kind == FALSIFIED and spell.node == node)
        return any(spell.begin <= end and spell.end + _PAD >= begin for spell in some)

    def was_mute(self, node: str, at: float) -> bool:
        """Whether nothing that the node was asked at this time can have been answered well."""
        some = (spell for spell in self.spells if spell.kind == MUTE and spell.node in {"", node})
        return any(spell.begin + _PAD <= at and (spell.end == inf or at <= spell.end - ANSWERED) for spell in some)

    def nodes(self) -> Iterable[str]:
        """Nodes with a speaker."""
        return sorted(self._speakers.speakers)
