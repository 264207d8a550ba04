"""One row of the problems table, and the same as text for a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import NoReverseMatch, reverse

from clusters.models import Cluster
from clusters.words import utc_words
from dashboard.facts import text_of
from dashboard.redundancy import Share, shares, words
from dashboard.ribbon import Mark
from dashboard.timeline.asked import around
from speakers.counts import Group
from speakers.redundancy import Left, Place
from speakers.selectors import HEALTH

OLD = "old"  # no session tells, but nodes keep their old configuration
_ORDER = ("down", OLD, *HEALTH[1:])


@dataclass(frozen=True, slots=True)
class Problem:
    """One row: what is wrong, where, since when, and why."""

    health: str
    number: int
    of: int  # sessions that there are to this neighbor, or on these nodes
    title: str
    cluster: str
    peer: str
    peer_href: str
    neighbor: str
    remote_as: int | None
    vrf: str  # "" = all VRFs of the nodes
    nodes: list[str]
    more_nodes: int
    since: datetime | None
    cause: str
    detail: str
    href: str
    kind: str = "router"  # router, node, vrf, speaker, configuration, meant: what is to blame, or at least shared
    reason: str = ""
    touches: str = ""  # what of the nodes it touches, if that is not one neighbor
    group: Group | None = None
    marks: tuple[Mark, ...] = ()
    began_before: bool = False  # since is the first look, or FRR's last reset: some of it may be so for longer
    refused: bool = False  # the nodes' speakers refuse their configuration
    objects: tuple[tuple[str, str], ...] = ()  # what is to be mended: kind and name, and the page
    places: Mapping[Place, Left] = field(default_factory=dict)  # what is left where its sessions are down

    @property
    def number_of_nodes(self) -> int:
        """Nodes that it touches."""
        return len(self.nodes) + self.more_nodes

    @property
    def shares(self) -> list[Share]:
        """How much its nodes have left, the least first."""
        return shares(self.places)

    @property
    def redundancy(self) -> str:
        """The same in words; "" if none of its sessions is down or not heard."""
        return words(self.places)

    @property
    def timeline(self) -> str:
        """Where it is seen what happened just before; "" if it is not known when it began."""
        node = self.nodes[0] if self.number_of_nodes == 1 else ""
        return around(self.since, cluster=self.cluster, node=node) if self.since else ""

    @property
    def ticket(self) -> str:
        """The same as text, for a ticket or a chat."""
        where = f"{self.peer or 'neighbor'} {self.neighbor}".strip() if self.neighbor else self.touches or "speaker"
        objects = ", ".join(name for name, _href in self.objects)
        asn = f" (AS {self.remote_as})" if self.remote_as else ""
        nodes = ", ".join(self.nodes) + (f" and {self.more_nodes} more" if self.more_nodes else "")
        lines = [
            f"{self.title}: {where}{asn}" + (f", VRF {self.vrf}" if self.vrf else ""),
            f"cluster {self.cluster}, {'nodes' if self.number_of_nodes > 1 else 'node'} {nodes}",
            f"since {'before ' if self.began_before else ''}{utc_words(self.since)}" if self.since else "",
            " - ".join(filter(None, (self.cause, self.detail))),
            f"redundancy: {left}" if (left := self.redundancy) else "",
            f"to be mended: {objects}" if objects else "",
        ]
        return text_of(lines)

    @property
    def order(self) -> tuple[int, int, str, str]:
        """Worst first, then the one that touches most."""
        return _ORDER.index(self.health), -self.number, self.neighbor, "".join(self.nodes[:1])


def peer_href(cluster: Cluster | None, peer: str) -> str:
    """The page of a BGPPeer; "" if the name cannot be one."""
    try:
        return reverse("peer", args=[cluster.name, cluster.namespace, peer]) if cluster and peer else ""
    except NoReverseMatch:
        return ""
