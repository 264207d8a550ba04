"""Services by the group of their pool, and those with externalTrafficPolicy Local by the nodes of their endpoints."""

from __future__ import annotations

from intent.addresses import parse_address
from intent.announcements.advertisements import Advertisement
from intent.announcements.announcement import ServiceRef
from intent.announcements.groups import NOTHING, Groups, Layers, Own, Placed, Table, merged
from intent.announcements.verdicts import Reason
from intent.pools import PoolIndex, pool_index_of
from intent.snapshot import Service, Snapshot


class PlacedServices:
    """services: each with its pool and group, or why it has none. local: by node, those that it looks at itself."""

    def __init__(self, snapshot: Snapshot, every: tuple[Advertisement, ...]) -> None:
        self.services: dict[ServiceRef, Placed | Reason] = {}
        self.local: dict[str, list[Placed]] = {}
        self._own: dict[tuple[str, int, tuple[int, ...]], Own] = {}
        self._shared: dict[tuple[int, int, tuple[int, ...]], Table] = {}
        self._merged: dict[tuple[int, ...], Table] = {}
        self._nodes = {node.name for node in snapshot.nodes}
        index = pool_index_of(snapshot)
        self.groups = Groups(index.families, every)
        for service in snapshot.services:
            self._place(service, index)

    def nodes_of(self, wanted: set[ServiceRef]) -> set[str]:
        """The nodes that look at the endpoints of one of these services themselves."""
        found = set[str]()
        for ref in wanted:
            placed = self.services.get(ref)
            if isinstance(placed, Placed) and placed.service.local:
                found.update(placed.service.endpoint_nodes)
        return found & self._nodes

    def layers(self, node: str, on_node: int, feed: int, versions: tuple[int, ...]) -> Layers:
        """What a node announces to peers that take the advertisements of the mask `feed`.

        on_node: those that select the node, as a mask. versions: the IP versions that the session carries.
        """
        table = self.table(on_node, feed, versions)
        if node not in self.local:
            return Layers(table, NOTHING.own)
        key = node, on_node, versions
        if key not in self._own:
            self._own[key] = Own(self.local[node], on_node, versions)
        return Layers(table, self._own[key].table(feed))

    def table(self, on_node: int, feed: int, versions: tuple[int, ...]) -> Table:
        """The same for services that any node may announce; nodes that are alike share it."""
        mask = on_node & feed
        key = on_node, mask, versions
        if key not in self._shared:
            tables = [group.table(on_node, feed, versions) for group in self.groups if group.pool & mask]
            parts = tuple(id(table) for table in tables if table)  # groups keep their tables
            if parts not in self._merged:
                self._merged[parts] = merged(tables)
            self._shared[key] = self._merged[parts]
        return self._shared[key]

    def _place(self, service: Service, index: PoolIndex) -> None:
        """Find the service's pool and its group, or why there is none."""
        ref = ServiceRef(service.namespace, service.name)
        addresses = [parse_address(address) for address in service.addresses]
        known = tuple(address for address in addresses if address is not None)
        pool = index.holding_all(known)
        if not addresses:
            self.services[ref] = Reason.NO_IP_ALLOCATED
        elif None in addresses:
            self.services[ref] = Reason.INVALID_IP
        elif not pool:
            self.services[ref] = Reason.IP_NOT_ALLOWED
        else:
            placed = self.services[ref] = Placed(ref, known, service, self.groups.of(pool, service.labels))
            self._file(placed)

    def _file(self, placed: Placed) -> None:
        """Under the nodes that may announce the service: all, or those with an endpoint."""
        if not placed.service.local:
            placed.group.members.extend([placed] if placed.service.endpoint_nodes else ())
            return
        for node in set(placed.service.endpoint_nodes) & self._nodes:
            self.local.setdefault(node, []).append(placed)


def placed_services(snapshot: Snapshot, every: tuple[Advertisement, ...]) -> PlacedServices:
    """The same for snapshots that were made of each other and differ in sessions alone. every: their advertisements."""
    parts = every, snapshot.in_force("IPAddressPool"), snapshot.services, snapshot.nodes
    return snapshot.once(lambda: PlacedServices(snapshot, every), PlacedServices, *parts)
