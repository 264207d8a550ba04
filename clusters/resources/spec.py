"""A spec as lines to read: every field that is set, with its own words for selectors, lists and communities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.editing.shapes import shape_of, written
from clusters.resources.uses import Use
from clusters.templatetags.words import shown
from intent.kinds import Field

_LINES = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A value of a field. meaning: what it stands for; href: the page of the object that it names; "" = neither.

    is_missing: it names an object that there is not.
    """

    text: str
    meaning: str = ""
    href: str = ""
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A field that is set: its path, what it is, its lines, and how many more there are."""

    path: str
    description: str
    lines: tuple[Line, ...]
    more: int


def entries(
    fields: tuple[Field, ...], spec: Mapping[str, Any], meanings: Mapping[str, str], named: Mapping[str, Use]
) -> list[Entry]:
    """What a spec says. meanings: of values; named: by path, as `intent.references` writes it ("spec.x[0]")."""
    return list(_entries(fields, spec, "", meanings, named))


def _entries(
    fields: tuple[Field, ...], spec: Mapping[str, Any], path: str, meanings: Mapping[str, str], named: Mapping[str, Use]
) -> Iterator[Entry]:
    for field in fields:
        if field.name not in spec or field.secret:
            continue
        value, at = spec[field.name], f"{path}{field.name}"
        if shape_of(field) == "parts" and isinstance(value, Mapping) and value:
            yield from _entries(field.properties, value, f"{at}.", meanings, named)
            continue
        texts = list(_texts(field, value))
        is_list = isinstance(value, list)
        found = [
            _line(text, meanings, named.get(f"spec.{at}[{index}]" if is_list else f"spec.{at}"))
            for index, text in enumerate(texts[:_LINES])
        ]
        yield Entry(at, field.description, tuple(found), max(0, len(texts) - _LINES))


def _line(text: str, meanings: Mapping[str, str], use: Use | None) -> Line:
    meaning = meanings.get(text.rpartition(" = ")[2], "")
    return Line(text, meaning) if use is None else Line(text, meaning, use.href, use.is_missing)


def _texts(field: Field, value: Any) -> Iterator[str]:
    shape = shape_of(field)
    if shape in {"lines", "selectors"} and isinstance(value, list):
        text = written(shape, value)
        yield from text.splitlines() if text else [shown(item) for item in value] if value else ["none"]
    elif shape == "rows" and isinstance(value, list) and field.items is not None:
        for item in value:
            yield _row(field.items, item)
    else:
        text = written(shape, value) if shape == "selector" else None
        yield shown(value) if text is None else text


def _row(items: Field, item: Any) -> str:
    if not isinstance(item, Mapping):
        return shown(item)
    parts = []
    for part in items.properties:
        if part.name in item:
            text = written(shape_of(part), item[part.name])
            parts.append(shown(item[part.name]) if text is None else text)
    return " = ".join(parts)
