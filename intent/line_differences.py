"""The difference of two long texts in a time that grows with them: lines that each side has just once are anchors."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain
from typing import Literal

_CONTEXT = 3  # lines around what differs
_Block = tuple[int, int, int]  # where lines are alike, before and after, and how many
_Code = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]


def unified(old: Sequence[str], new: Sequence[str], before: str, after: str) -> Iterator[str]:
    """As difflib.unified_diff writes it, nothing for equal texts. before, after: what both are called."""
    for number, group in enumerate(_Anchored(old, new).get_grouped_opcodes(_CONTEXT)):
        if not number:
            yield from (f"--- {before}", f"+++ {after}")
        (_, first, _, start, _), (_, _, end, _, stop) = group[0], group[-1]
        yield f"@@ -{_place(first, end)} +{_place(start, stop)} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[i:j])
            else:
                yield from (f"-{line}" for line in old[i:j])
                yield from (f"+{line}" for line in new[k:m])


class _Anchored(SequenceMatcher[str]):
    """Groups differences as difflib does; it is not shown the texts, which it would compare line by line."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__()
        self._old, self._new = old, new

    def get_opcodes(self) -> list[_Code]:
        """The steps from one text to the other."""
        codes: list[_Code] = []
        at = to = 0
        end = len(self._old), len(self._new), 0
        for i, j, size in chain(_joined(_blocks(self._old, self._new)), [end]):
            if at < i or to < j:
                codes.append(("replace" if at < i and to < j else "delete" if at < i else "insert", at, i, to, j))
            at, to = i + size, j + size
            if size:
                codes.append(("equal", i, at, j, to))
        return codes


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
    """Where both are alike, in order; between anchors difflib looks."""
    least = min(len(old), len(new))
    head = next((at for at in range(least) if old[at] != new[at]), least)
    tail = next((at for at in range(least - head) if old[-1 - at] != new[-1 - at]), least - head)
    ends = len(old) - tail, len(new) - tail
    yield 0, 0, head
    at, to = head, head
    for i, j in chain(_anchors(old, new, head, ends), [ends]):
        if at < i and to < j:
            for one, other, size in SequenceMatcher(None, old[at:i], new[to:j]).get_matching_blocks():
                yield at + one, to + other, size
        if i < ends[0]:
            yield i, j, 1
        at, to = i + 1, j + 1
    yield *ends, tail


def _anchors(old: Sequence[str], new: Sequence[str], head: int, ends: tuple[int, int]) -> list[tuple[int, int]]:
    """The longest run of lines that either text has once, in the order of both."""
    some, others = Counter(old[head : ends[0]]), Counter(new[head : ends[1]])
    places = {new[j]: j for j in range(head, ends[1]) if others[new[j]] == 1}
    pairs = [(i, places[old[i]]) for i in range(head, ends[0]) if old[i] in places and some[old[i]] == 1]
    last: list[int] = []  # of the runs by their lengths, where the best one of each ends in `new`
    ending: list[int] = []  # and which pair that is
    before: list[int] = []
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(last, j)
        last[length : length + 1], ending[length : length + 1] = [j], [number]
        before.append(ending[length - 1] if length else -1)
    found = []
    number = ending[-1] if ending else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _joined(blocks: Iterator[_Block]) -> Iterator[_Block]:
    """Blocks that touch as one."""
    i = j = size = 0
    for one, other, more in blocks:
        if (one, other) == (i + size, j + size):
            size += more
        elif more:
            yield i, j, size
            i, j, size = one, other, more
    yield i, j, size


def _place(first: int, end: int) -> str:
    """A range of lines as unified differences count them."""
    length = end - first
    if length == 1:
        return str(first + 1)
    return f"{first + 1 if length else first},{length}"
