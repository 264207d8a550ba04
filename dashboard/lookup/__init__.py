"""Who announces an address: FRR of every node is asked, and MetalLB's objects; by a worker, who keeps it in Redis."""

from __future__ import annotations

from dashboard.lookup.answer import Aggregate, Lookup, Row, Told, Untold
from dashboard.lookup.asking import look_up
from dashboard.lookup.kept import TooManyError, answer_keep, ask, last, pending

__all__ = [
    "Aggregate",
    "Lookup",
    "Row",
    "Told",
    "TooManyError",
    "Untold",
    "answer_keep",
    "ask",
    "last",
    "look_up",
    "pending",
]
