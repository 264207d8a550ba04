"""Recorded vtysh answers, and what is compared of them: keys, their order and types, or the words of a text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent.parent / "data" / "vtysh"
# The recorded routers were configured by hand: descriptions, soft reconfiguration and other route maps than MetalLB's.
_OF_THE_CONFIGURATION = {
    "nbrDesc", "desc", "inboundSoftConfigPermit", "inboundPathPolicyConfig", "outboundPathPolicyConfig",
    "routeMapForIncomingAdvertisements", "routeMapForOutgoingAdvertisements",
}  # fmt: skip
_LINES_OF_THE_CONFIGURATION = re.compile(
    r"^ Description:|Inbound soft reconfiguration|path policy configured|Route map for|^Hostname: Unknown"
)
_ADDRESS = re.compile(r"\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\b|\b\d+(?:\.\d+){3}(?:/\d+)?\b")
_NUMBER = re.compile(r"\d+")
_NAME = re.compile(r"(name: |Hostname: )[^,)\n]+")


def read(name: str) -> str:
    """A recording as text."""
    return (FOLDER / name).read_text()


def load(name: str) -> Any:
    """A recording as JSON."""
    return json.loads(read(name))


def shape(value: Any) -> Any:
    """Keys in order with the shapes of their values; the type's name of anything else."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items() if key not in _OF_THE_CONFIGURATION]
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def words(text: str) -> list[str]:
    """The lines of a text without its numbers, addresses and names."""
    kept = [line for line in text.splitlines() if not _LINES_OF_THE_CONFIGURATION.search(line)]
    return [re.sub(r"\s+N", " N", _NUMBER.sub("N", _ADDRESS.sub("ADDR", _NAME.sub(r"\1X", line)))) for line in kept]


def block(text: str, heading: str) -> str:
    """The part of a neighbours text that begins with this heading."""
    return next(part for part in re.split(r"(?=^BGP neighbor )", text, flags=re.MULTILINE) if part.startswith(heading))
