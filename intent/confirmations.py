"""What a change destroys, as numbers that whoever applies it has to confirm."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field

from intent.announcements.announcement import ServiceRef
from intent.effects import Effects
from intent.session_changes import SessionChange

WITHDRAWN, RESET = "services-withdrawn", "sessions-reset"
_NAMED = 5  # services in a sentence
_CODE = re.compile(rf"(?:({WITHDRAWN}):([0-9]{{1,7}})|({RESET}):([0-9]{{1,7}})-of-([0-9]{{1,7}}))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A number to be confirmed. total: of which it is a share, 0 = of none. names: the first that are concerned."""

    what: str
    number: int
    total: int = 0
    names: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        """The code that confirms it."""
        return f"{self.what}:{self.number}" + (f"-of-{self.total}" if self.total else "")

    @property
    def sentence(self) -> str:
        """What happens, with the numbers."""
        if self.what == RESET:
            return f"{self.number} of {self.total} sessions reset or close."
        noun = "service loses its" if self.number == 1 else "services lose their"
        more = self.number - len(self.names)
        named = ", ".join(self.names) + (f" and {more} more" if more > 0 else "")
        return f"{self.number} {noun} last announcement" + (f": {named}." if self.names else ".")

    def covers(self, other: Confirmation) -> bool:
        """Whether who confirmed this confirmed no less than the other, be it as a number or as a share."""
        share = self.number * other.total >= other.number * self.total
        return self.what == other.what and self.number >= other.number and share


def confirmations(
    sessions: Iterable[SessionChange], total: int, found: Effects | None, there: Container[ServiceRef], share: float
) -> tuple[Confirmation, ...]:
    """What has to be confirmed. total: the sessions that there are before. there: the services that there are after.

    share: in percent, of the sessions that may reset or close unasked.
    """
    return tuple(_confirmations(sessions, total, found, there, share))


def _confirmations(
    sessions: Iterable[SessionChange], total: int, found: Effects | None, there: Container[ServiceRef], share: float
) -> Iterator[Confirmation]:
    # Sessions that are left and all down announce nothing; a service that goes itself has nothing to lose.
    silent = sorted(one for one in (*found.lost, *found.dark) if one in there) if found is not None else []
    if silent:
        names = tuple(f"{one.namespace}/{one.name}" for one in silent[:_NAMED])
        yield Confirmation(WITHDRAWN, len(silent), names=names)
    ended = sum(len(change.reset) + len(change.closed) for change in sessions)
    if ended * 100 > share * total:
        yield Confirmation(RESET, ended, total)


def confirmation_of(code: str) -> Confirmation | None:
    """The confirmation that a code stands for, None if it is no such code."""
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    withdrawn, services, _, ended, total = found.groups()
    return Confirmation(WITHDRAWN, int(services)) if withdrawn else Confirmation(RESET, int(ended), int(total))


def unconfirmed(needed: Iterable[Confirmation], codes: Collection[str]) -> tuple[Confirmation, ...]:
    """Those of which the codes confirm less, or nothing."""
    given = [one for one in map(confirmation_of, codes) if one is not None]
    return tuple(one for one in needed if not any(other.covers(one) for other in given))
