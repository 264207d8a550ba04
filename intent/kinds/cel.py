"""The CEL rules of MetalLB's CRDs (x-kubernetes-validations): their text, and what they mean in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    hint: str = "Choose a value that satisfies the rule."


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
    hint="Write 1s to 65535s (18h12m15s).",
    holds=_duration(lambda ns: 1 <= ns // _SECOND <= 65535),
)
CONNECT_TIME_WHOLE = Cel(
    name="connect-time-whole-seconds",
    rule="duration(self).getMilliseconds() % 1000 == 0",
    message="connect time should contain a whole number of seconds",
    hint="Write whole seconds, such as 1s, 90s or 2m.",
    holds=_duration(lambda ns: abs(ns) // _MILLISECOND % 1000 == 0),
)
GRACEFUL_RESTART_IMMUTABLE = Cel(
    name="graceful-restart-immutable",
    rule="self == oldSelf",
    message="EnableGracefulRestart cannot be changed after creation",
    holds=lambda value, old: value == old,
    transition=True,
)


IMMUTABLE = Cel(
    name="immutable",
    rule="self == oldSelf",
    message="Value is immutable",
    holds=lambda value, old: value == old,
    transition=True,
)


def _aggregates_alone(spec: object, old: object) -> bool:
    if not isinstance(spec, Mapping) or not spec.get("serviceSelectors"):
        return True
    return all(spec.get(name) in (None, alone) for name, alone in _ALONE.items())


_ALONE = {"aggregationLength": 32, "aggregationLengthV6": 128}  # every address by itself
AGGREGATION_WITHOUT_SERVICES = Cel(
    name="aggregation-with-service-selectors",
    rule=(
        "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || "
        "((!has(self.aggregationLength) || self.aggregationLength == 32) && "
        "(!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))"
    ),
    message=(
        "serviceSelectors and aggregationLength are mutually exclusive, can only be used together with default "
        "aggregationLength (32) and aggregationLengthV6 (128)"
    ),
    holds=_aggregates_alone,
    hint="Leave out serviceSelectors, or both aggregation lengths.",
)
