"""The BGP timers of a peer: what its object asks for, and what FRR is told (RFC 4271 section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intent.durations import nanoseconds
from intent.modes import Mode

SECOND = 10**9
FRR_HOLD, FRR_KEEPALIVE, FRR_K8S_CONNECT = 180, 60, 60  # seconds; FRR's defaults, and what FRR-K8s takes for default
NATIVE_HOLD = 90  # seconds; what the native speaker offers where nothing is asked for (internal/bgp/native)


@dataclass(frozen=True, slots=True)
class Timers:
    """Whole seconds that are written to FRR, or that the native speaker uses; None = left to FRR."""

    hold: int | None = None
    keepalive: int | None = None
    connect: int | None = None


def asked(spec: Mapping[str, Any], name: str) -> int | None:
    """A timer of the spec in nanoseconds; None if it is unset or no duration."""
    value = spec.get(name)
    if not isinstance(value, str):
        return None
    try:
        return nanoseconds(value)
    except ValueError:
        return None


def completed(spec: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Hold and keepalive time in nanoseconds, the missing one derived: hold = 3 x keepalive, both or none."""
    hold, keepalive = asked(spec, "holdTime"), asked(spec, "keepaliveTime")
    if hold is not None and keepalive is None:
        return hold, hold // 3
    if keepalive is not None and hold is None:
        return keepalive * 3, keepalive
    return hold, keepalive


def whole_seconds(duration: int | None) -> int | None:
    """Nanoseconds cut to seconds towards zero, as MetalLB writes them."""
    return None if duration is None else int(abs(duration) // SECOND) * (1 if duration >= 0 else -1)


def rendered(spec: Mapping[str, Any], mode: Mode) -> Timers:
    """The timers in frr.conf, or of the native speaker, which has defaults of its own.

    FRR-K8s drops a value equal to its default, and then both of hold and keepalive.
    """
    hold, keepalive = (whole_seconds(timer) for timer in completed(spec))
    connect = whole_seconds(asked(spec, "connectTime"))
    if mode is Mode.NATIVE and hold is None:
        hold, keepalive = NATIVE_HOLD, NATIVE_HOLD // 3
    if mode is Mode.FRR_K8S:
        if hold == FRR_HOLD or keepalive == FRR_KEEPALIVE:
            hold = keepalive = None
        connect = None if connect == FRR_K8S_CONNECT else connect
    return Timers(hold, keepalive, connect)
