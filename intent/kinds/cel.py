"""The CEL rules of MetalLB's CRDs (x-kubernetes-validations): their text, and what they mean in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from intent.durations import nanoseconds

_SECOND, _MILLISECOND = 10**9, 10**6


@dataclass(frozen=True, slots=True)
class Cel:
    """holds(value, old): old is None unless transition; a transition rule runs only if both objects carry the field."""

    name: str
    rule: str
    message: str
    holds: Callable[[object, object], bool]
    transition: bool = False


def _duration(check: Callable[[int], bool]) -> Callable[[object, object], bool]:
    def holds(value: object, old: object) -> bool:
        try:
            return isinstance(value, str) and check(nanoseconds(value))
        except ValueError:
            return False

    return holds


CONNECT_TIME_RANGE = Cel(
    name="connect-time-range",
    rule="duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535",
    message="connect time should be between 1 seconds to 65535",
    holds=_duration(lambda ns: 1 <= ns // _SECOND <= 65535),
)
CONNECT_TIME_WHOLE = Cel(
    name="connect-time-whole-seconds",
    rule="duration(self).getMilliseconds() % 1000 == 0",
    message="connect time should contain a whole number of seconds",
    holds=_duration(lambda ns: abs(ns) // _MILLISECOND % 1000 == 0),
)
GRACEFUL_RESTART_IMMUTABLE = Cel(
    name="graceful-restart-immutable",
    rule="self == oldSelf",
    message="EnableGracefulRestart cannot be changed after creation",
    holds=lambda value, old: value == old,
    transition=True,
)


def immutable(name: str) -> Cel:
    """A field that keeps the value it was created with."""
    return Cel(name, "self == oldSelf", "Value is immutable", lambda value, old: value == old, transition=True)
