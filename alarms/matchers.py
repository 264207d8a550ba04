"""Matchers: which alarms a silence, a maintenance window or a route is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import translate
from functools import lru_cache
from typing import Any

import msgspec

NAMES = ("rule", "severity", "kind", "cluster", "node", "vrf", "peer", "neighbor")
NODE = "node"
OPS = ("=", "!=")
Labels = Mapping[str, tuple[str, ...]]


class Matcher(msgspec.Struct, frozen=True):
    """A label and the value that it must have, or must not: `*` in it stands for any characters."""

    name: str
    value: str
    op: str = "="

    def __str__(self) -> str:
        return f"{self.name}{self.op}{self.value}"

    def matches(self, labels: Labels) -> bool:
        """Whether the label has it; of several values, as nodes are, one is enough."""
        return any(map(_pattern(self.value), labels.get(self.name, ()))) is (self.op == "=")


@lru_cache(maxsize=1024)
def _pattern(text: str) -> Callable[[str], re.Match[str] | None]:
    """Whether a value is the text. No brackets: only `*` has a meaning, which takes linear time."""
    return re.compile(translate(text.replace("[", "[[]").replace("?", "[?]"))).match


def matchers_of(kept: Iterable[Mapping[str, Any]]) -> tuple[Matcher, ...]:
    """As rows keep them."""
    return tuple(Matcher(one["name"], one["value"], one.get("op", "=")) for one in kept)


def match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all of them do."""
    return all(matcher.matches(labels) for matcher in matchers)


def parse(text: str) -> Matcher:
    """A matcher from `name=value` or `name!=value`. Raises ValueError that says what is wrong."""
    op = "!=" if "!=" in text.partition("=")[0] + "=" else "="
    name, found, value = (part.strip() for part in text.partition(op))
    if not found or name not in NAMES:
        raise ValueError(f"{text[:60]!r} must be name=value or name!=value with a name of {', '.join(NAMES)}")
    if not value:
        raise ValueError(f"{text[:60]!r} has no value; `{name}=*` matches every {name}")
    return Matcher(name, value[:253], op)
