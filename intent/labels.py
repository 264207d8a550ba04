"""Label selectors over many things at once: sets of things are bit masks, evaluated from an index of their labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from intent.selectors import Requirement, requirements


class LabelIndex:
    """Things by their labels; bit i of a mask stands for the i-th of them."""

    def __init__(self, labelled: Iterable[Mapping[str, Any]]) -> None:
        self._keys: dict[str, int] = {}
        self._values: dict[tuple[str, str], int] = {}
        self._masks: dict[tuple[Requirement, ...], int] = {}
        count = 0
        for index, labels in enumerate(labelled):
            count = index + 1
            for key, value in labels.items():
                self._keys[key] = self._keys.get(key, 0) | 1 << index
                if isinstance(value, str):
                    self._values[key, value] = self._values.get((key, value), 0) | 1 << index
        self.all = (1 << count) - 1

    def selected(self, selectors: object) -> int:
        """What any of the selectors chooses; one that does not convert chooses nothing, and so do none."""
        mask = 0
        for selector in selectors if isinstance(selectors, list | tuple) else ():
            conditions = requirements(selector)
            if conditions is not None:
                mask |= self._satisfying(conditions)
        return mask

    def _satisfying(self, conditions: tuple[Requirement, ...]) -> int:
        if conditions not in self._masks:
            mask = self.all
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
        return self.all & ~mask if condition.operator in ("NotIn", "DoesNotExist") else mask


def numbers(mask: int) -> Iterator[int]:
    """The places of the bits of a mask, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
