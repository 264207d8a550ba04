"""What has to stay while a change is on trial: sessions that were Established, with the prefixes announced there.

What the change means to close or withdraw is left out; a session that it resets has to come back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from clusters.heard import Heard
from intent.effects import Effects
from intent.reach import SessionKey
from intent.session_changes import SessionChange


@dataclass(frozen=True, slots=True)
class Stay:
    """A session. resets: the change ends it, and it has to come back. prefixes: announced there at least."""

    key: SessionKey
    resets: bool
    prefixes: int

    def __str__(self) -> str:
        node, vrf, neighbor = self.key
        return f"{node} → {neighbor}" + ("" if vrf == "default" else f" in {vrf}")


def stays_of(known: Heard, sessions: Iterable[SessionChange], told: Effects | None) -> list[dict[str, Any]]:
    """The column of a `Trial`: for each neighbor the prefixes by node, and the nodes where its session resets."""
    ends, comes, resets = set[SessionKey](), set[SessionKey](), set[SessionKey]()
    for change in sessions:
        for found, nodes in ((ends, change.closed), (comes, change.opened), (resets, change.reset)):
            found.update((node, change.vrf, change.neighbor) for node in nodes)
    withdrawn = Counter((one.vrf, one.neighbor) for one in (told.routes if told else ()) if one.withdrawn)
    resets |= ends & comes
    groups: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for node, vrf, neighbor in sorted(known.up - (ends - comes)):
        sent = known.sent.get((node, vrf, neighbor), 0)
        groups[vrf, neighbor][node] = max(0, sent - withdrawn[vrf, neighbor])
    return [
        {
            "vrf": vrf,
            "neighbor": neighbor,
            "nodes": nodes,
            "resets": sorted(node for node in nodes if (node, vrf, neighbor) in resets),
        }
        for (vrf, neighbor), nodes in groups.items()
    ]


def stays(column: Iterable[dict[str, Any]]) -> Iterator[Stay]:
    """The same as sessions."""
    for group in column:
        resets = set(group["resets"])
        for node, prefixes in group["nodes"].items():
            yield Stay((node, group["vrf"], group["neighbor"]), node in resets, prefixes)


def counted_stays(column: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """How many sessions have to stay, and how many of them reset."""
    groups = list(column)
    return sum(len(group["nodes"]) for group in groups), sum(len(group["resets"]) for group in groups)
