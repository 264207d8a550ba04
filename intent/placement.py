"""Which nodes an object is placed on: selectors evaluated once, node sets as bit masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from intent.addresses import Address, NetworkIndex, parse_address
from intent.labels import LabelIndex, numbers
from intent.snapshot import Node, Snapshot


class Placement:
    """The nodes of a cluster, indexed by their labels. Bit i of a mask stands for the i-th node by name.

    Without any known node everything is on one nameless node: MetalLB takes all peers as sharing nodes then.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = tuple(sorted(nodes, key=lambda node: node.name))
        self._labels = LabelIndex(node.labels for node in self.nodes)
        self.everywhere = self._labels.all or 1
        self._masks: dict[str, int] = {}
        self._nodes: dict[int, tuple[Node, ...]] = {}
        self._names: dict[int, tuple[str, ...]] = {}

    def mask(self, spec: Mapping[str, Any]) -> int:
        """The nodes that spec.nodeSelectors choose: any of the selectors, all nodes without selectors."""
        selectors = spec.get("nodeSelectors")
        if not selectors or not self.nodes:
            return self.everywhere
        text = repr(selectors)  # many objects have the same ones
        if text not in self._masks:
            self._masks[text] = self._labels.selected(selectors)
        return self._masks[text]

    def memberships(self, masks: Iterable[int]) -> list[int]:
        """Which of the masks each node is in, as a mask of their places; in the order of `nodes`."""
        found = [0] * len(self.nodes)
        places: dict[int, int] = {}
        for place, mask in enumerate(masks if self.nodes else ()):
            places[mask] = places.get(mask, 0) | 1 << place
        for mask, bits in places.items():
            for number in numbers(mask):
                found[number] |= bits
        return found

    def names(self, mask: int) -> tuple[str, ...]:
        """The names of a mask's nodes, sorted."""
        if mask not in self._names:
            self._names[mask] = tuple(node.name for node in self.of(mask))
        return self._names[mask]

    def of(self, mask: int) -> tuple[Node, ...]:
        """A mask's nodes, sorted by name."""
        if mask == self.everywhere:
            return self.nodes
        if mask not in self._nodes:
            self._nodes[mask] = tuple(self.nodes[number] for number in numbers(mask) if number < len(self.nodes))
        return self._nodes[mask]

    @cached_property
    def subnets(self) -> NetworkIndex:
        """The networks that the nodes are connected to, as far as they are known."""
        index = NetworkIndex()
        for number, node in enumerate(self.nodes):
            for subnet in node.subnets:
                index.add(subnet, 1 << number)
        return index

    @cached_property
    def hosts(self) -> dict[Address, int]:
        """Whose addresses are whose."""
        masks: dict[Address, int] = {}
        for number, node in enumerate(self.nodes):
            for address in map(parse_address, node.addresses):
                if address is not None:
                    masks[address] = masks.get(address, 0) | 1 << number
        return masks


def placement_of(snapshot: Snapshot) -> Placement:
    """The same for all snapshots of the same nodes that were made of each other, as those before and after a change."""
    return snapshot.once(lambda: Placement(snapshot.nodes), Placement, snapshot.nodes)
