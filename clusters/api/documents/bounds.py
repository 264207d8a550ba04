"""What is taken from outside: how large, how deep, how many values, and nothing that cannot be written out again."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

LARGEST = {"json": 2 * 1024 * 1024, "yaml": 256 * 1024}  # bytes
DEEPEST = 64
MOST_VALUES = 100_000
_NAMED_LINE = re.compile(r"\bline (\d{1,9})\b")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")  # no database keeps these in a text


class UnreadableError(ValueError):
    """The text is not a document that is taken; the message says why and where. line: of it, 0 = not known."""

    @property
    def line(self) -> int:
        """The line that the message names."""
        named = _NAMED_LINE.search(str(self))
        return int(named[1]) if named else 0


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream, and the line that it begins on, from 1; 0 = not known.

    lines: where the entries of each list begin, by id() of that list.
    """

    value: Any
    line: int
    lines: Mapping[int, Sequence[int]] = field(default_factory=dict)


def decoded(raw: bytes, largest: int) -> str:
    """The text. Raises UnreadableError."""
    if len(raw) > largest:
        raise UnreadableError(f"more than {largest // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("not UTF-8") from error


def no_constant(name: str) -> NoReturn:
    """NaN and the like. Raises UnreadableError."""
    raise UnreadableError(f"{name} is not JSON")


def check(data: Any, most: int, where: Callable[[], str] = str) -> None:
    """Raise UnreadableError for data beyond the bounds; where: words for the place that is too deep."""
    waiting, seen = [(data, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST:
            raise UnreadableError(f"more than {DEEPEST} levels deep{where()}")
        if seen > most:
            raise UnreadableError(f"more than {most} values")
        if isinstance(value, dict):
            waiting += [(inner, depth + 1) for pair in value.items() for inner in pair]
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]
        elif isinstance(value, str) and _FORBIDDEN.search(value):
            raise UnreadableError("a text holds a NUL or half a surrogate pair")
        elif isinstance(value, float) and not math.isfinite(value):
            raise UnreadableError("a number is larger than JSON can hold")
