"""Services with externalTrafficPolicy Local in aggregates: where traffic for one comes to nodes without an endpoint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from intent.labels import numbers
from intent.rules.advertised import WIDTH, address_text
from intent.rules.services import Services

MOST = 100  # services that are looked for; more make no difference to what is said


@dataclass(slots=True, eq=False)
class _Aggregate:
    """prefix: its bits. spread: a service with policy Cluster is in it, which every node announces. local: the nodes

    with endpoints of services with policy Local.
    """

    prefix: int
    spread: bool = False
    local: int = 0
    members: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


class Aggregates:
    """All aggregates of a length of the services of some pools (a mask).

    They are read once for all advertisements, and found by node: what an advertisement costs depends on the services
    on its nodes, not on all of them.
    """

    def __init__(self, services: Services, pools: int, version: int, length: int) -> None:
        self._bits = WIDTH[version] - length
        self._version, self._length = version, length
        found: dict[int, _Aggregate] = {}
        for number in numbers(pools):
            for name, service, address in services.in_pool(number, version):
                prefix = address >> self._bits
                one = found.get(prefix) or found.setdefault(prefix, _Aggregate(prefix))
                if not service.local:
                    one.spread = one.spread or bool(service.endpoint_nodes)
                elif nodes := services.nodes(service):
                    one.local |= nodes
                    one.members[nodes].append(name)
        self._by_node: dict[int, list[tuple[_Aggregate, int]]] = defaultdict(list)
        for one in found.values():
            for nodes in one.members if one.spread or len(one.members) > 1 else ():
                for node in numbers(nodes):
                    self._by_node[node].append((one, nodes))
        self._lost: dict[int, dict[str, tuple[str, int]]] = {}

    def lost(self, nodes: int) -> dict[str, tuple[str, int]]:
        """Services that lose traffic if these nodes announce: the aggregate, and those of the nodes that have no

        endpoint; MOST of them at most.
        """
        if nodes not in self._lost:
            self._lost[nodes] = {}
            for name, told in self._losing(nodes):
                self._lost[nodes][name] = told
                if len(self._lost[nodes]) >= MOST:
                    break
        return self._lost[nodes]

    def _losing(self, nodes: int) -> Iterator[tuple[str, tuple[str, int]]]:
        for node in numbers(nodes):
            for one, mine in self._by_node.get(node, ()):
                stray = (nodes if one.spread else one.local & nodes) & ~mine
                if stray:
                    text = f"{address_text(self._version, one.prefix << self._bits)}/{self._length}"
                    yield from ((name, (text, stray)) for name in one.members[mine])
