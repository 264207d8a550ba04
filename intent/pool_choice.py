"""Which IPAddressPools an advertisement (BGP or L2) is for: by name, by label, all if it says neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from intent.labels import LabelIndex, numbers
from intent.snapshot import Resource, Snapshot, texts


class PoolChoice:
    """Some pools, indexed by names and labels; bit i of a mask stands for the i-th of them."""

    def __init__(self, pools: Iterable[Resource]) -> None:
        self.pools = tuple(pools)
        self.number = {pool.name: index for index, pool in enumerate(self.pools)}
        self.all = (1 << len(self.pools)) - 1
        self._labels = LabelIndex(pool.labels for pool in self.pools)
        self._names: dict[int, frozenset[str]] = {}

    def mask(self, spec: Mapping[str, Any]) -> int:
        """The pools that an advertisement is for."""
        named, selectors = texts(spec.get("ipAddressPools")), spec.get("ipAddressPoolSelectors")
        listed = selectors if isinstance(selectors, list | tuple) else ()
        if not named and not listed:
            return self.all
        mask = self._labels.selected(listed)
        for name in named:
            if name in self.number:
                mask |= 1 << self.number[name]
        return mask

    def names(self, spec: Mapping[str, Any]) -> frozenset[str]:
        """The same by name; advertisements for the same pools share it."""
        mask = self.mask(spec)
        if mask not in self._names:
            self._names[mask] = frozenset(self.pools[number].name for number in numbers(mask))
        return self._names[mask]


def pool_choice_of(snapshot: Snapshot) -> PoolChoice:
    """Of the pools that MetalLB reads; snapshots that were made of each other and have the same pools share it."""
    pools = snapshot.in_force("IPAddressPool")
    return snapshot.once(lambda: PoolChoice(pools), PoolChoice, pools)
