"""Log lines of FRR and of MetalLB's speaker that have to do with one session, around the moment in which it changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from speakers.frr.text import clean, redact

LINES = 200  # that are shown
TAIL = 5000  # lines of a container that are asked for
LIMIT = 4 * 1024 * 1024  # bytes of them
_WIDTH = 1000  # characters of a line
_FRR_TIME = re.compile(r"^(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
_ANY_TIME = re.compile(r'"ts":"?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)|^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')
_IN_VRF = re.compile(r"\b(?:in )?vrf ([\w.-]+)", re.ASCII)
_ERROR = re.compile(r'"level":\s*"error"|\blevel=error\b')


def concerning(text: bytes, *, neighbor: str, peer: str = "", vrf: str = "default", frr: bool = True) -> list[str]:
    """The lines that name the neighbor (of FRR) or the BGPPeer, or are errors (of the speaker); passwords masked.

    A line that names another VRF is about another session.
    """
    named = [name for name in (neighbor, "" if frr else peer) if name]
    wanted = re.compile("|".join(map(_token, named)), re.IGNORECASE)
    found = []
    for raw in text[-LIMIT:].splitlines():
        line = raw.decode("utf-8", "replace")
        if not (wanted.search(line) or (not frr and _ERROR.search(line))):
            continue
        other = _IN_VRF.search(line) if frr else None
        if other is None or other[1] == vrf:
            found.append(clean(redact(line, 4 * _WIDTH), _WIDTH))
    return found


def around(lines: Iterable[str], moment: datetime, most: int = LINES) -> list[str]:
    """At most so many lines, those that are nearest to the moment, in their order."""
    kept = list(lines)
    if len(kept) <= most:
        return kept
    times = [time_of(line) for line in kept]
    nearest = min(
        (number for number, at in enumerate(times) if at is not None),
        key=lambda number: abs(((times[number] or moment) - moment).total_seconds()),
        default=len(kept) - 1,
    )
    start = max(0, min(nearest - most // 2, len(kept) - most))
    return kept[start : start + most]


def time_of(line: str) -> datetime | None:
    """When a line was written; containers have the time of UTC."""
    try:
        if match := _FRR_TIME.match(line):
            year, month, day, hour, minute, second = map(int, match.groups()[:6])
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        if match := _ANY_TIME.search(line[:300]):
            return datetime.fromisoformat(match[1] or match[2]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return None


def _token(name: str) -> str:
    """The name by itself: 10.1.0.1 is no part of 10.1.0.10, fd00::1 none of fd00::12."""
    if ":" in name:
        return rf"(?<![0-9a-f:]){re.escape(name)}(?![0-9a-f:])"
    if name.replace(".", "").isdigit():
        return rf"(?<![\d.]){re.escape(name)}(?!\.?\d)"
    return rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
