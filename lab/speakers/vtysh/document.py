"""JSON as FRR prints it (json-c's pretty form), kept as a template in which only what the clock moves is left open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Live:
    """A value that the clock moves: a name that Template.fill looks up. quoted: it is a text."""

    name: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """compact_empty: `{}` for empty objects, else `{`, line end, `}`. escape_slash: `\\/` for `/`, as in neighbours."""

    compact_empty: bool = True
    escape_slash: bool = False


def write(value: Any, style: Style, level: int = 0) -> str:
    """The value as a %-template: its text, with Live values as %(name)s and every other % doubled."""
    if type(value) is dict:
        items = [f"{_name(key, style)}:{write(item, style, level + 1)}" for key, item in value.items()]
        return _block("{", items, "}", style, level)
    if type(value) is list:
        return _block("[", [write(item, style, level + 1) for item in value], "]", style, level)
    if type(value) is Live:
        return f'"%({value.name})s"' if value.quoted else f"%({value.name})s"
    return str(value) if type(value) is int else _text(value, style)


@lru_cache(4096)
def _name(key: str, style: Style) -> str:
    return _text(key, style)


def document(value: Any, style: Style) -> str:
    """The whole answer to a command: one value without Live parts, ended with a line end."""
    return write(value, style) % {} + "\n"


def _block(opening: str, items: list[str], closing: str, style: Style, level: int) -> str:
    if not items:
        return opening + closing if style.compact_empty else f"{opening}\n{'  ' * level}{closing}"
    indent = "  " * (level + 1)
    body = f",\n{indent}".join(items)
    return f"{opening}\n{indent}{body}\n{'  ' * level}{closing}"


def _text(value: Any, style: Style) -> str:
    text = msgspec.json.encode(value).decode().replace("%", "%%")
    return text.replace("/", "\\/") if style.escape_slash and isinstance(value, str) else text
