"""Lists in any kind: selectors that convert, and nothing twice."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from intent.findings import Finding
from intent.kinds import Field
from intent.rules.subject import CONFIG, Subject
from intent.selectors import selector_errors
from intent.snapshot import mapping

_MANY = 100  # selectors of one list that are looked into
_LISTS = {  # whose entries MetalLB compares with each other
    "BGPAdvertisement": ("ipAddressPools", "communities", "peers"),
    "L2Advertisement": ("ipAddressPools",),
}


def selectors(subject: Subject) -> Iterator[Finding]:
    """Every label selector of the spec: it must convert, and lists of them must hold none twice."""
    for path, value in _selectors(subject.spec, subject.fields, ""):
        entries = value if isinstance(value, list | tuple) else ()
        for index, selector in enumerate(entries[:_MANY]):
            yield from _unreadable(subject, f"{path}[{index}]", selector)
        yield from _repeated(subject, entries, path)
        if isinstance(value, Mapping):
            yield from _unreadable(subject, path, value)


def names(subject: Subject) -> Iterator[Finding]:
    """Lists of names, in which MetalLB allows nothing twice."""
    for name in _LISTS.get(subject.kind.kind, ()):
        yield from _twice(subject, name, subject.spec.get(name))


def namespaces(subject: Subject) -> Iterator[Finding]:
    """The namespaces of a pool, in which MetalLB allows nothing twice either."""
    allocation = mapping(subject.spec.get("serviceAllocation"))
    yield from _twice(subject, "serviceAllocation.namespaces", allocation.get("namespaces"))


def _twice(subject: Subject, path: str, value: object) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, entry in enumerate(value if isinstance(value, list | tuple) else ()):
        if isinstance(entry, str) and entry in seen:
            at, hint = f"{path}[{index}]", "Remove one of the two."
            message = f"{at} repeats another entry, which MetalLB refuses"
            yield subject.error("duplicate-entry", at, message, value=entry, source=CONFIG, hint=hint)
        elif isinstance(entry, str):
            seen.add(entry)


def _selectors(value: Mapping[str, Any], fields: tuple[Field, ...], path: str) -> Iterator[tuple[str, Any]]:
    for field in fields:
        inner, at = value.get(field.name), f"{path}{field.name}"
        if _is_selector(field) or (field.items is not None and _is_selector(field.items)):
            yield at, inner
        elif field.properties and isinstance(inner, Mapping):
            yield from _selectors(inner, field.properties, f"{at}.")
        elif field.items is not None and field.items.properties and isinstance(inner, list | tuple):
            for index, item in enumerate(inner[:_MANY]):
                yield from _selectors(mapping(item), field.items.properties, f"{at}[{index}].")


def _is_selector(field: Field) -> bool:
    return {"matchExpressions", "matchLabels"} == {inner.name for inner in field.properties}


def _unreadable(subject: Subject, path: str, selector: Any) -> Iterator[Finding]:
    for error in selector_errors(selector)[:20]:
        at = f"{path}.{error.path}" if error.path else path
        message, hint = f"{at} {error.message}", "Correct the selector; it must follow Kubernetes' label selectors."
        yield subject.error("selector-invalid", at, message, value=error.value, source=CONFIG, hint=hint)


def _repeated(subject: Subject, entries: Any, path: str) -> Iterator[Finding]:
    """Whatever stands twice: selectors, expressions in a selector, values in an expression."""
    seen: set[Hashable] = set()
    for index, selector in enumerate(entries):
        at = f"{path}[{index}]"
        if _seen(_sorted(selector), seen):
            yield _duplicate(subject, at, selector)
        expressions = mapping(selector).get("matchExpressions")
        known: set[Hashable] = set()
        for position, expression in enumerate(expressions if isinstance(expressions, list | tuple) else ()):
            inner = f"{at}.matchExpressions[{position}]"
            if _seen(_ordered(expression), known):
                yield _duplicate(subject, inner, expression)
            values = mapping(expression).get("values")
            if isinstance(values, list | tuple) and len({repr(value) for value in values}) < len(values):
                yield _duplicate(subject, f"{inner}.values", values)


def _sorted(selector: Any) -> Any:
    """A selector as MetalLB compares it: the values of expressions in order, what is empty left out."""
    if not isinstance(selector, Mapping):
        return selector
    expressions = selector.get("matchExpressions")
    listed = [_ordered(one) for one in expressions] if isinstance(expressions, list | tuple) else expressions
    return {"labels": selector.get("matchLabels") or {}, "expressions": listed or []}


def _ordered(expression: Any) -> Any:
    values = mapping(expression).get("values")
    return {**expression, "values": sorted(values, key=repr)} if isinstance(values, list | tuple) else expression


def _seen(value: Any, seen: set[Hashable]) -> bool:
    try:
        key = json.dumps(value, sort_keys=True, default=repr)
    except (TypeError, ValueError, RecursionError):  # keys of mixed types, or endless nesting; never equal to another
        return False
    before = key in seen
    seen.add(key)
    return before


def _duplicate(subject: Subject, path: str, value: Any) -> Finding:
    message, hint = f"{path} repeats another entry, which MetalLB refuses", "Remove one of the two."
    return subject.error("selector-duplicate", path, message, value=value, source=CONFIG, hint=hint)
