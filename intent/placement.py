"""Which nodes an object is placed on: selectors evaluated once, node sets as bit masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from intent.selectors import Requirement, requirements
from intent.snapshot import Node


class Placement:
    """The nodes of a cluster, indexed by their labels. Bit i of a mask stands for the i-th node by name.

    Without any known node everything is on one nameless node: MetalLB takes all peers as sharing nodes then.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = tuple(sorted(nodes, key=lambda node: node.name))
        self.everywhere = (1 << len(self.nodes)) - 1 if self.nodes else 1
        self._keys: dict[str, int] = {}
        self._values: dict[tuple[str, str], int] = {}
        self._masks: dict[tuple[Requirement, ...], int] = {}
        for index, node in enumerate(self.nodes):
            for key, value in node.labels.items():
                self._keys[key] = self._keys.get(key, 0) | 1 << index
                self._values[key, value] = self._values.get((key, value), 0) | 1 << index

    def mask(self, spec: Mapping[str, Any]) -> int:
        """The nodes that spec.nodeSelectors choose: any of the selectors, all nodes without selectors."""
        selectors = spec.get("nodeSelectors")
        if not selectors or not self.nodes:
            return self.everywhere
        mask = 0
        for selector in selectors if isinstance(selectors, list | tuple) else ():
            conditions = requirements(selector)
            if conditions is not None:
                mask |= self._selected(conditions)
        return mask

    def names(self, mask: int) -> tuple[str, ...]:
        """The names of a mask's nodes, sorted."""
        return tuple(node.name for node in self.of(mask))

    def of(self, mask: int) -> tuple[Node, ...]:
        """A mask's nodes, sorted by name."""
        if mask == self.everywhere:
            return self.nodes
        return tuple(node for index, node in enumerate(self.nodes) if mask >> index & 1)

    def _selected(self, conditions: tuple[Requirement, ...]) -> int:
        if conditions not in self._masks:
            mask = self.everywhere
            for condition in conditions:
                mask &= self._holding(condition)
            self._masks[conditions] = mask
        return self._masks[conditions]

    def _holding(self, condition: Requirement) -> int:
        if condition.operator in ("Exists", "DoesNotExist"):
            mask = self._keys.get(condition.key, 0)
        else:
            mask = 0
            for value in condition.values:
                mask |= self._values.get((condition.key, value), 0)
        return self.everywhere & ~mask if condition.operator in ("NotIn", "DoesNotExist") else mask
