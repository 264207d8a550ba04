"""What a condition finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from alarms.models import Alarm

NODES = 50  # names that are kept


@dataclass(frozen=True, slots=True)
class Found:
    """A cause for which a rule holds in a cluster. key: tells the rule's causes apart, and stays while it lasts.

    began_at: None = not known, hence now. evidence: pairs of words. every: all nodes, where `nodes` are the first ones.
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
    every: tuple[str, ...] = ()
    number_of_nodes: int = 0
    sessions: int = 0
    began_at: datetime | None = None
    evidence: tuple[tuple[str, str], ...] = ()


def _known(_alarm: Alarm) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Judged:
    """All that was found. unclear: whether nobody knows if an alarm that was not found again is over."""

    found: tuple[Found, ...]
    unclear: Callable[[Alarm], bool] = _known
