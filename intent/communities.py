"""BGP communities as MetalLB writes them: values, and aliases that Community objects give them (RFC 1997, RFC 8092)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from intent.snapshot import Resource, mapping, text, texts

_NUMBERS = re.compile(r"[0-9]{1,10}(:[0-9]{1,10}){1,2}", re.ASCII)
_LARGE = "large:"


@dataclass(frozen=True, slots=True, order=True)
class Community:
    """value: "65000:100", or "64512:1:2" if large, in decimal without leading zeros."""

    large: bool
    value: str

    def __str__(self) -> str:
        return _LARGE + self.value if self.large else self.value


def parse_community(value: object) -> Community | None:
    """`A:B` with two 16 bit numbers or `large:A:B:C` with three 32 bit numbers; None for anything else.

    Names of well-known communities are not understood by MetalLB.
    """
    if not isinstance(value, str):
        return None
    large, numbers = value.startswith(_LARGE), value.removeprefix(_LARGE)
    if not _NUMBERS.fullmatch(numbers):
        return None
    parts = [int(part) for part in numbers.split(":")]
    if len(parts) != (3 if large else 2) or max(parts) >= 1 << (32 if large else 16):
        return None
    return Community(large, ":".join(map(str, parts)))


def aliases(resources: Iterable[Resource]) -> dict[str, Community]:
    """The aliases of all Community objects that MetalLB reads; of two with the same name the first one."""
    found: dict[str, Community] = {}
    for resource in resources:
        entries = resource.spec.get("communities")
        for entry in entries if isinstance(entries, list | tuple) else ():
            community = parse_community(mapping(entry).get("value"))
            if community is not None:
                found.setdefault(text(mapping(entry).get("name")), community)
    return found


def resolve(values: object, known: Mapping[str, Community]) -> frozenset[Community]:
    """The communities of an advertisement; an alias that does not exist is left out (speakers refuse it)."""
    found = (known.get(name) or parse_community(name) for name in texts(values))
    return frozenset(community for community in found if community is not None)
