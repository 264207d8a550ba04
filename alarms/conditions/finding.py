"""What a condition finds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from alarms.models import Alarm

NODES = 5_000  # names that are kept: as many nodes as Kubernetes supports in a cluster
_KEY = 200  # characters of a key that a row has room for


@dataclass(frozen=True, slots=True)
class Found:
    """A cause for which a rule holds in a cluster. key: tells the rule's causes apart, and stays while it lasts.

    began_at: None = not known, hence now. began_before: some of it was so before, when nobody looked. evidence: pairs
    of words. nodes: names of all of them, bounded. blind: whether some of it was found before, and is not seen now.
    """

    cluster: int
    key: str
    cause_kind: str
    title: str
    cause: str = ""
    reason: str = ""
    vrf: str = ""
    neighbor: str = ""
    peer: str = ""
    nodes: tuple[str, ...] = ()
    number_of_nodes: int = 0
    sessions: int = 0
    began_at: datetime | None = None
    began_before: bool = False
    evidence: tuple[tuple[str, str], ...] = ()
    blind: bool = False

    @property
    def row_key(self) -> str:
        """The key as the row of the alarm has it."""
        return key_of(self.key)


def key_of(text: str) -> str:
    """A key as rows have it: of one that is too long the digest tells it from those that begin alike."""
    if len(text) <= _KEY:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: _KEY - len(digest)]}{digest}"


def _all_seen(_alarm: Alarm) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Judged:
    """All that was found. unseen: of how many sessions nobody knows whether an alarm is about them still.

    With any, one that was not found again is not over, and one that is about less may be about as much as before.
    failed: why the rule could not be looked at, "" = it was.
    """

    found: tuple[Found, ...]
    unseen: Callable[[Alarm], int] = _all_seen
    failed: str = ""

    @classmethod
    def not_at_all(cls, why: str) -> Judged:
        """Of a rule that could not be looked at: nothing begins, and nothing ends."""
        return cls((), lambda _alarm: 1, why)
