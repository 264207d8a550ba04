"""Go durations ("5m30s"), the text of every timer in MetalLB's objects (Go time.ParseDuration, Duration.String)."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction

_NANOSECONDS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_PART = re.compile(r"(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?P<unit>ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LONGEST = 2**63  # Go counts nanoseconds in an int64
_TEXT_LIMIT = 100


def nanoseconds(text: str) -> int:
    """A Go duration in nanoseconds, cut towards zero. Raises ValueError with the reason in words."""
    if len(text) > _TEXT_LIMIT:
        raise ValueError("is too long for a duration")
    sign, rest = (-1 if text[:1] == "-" else 1), (text[1:] if text[:1] in ("-", "+") else text)
    if rest == "0":
        return 0
    if not rest:
        raise ValueError("is empty; write a number with a unit, such as 30s or 1m30s")
    total, position = 0, 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None:
            raise ValueError("is not a duration; write numbers with units ns, us, ms, s, m or h, such as 30s or 1m30s")
        total += int(Fraction(_digits(part["number"])) * _NANOSECONDS[part["unit"]])
        position = part.end()
    if total >= _LONGEST:
        raise ValueError("is longer than a duration can be (about 292 years)")
    return sign * total


def parse_duration(text: str) -> timedelta:
    """A Go duration as timedelta, finer than a microsecond cut. Raises ValueError with the reason in words."""
    total = nanoseconds(text)
    microseconds = abs(total) // 1000
    return timedelta(microseconds=microseconds if total >= 0 else -microseconds)


def format_duration(duration: timedelta) -> str:
    """The text that Go prints for a duration: "1m30s", "1.5s", "300ms", "20µs", "0s"."""
    microseconds = duration // timedelta(microseconds=1)
    sign, microseconds = ("-" if microseconds < 0 else ""), abs(microseconds)
    if microseconds == 0:
        return "0s"
    if microseconds < 1000:
        return f"{sign}{microseconds}µs"
    if microseconds < 1_000_000:
        return f"{sign}{_decimal(microseconds, 1000)}ms"
    minutes, rest = divmod(microseconds, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    lead = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{lead}{_decimal(rest, 1_000_000)}s"


def _digits(number: str) -> str:
    return f"0{number}" if number.startswith(".") else number.rstrip(".")


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    fraction = str(rest).zfill(len(str(unit)) - 1).rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)
