"""Which nodes an object is placed on: selectors evaluated once, node sets as bit masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from intent.addresses import Address, NetworkIndex, parse_address
from intent.labels import LabelIndex, numbers
from intent.snapshot import Node


class Placement:
    """The nodes of a cluster, indexed by their labels. Bit i of a mask stands for the i-th node by name.

    Without any known node everything is on one nameless node: MetalLB takes all peers as sharing nodes then.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = tuple(sorted(nodes, key=lambda node: node.name))
        self._labels = LabelIndex(node.labels for node in self.nodes)
        self.everywhere = self._labels.all or 1

    def mask(self, spec: Mapping[str, Any]) -> int:
        """The nodes that spec.nodeSelectors choose: any of the selectors, all nodes without selectors."""
        selectors = spec.get("nodeSelectors")
        if not selectors or not self.nodes:
            return self.everywhere
        return self._labels.selected(selectors)

    def memberships(self, masks: Iterable[int]) -> list[int]:
        """Which of the masks each node is in, as a mask of their places; in the order of `nodes`."""
        found = [0] * len(self.nodes)
        for place, mask in enumerate(masks if self.nodes else ()):
            bit = 1 << place
            for number in numbers(mask):
                found[number] |= bit
        return found

    def names(self, mask: int) -> tuple[str, ...]:
        """The names of a mask's nodes, sorted."""
        return tuple(node.name for node in self.of(mask))

    def of(self, mask: int) -> tuple[Node, ...]:
        """A mask's nodes, sorted by name."""
        if mask == self.everywhere:
            return self.nodes
        return tuple(self.nodes[number] for number in numbers(mask) if number < len(self.nodes))

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
