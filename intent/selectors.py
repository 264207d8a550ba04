"""Kubernetes label selectors: which nodes, services or pools they choose, and what is wrong with them.

Semantics of metav1.LabelSelector: matchLabels and all matchExpressions must hold; {} chooses everything; lists of
selectors are OR-ed by their users, an empty list means all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class SelectorError:
    """What is wrong at a path inside a selector ("matchExpressions[0].values")."""

    path: str
    value: object
    message: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label key; values only for In and NotIn."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """NotIn and DoesNotExist hold for labels without the key."""
        if self.operator in ("In", "NotIn"):
            return (labels.get(self.key) in self.values) == (self.operator == "In")
        return (self.key in labels) == (self.operator == "Exists")


def subdomain_error(name: str) -> str:
    """Why a text is not a DNS subdomain (RFC 1123), "" if it is one."""
    if not name:
        return "is empty"
    if len(name) > 253:
        return "is longer than 253 characters"
    if not _SUBDOMAIN.fullmatch(name):
        return "may hold lower case letters, digits, '-' and '.', each part beginning and ending with a letter or digit"
    return ""


def label_key_error(key: object) -> str:
    """Why a text is no label key ([prefix/]name), "" if it is one."""
    if not isinstance(key, str):
        return "must be a string"
    prefix, slash, name = key.rpartition("/")
    if slash and subdomain_error(prefix):
        return f"prefix {subdomain_error(prefix)}"
    if not _NAME.fullmatch(name):
        return "must have 1 to 63 letters, digits, '-', '_' or '.', starting and ending with a letter or digit"
    return ""


def label_value_error(value: object) -> str:
    """Why a text is no label value, "" if it is one. The empty value is allowed."""
    if not isinstance(value, str):
        return "must be a string"
    if value and not _NAME.fullmatch(value):
        return "must have at most 63 letters, digits, '-', '_' or '.', starting and ending with a letter or digit"
    return ""


def requirements(selector: object) -> tuple[Requirement, ...] | None:
    """The conditions of a selector; None for one that does not convert and so chooses nothing."""
    if not isinstance(selector, Mapping) or next(_errors(selector), None) is not None:
        return None
    labels = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return tuple(Requirement(key, "In", frozenset((value,))) for key, value in labels.items()) + tuple(
        Requirement(e["key"], e["operator"], frozenset(e.get("values") or ())) for e in expressions
    )


def matches(selector: object, labels: Mapping[str, str]) -> bool:
    """Whether the labels satisfy the selector. One that does not convert matches nothing; never raises."""
    conditions = requirements(selector)
    return conditions is not None and all(condition.holds(labels) for condition in conditions)


def any_matches(selectors: object, labels: Mapping[str, str]) -> bool:
    """Whether any of the selectors matches; no selectors match everything."""
    if not selectors:
        return True
    return isinstance(selectors, (list, tuple)) and any(matches(selector, labels) for selector in selectors)


class Selection:
    """A list of selectors, read once and then held against many labels; without any it chooses everything."""

    __slots__ = ("_selectors", "all")

    def __init__(self, selectors: object) -> None:
        listed = selectors if isinstance(selectors, (list, tuple)) else ()
        self.all = not listed
        self._selectors = [found for found in map(requirements, listed) if found is not None]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and (self.all, self._selectors) == (other.all, other._selectors)

    def __hash__(self) -> int:
        return hash((self.all, len(self._selectors)))

    def chooses(self, labels: Mapping[str, str]) -> bool:
        """Whether any of the selectors matches, as any_matches says it."""
        return self.all or any(all(each.holds(labels) for each in selector) for selector in self._selectors)


def selector_errors(selector: object) -> list[SelectorError]:
    """All reasons why Kubernetes would not convert this selector."""
    return list(_errors(selector))


def readable(selectors: object) -> bool:
    """Whether every selector of a list converts; an unset list does."""
    listed = selectors if isinstance(selectors, (list, tuple)) else () if selectors is None else (selectors,)
    return all(requirements(selector) is not None for selector in listed)


def _errors(selector: object) -> Iterator[SelectorError]:
    if not isinstance(selector, Mapping):
        yield SelectorError("", selector, "must be an object")
        return
    labels = selector.get("matchLabels")
    if labels is not None and not isinstance(labels, Mapping):
        yield SelectorError("matchLabels", labels, "must be an object")
    elif labels:
        for key, value in labels.items():
            yield from _named("matchLabels", key, label_key_error(key))
            yield from _named(f"matchLabels.{key}", value, label_value_error(value))
    expressions = selector.get("matchExpressions")
    if expressions is not None and not isinstance(expressions, (list, tuple)):
        yield SelectorError("matchExpressions", expressions, "must be a list")
    elif expressions:
        for index, expression in enumerate(expressions):
            yield from _expression_errors(f"matchExpressions[{index}]", expression)


def _expression_errors(path: str, expression: object) -> Iterator[SelectorError]:
    if not isinstance(expression, Mapping):
        yield SelectorError(path, expression, "must be an object")
        return
    key, operator, values = expression.get("key"), expression.get("operator"), expression.get("values")
    yield from _named(f"{path}.key", key, label_key_error(key))
    if operator not in OPERATORS:
        yield SelectorError(f"{path}.operator", operator, f"must be one of {', '.join(OPERATORS)}")
    elif values is not None and not isinstance(values, (list, tuple)):
        yield SelectorError(f"{path}.values", values, "must be a list")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield SelectorError(f"{path}.values", values, f"must be empty for {operator}")
    elif operator in ("In", "NotIn") and not values:
        yield SelectorError(f"{path}.values", values, f"must name at least one value for {operator}")
    elif values:
        for index, value in enumerate(values):
            yield from _named(f"{path}.values[{index}]", value, label_value_error(value))


def _named(path: str, value: object, error: str) -> Iterator[SelectorError]:
    if error:
        yield SelectorError(path, value, error)
