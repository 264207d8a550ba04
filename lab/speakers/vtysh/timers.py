"""Times as FRR prints them."""

from __future__ import annotations

_DAY, _WEEK, _YEAR = 86_400, 604_800, 31_449_600  # FRR's year has 52 weeks


def uptime(seconds: float) -> str:
    """`00:01:19`, `1d02h03m`, `01w2d03h`, `01y02w3d` (bgpd's peer_uptime)."""
    total = max(0, int(seconds))
    if total < _DAY:
        return clock(total)
    if total < _WEEK:
        return f"{total // _DAY}d{total % _DAY // 3600:02}h{total % 3600 // 60:02}m"
    if total < _YEAR:
        return f"{total // _WEEK:02}w{total % _WEEK // _DAY}d{total % _DAY // 3600:02}h"
    return f"{total // _YEAR:02}y{total % _YEAR // _WEEK:02}w{total % _WEEK // _DAY}d"


def clock(seconds: float) -> str:
    """`HH:MM:SS` of what is left after whole days."""
    total = max(0, int(seconds)) % _DAY
    return f"{total // 3600:02}:{total % 3600 // 60:02}:{total % 60:02}"


def days_clock(seconds: float) -> str:
    """`D:HH:MM:SS`, as for BFD's last update."""
    return f"{max(0, int(seconds)) // _DAY}:{clock(seconds)}"


def wrapped_ms(seconds: float) -> int:
    """Whole seconds in milliseconds, modulo 24 hours: bgpd sums up only hours, minutes and seconds."""
    return max(0, int(seconds)) % _DAY * 1000


def spoken(seconds: float) -> str:
    """`1 minute(s), 25 second(s)` (bfdd)."""
    total = max(0, int(seconds))
    units = (("day(s)", total // _DAY), ("hour(s)", total % _DAY // 3600), ("minute(s)", total % 3600 // 60))
    return ", ".join([f"{count} {unit}" for unit, count in units if count] + [f"{total % 60} second(s)"])
