"""The nodes of a fleet by the zone that they stand in, and what each zone has to each router.

Kept in this process while no session came or went and no node moved: both are seen by a sum, whatever the size.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Count, Sum

from clusters.models import Node
from speakers.counts import Counts, rows_of
from speakers.extent import Extent

_MOST = 20  # pictures that are kept
Key = tuple[int, str]  # id of the cluster; name of the node, or of the zone


@dataclass(slots=True)
class Zone:
    """Nodes that have sessions, and all their sessions by VRF and neighbor."""

    nodes: int = 0
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Zones:
    """places: the zone of each node that has one. zones: by cluster and name, "" = of nodes that have none."""

    places: Mapping[Key, str]
    zones: Mapping[Key, Zone]

    def of(self, node: Key) -> Key:
        """Where a node stands."""
        return node[0], self.places.get(node, "")

    @property
    def any(self) -> bool:
        """Whether a node has a zone at all."""
        return any(name for _, name in self.zones)


@dataclass(frozen=True, slots=True)
class _Kept:
    extent: Extent
    nodes: tuple[tuple[int, int, int], ...]
    zones: Zones


_kept: dict[int, _Kept] = {}


def zones_of(counts: Counts) -> Zones:
    """Of the sessions that are counted; one query if nothing moved, else three."""
    nodes = tuple(Node.objects.order_by("cluster").values_list("cluster").annotate(Count("pk"), Sum("zone_print")))
    kept = _kept.get(id(counts.extent))
    if kept is not None and kept.extent is counts.extent and kept.nodes == nodes:
        return kept.zones
    zones = _read(counts)
    if counts.filters.by_health:  # these are counted anew each time
        return zones
    if len(_kept) >= _MOST:
        _kept.clear()
    _kept[id(counts.extent)] = _Kept(counts.extent, nodes, zones)
    return zones


def _read(counts: Counts) -> Zones:
    named = Node.objects.order_by().exclude(zone="").values_list("cluster_id", "name", "zone")
    places = {(cluster, name): zone for cluster, name, zone in named}
    zones, seen = defaultdict[Key, Zone](Zone), set[Key]()
    for cluster, node, *router in rows_of(counts.filters).values_list("cluster_id", "node", "vrf", "neighbor"):
        zone = zones[cluster, places.get((cluster, node), "")]
        zone.nodes += (cluster, node) not in seen
        seen.add((cluster, node))
        zone.totals[router[0], router[1]] += 1
    return Zones(places, dict(zones))
