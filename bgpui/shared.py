"""Sessions that are not up for one cause are one problem, as on the home page: told from the sessions alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bgpui.status import HEALTH, Row
from speakers.frr.neighbor import ESTABLISHED
from speakers.frr.reasons import VRF_MISSING, alike
from speakers.reach import DOWN, FEWEST, Loss, Reach

Router = tuple[str, str]  # VRF, neighbor


@dataclass(frozen=True, slots=True)
class Problem:
    """kind: router, node, vrf, or speaker. rows: its sessions, of at least one, those of the commonest cause first."""

    kind: str
    rows: tuple[Row, ...]

    @property
    def main(self) -> Row:
        """The one whose cause is told."""
        return self.rows[0]

    @property
    def nodes(self) -> list[str]:
        """Where they are."""
        return sorted({row.node for row in self.rows})

    @property
    def health(self) -> str:
        """The worst of them."""
        return min((row.health for row in self.rows), key=HEALTH.index)

    @property
    def since(self) -> datetime | None:
        """The earliest that is known of them."""
        return min((row.since for row in self.rows if row.since is not None), default=None)

    @property
    def at_least(self) -> bool:
        """Whether it may be so for longer."""
        return any(row.at_least for row in self.rows)

    @property
    def cause(self) -> str:
        """Why, in plain words, and how many sessions say something else."""
        row, number = self.main, sum(one.cause != self.main.cause for one in self.rows)
        words = row.cause
        if self.kind == "node":
            these = "this node has lost all of its" if len(self.nodes) == 1 else "these nodes have lost all of their"
            words = f"{these} peers: {words}"
        return f"{words} ({number:,} of them for other causes)" if number else words


def problems(rows: Sequence[Row]) -> list[Problem]:
    """Of all sessions, up or not: what is wrong, worst first."""
    found = list(_found([row for row in rows if row.health != "up"], rows))
    return sorted(found, key=lambda one: (HEALTH.index(one.health), -len(one.rows), one.nodes))


def _found(wrong: Sequence[Row], every: Sequence[Row]) -> Iterator[Problem]:
    totals = Counter((row.vrf, row.neighbor) for row in every)
    losses = (Loss((row.vrf, row.neighbor), row.health, row.reason, row.state == ESTABLISHED) for row in wrong)
    reach = Reach.of(losses, totals)
    lost = _lost_nodes(every, reach)
    several: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in wrong:
        several[_key(row, lost, reach)].append(row)
    for (kind, *_rest), some in several.items():
        common = Counter(row.reason for row in some)
        yield Problem(kind, tuple(sorted(some, key=lambda row: (-common[row.reason], row.reason))))


def _key(row: Row, lost: dict[str, str], reach: Reach[Router]) -> tuple[str, ...]:
    """What sessions of one cause have in common."""
    if row.health == "unknown":
        return "speaker", row.cause
    if row.health == "down" and row.reason == VRF_MISSING:
        return "vrf", row.vrf
    if row.node in lost and _of_node(row, reach):
        return "node", lost[row.node]
    return "router", row.vrf, row.neighbor, row.health, alike(row.health, row.reason)


def _of_node(row: Row, reach: Reach[Router]) -> bool:
    """Whether a session may be down for its node's sake."""
    return row.health in DOWN and row.reason != VRF_MISSING and reach.blames_node((row.vrf, row.neighbor), row.health)


def _lost_nodes(rows: Sequence[Row], reach: Reach[Router]) -> dict[str, str]:
    """The nodes that answer and have lost every peer, though these are not gone; by the commonest reason there."""
    by_node = defaultdict[str, list[Row]](list)
    for row in rows:
        if row.health != "orphan":
            by_node[row.node].append(row)
    lost = {}
    for node, some in by_node.items():
        if not all(row.health in DOWN for row in some):
            continue
        found = [row for row in some if _of_node(row, reach)]
        alive = {(row.vrf, row.neighbor) for row in found} - reach.dead
        if len(alive) >= FEWEST and 2 * len(found) > len(some):
            common = Counter(row.reason for row in found)
            lost[node] = min(common, key=lambda reason: (-common[reason], reason))
    return lost
