"""What excluding a node from load balancing means: worked out from MetalLB's objects and the sessions that are up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clusters.heard import Heard, heard
from clusters.models import Node
from clusters.selectors import snapshot_of
from intent.announcements import announced_on
from intent.draining import Draining, draining, excluded
from intent.sessions import sessions_on


@dataclass(frozen=True, slots=True)
class Plan:
    """What the label takes away, and what was heard of the sessions that carry it."""

    draining: Draining
    heard: Heard

    @property
    def meant(self) -> dict[tuple[str, str], int]:
        """Prefixes by VRF and neighbor that the node announces unless it is excluded."""
        feeds = self.draining.feeds
        return {(feed.session.vrf, feed.session.neighbor): len(feed.prefixes) for feed in feeds}


def plan_of(node: Node) -> Plan:
    """As of now. All nodes are looked at, since services lose redundancy by what the others announce."""
    known = heard(node.cluster)
    return Plan(draining(snapshot_of(node.cluster), node.name, known.up), known)


def meant_of(node: Node) -> Mapping[tuple[str, str], int]:
    """`Plan.meant` alone, for which no other node is looked at."""
    snapshot = excluded(snapshot_of(node.cluster, nodes=[node.name]), node.name, there=False)
    told = announced_on(snapshot, node.name)
    return {(one.vrf, one.neighbor): len(told.get(one.peer, ())) for one in sessions_on(snapshot, node.name)}
