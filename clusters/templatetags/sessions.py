"""What an edit means for sessions, in words: totals, then peer by peer, the first nodes named and the rest folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import template

from clusters.words import bounded, counted
from intent.session_changes import SessionChange

register = template.Library()
_ROWS = 10  # peers before the fold
_MOST = 500  # peers at all
_NODES = 3  # names before the fold
_LATER = ("holdTime", "keepaliveTime", "connectTime", "peerPort", "enableGracefulRestart")


@dataclass(frozen=True, slots=True)
class _Happening:
    """What happens on some nodes."""

    health: str
    text: str
    first: tuple[str, ...]
    rest: tuple[str, ...]


@register.inclusion_tag("resources/sessions.html")
def sessions_meant(changes: Sequence[SessionChange]) -> dict[str, Any]:
    """A section of Review."""
    rows = [(change, list(_happenings(change))) for change in changes[:_MOST]]
    return {
        "totals": list(_totals(changes)),
        "first": rows[:_ROWS],
        "rest": rows[_ROWS:],
        "more": len(changes) - len(rows),
    }


def _totals(changes: Sequence[SessionChange]) -> Iterator[tuple[str, str]]:
    """Health and words, what hurts first."""
    for health, what, words in (
        ("down", "closed", "will close"),
        ("degraded", "reset", "will reset"),
        ("up", "opened", "will open"),
        ("unknown", "changed", "will stay up, with other values"),
    ):
        number = sum(len(getattr(change, what)) for change in changes)
        if number:
            yield health, f"{counted(number, 'session')} {words}"


def _happenings(change: SessionChange) -> Iterator[_Happening]:
    fields = bounded(", ".join(change.fields), 300)
    later = bounded(", ".join(name for name in change.fields if name in _LATER), 300)
    stay = f"will stay up, with another {fields}" + (f"; {later} from the next start on" if later else "")
    for health, nodes, words in (
        ("down", change.closed, "will close"),
        ("degraded", change.reset, f"will reset, for another {fields}"),
        ("up", change.opened, "will open"),
        ("unknown", change.changed, stay),
    ):
        if nodes:
            text = f"{counted(len(nodes), 'session')} {words}"
            yield _Happening(health, text, nodes[:_NODES], nodes[_NODES:])
