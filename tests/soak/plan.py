"""What happens in each round: the same for the same seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.soak.stage import KILLING, OTHERS, Happening

KILLS_UNTIL = 20  # rounds; later on processes live, so that their memory may be watched
_AT_ONCE = 4
_LONGEST = 10.0  # seconds


class Event(NamedTuple):
    """A fault that begins `after` seconds and lasts `seconds`. seed: decides what it hits."""

    happening: Happening
    seed: str
    after: float
    seconds: float


def sequence(seed: str) -> Random:
    """The same draws for the same seed."""
    return Random(seed)  # noqa: S311  # a repeatable sequence


def rounds(seed: int) -> Iterator[list[Event]]:
    """The rounds of a seed without an end; every kind of fault comes up once before any comes again."""
    random, decks = sequence(f"soak {seed}"), dict[bool, list[Happening]]()
    for number in itertools.count(1):
        kills = number <= KILLS_UNTIL
        events = []
        for place in range(random.randint(1, _AT_ONCE)):
            deck = decks.setdefault(kills, [])
            if not deck:
                deck += [*OTHERS, *KILLING * (3 * kills)]
                random.shuffle(deck)
            what, last = f"{seed} {number} {place}", random.uniform(1.0, _LONGEST)
            events.append(Event(deck.pop(), what, random.uniform(0.0, 3.0), last))
        yield events
