"""How the value of a field looks in a form: which widget, and the text that stands for the value."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from clusters.editing.selector_text import read_selectors, write_selectors
from intent.kinds import Field

Shape = Literal[
    "text", "number", "tick", "choice", "secret", "lines", "selectors", "selector", "rows", "parts", "fixed"
]
UNSET: Final[Any] = object()  # not in the manifest, which null is
MOST_ROWS = 200
_NUMBER = re.compile(r"[-+]?\d{1,20}", re.ASCII)
_SELECTOR = {"matchExpressions", "matchLabels"}


def shape_of(field: Field) -> Shape:
    """The widget of a field; `fixed` for what only YAML can say."""
    if field.secret:
        return "secret"
    if field.type == "array":
        return "fixed" if field.items is None else _of_items(field.items)
    if field.type == "object":
        return "selector" if _is_selector(field) else "parts" if field.properties else "fixed"
    plain: dict[str, Shape] = {"boolean": "tick", "integer": "number"}
    return plain.get(field.type, "choice" if field.enum else "text")


def _of_items(items: Field) -> Shape:
    if _is_selector(items):
        return "selectors"
    return "lines" if items.type == "string" else "rows" if items.properties else "fixed"


def _is_selector(field: Field) -> bool:
    return {part.name for part in field.properties} == _SELECTOR


def written(shape: Shape, value: Any) -> str | None:
    """The text of a value, "" for none; None if there is no text that means just this value."""
    if value is UNSET or value is None:
        return ""
    if shape == "lines":
        return "\n".join(value) if _is_list_of_lines(value) else None
    if shape == "selectors":
        return write_selectors(value)
    if shape == "selector":
        return write_selectors([value])
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _is_list_of_lines(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, str) and item == item.strip() and len(item.splitlines()) == 1 for item in value
    )


def is_shown_as_rows(field: Field, value: Any) -> bool:
    """Whether a list can be edited row by row, each of its entries being what the field says."""
    if value is UNSET or value is None:
        return True
    if not isinstance(value, list) or len(value) > MOST_ROWS or field.items is None:
        return False
    if not field.items.properties:
        return all(isinstance(item, str) for item in value)
    return all(
        isinstance(item, dict)
        and all(written(shape_of(part), item.get(part.name)) is not None for part in field.items.properties)
        for item in value
    )


def read(field: Field, shape: Shape, text: str) -> Any:
    """The value that a text means, UNSET for an empty one. Raises ValueError for a selector that cannot be read."""
    if not text.strip():
        return UNSET
    if shape == "lines":
        return lines(text) or UNSET
    if shape == "selectors":
        return read_selectors(text)
    if shape == "selector":
        found = read_selectors(text)
        if len(found) != 1:
            raise ValueError("one selector is expected, in one line")
        return found[0]
    text = text.strip()
    return int(text) if field.type == "integer" and _NUMBER.fullmatch(text) else text


def lines(text: str) -> list[str]:
    """The lines that say something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def same_text(typed: str, shown: str, shape: Shape) -> bool:
    """Whether a browser sent back what it was given: inputs drop line ends, textareas rewrite them."""
    if shape in {"lines", "selectors"}:
        return _unix(typed).rstrip("\n") == _unix(shown).rstrip("\n")
    return _flat(typed) == _flat(shown)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _flat(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")
