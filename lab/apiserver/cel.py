"""The validation rules (CEL) that MetalLB's CRDs carry, known by their text.

A general CEL interpreter is not needed: each rule text has a function of its own. A rule that is not listed is not
enforced, which `unknown_rules` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from intent.durations import parse_duration


class _Absent:
    """The value of a field that is not there (null is a value)."""


ABSENT: Final = _Absent()
_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)


def _within_connect_range(value: Any, _old: Any) -> bool:
    return 1 <= parse_duration(value) // _SECOND <= 65535


def _whole_seconds(value: Any, _old: Any) -> bool:
    return (parse_duration(value) // _MILLISECOND) % 1000 == 0


def _unchanged(value: Any, old: Any) -> bool:
    return bool(value == old)


def _aggregates_alone(value: Any, _old: Any) -> bool:
    if not value.get("serviceSelectors"):
        return True
    return bool(value.get("aggregationLength", 32) == 32) and bool(value.get("aggregationLengthV6", 128) == 128)


_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "self == oldSelf": _unchanged,
    "duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535": _within_connect_range,
    "duration(self).getMilliseconds() % 1000 == 0": _whole_seconds,
    "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || ((!has(self.aggregationLength) || "
    "self.aggregationLength == 32) && (!has(self.aggregationLengthV6) || "
    "self.aggregationLengthV6 == 128))": _aggregates_alone,
}


def broken(rule: Mapping[str, Any], value: Any, old: Any) -> str:
    """Why `value` breaks the rule, or "". A transition rule holds wherever there is no old value."""
    text = _normal(rule["rule"])
    check = _RULES.get(text)
    if check is None or ("oldSelf" in text and old is ABSENT):
        return ""
    message: str = rule.get("message") or f"failed rule: {text}"
    try:
        return "" if check(value, old) else message
    except ValueError:
        return f"type conversion error from 'string' to 'google.protobuf.Duration' evaluating rule: {message}"


def rules(schema: Mapping[str, Any]) -> Iterator[str]:
    """The texts of all rules in a schema."""
    yield from (_normal(rule["rule"]) for rule in schema.get("x-kubernetes-validations", ()))
    inner = [*(schema.get("properties") or {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for part in inner:
        if isinstance(part, Mapping):
            yield from rules(part)


def unknown_rules(schema: Mapping[str, Any]) -> Iterator[str]:
    """Rules of a schema that are not enforced here."""
    return (rule for rule in rules(schema) if rule not in _RULES)


def _normal(rule: str) -> str:
    return " ".join(rule.split())
