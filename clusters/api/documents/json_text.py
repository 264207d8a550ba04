"""JSON from outside as plain data (RFC 8259), with the lines of its lists."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from clusters.api.documents.bounds import (
    DEEPEST,
    LARGEST,
    MOST_VALUES,
    Document,
    UnreadableError,
    check,
    decoded,
    no_constant,
)

_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}\n]')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},\n]|[^\s\[\]{},":]+')


def read_json(raw: bytes, *, largest: int = LARGEST["json"], most: int = MOST_VALUES) -> Any:
    """A JSON text (RFC 8259), no name twice, no number that JSON cannot hold. Raises UnreadableError.

    largest: bytes; most: values.
    """
    try:
        data = json.loads(decoded(raw, largest), object_pairs_hook=_object, parse_constant=no_constant)
    except RecursionError as error:
        raise UnreadableError(f"more than {DEEPEST} levels deep{_too_deep(raw)}") from error
    except ValueError as error:
        raise UnreadableError(str(error)) from error
    check(data, most, lambda: _too_deep(raw))
    return data


def json_document(raw: bytes, *, largest: int = LARGEST["json"], most: int = MOST_VALUES) -> Document:
    """A JSON text as one document, with the lines of the entries of its lists. Raises UnreadableError."""
    value = read_json(raw, largest=largest, most=most)
    line, lists = _json_lines(raw)
    waiting, places = [value], iter(lists)
    lines: dict[int, Sequence[int]] = {}
    while waiting:  # lists are met in the order in which the text opens them
        found = waiting.pop()
        if isinstance(found, list):
            lines[id(found)] = next(places)
            waiting += reversed(found)
        elif isinstance(found, dict):
            waiting += reversed(found.values())
    return Document(value, line, lines)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableError(f"{twice!r} is given twice")
    return found


def _json_lines(raw: bytes) -> tuple[int, list[list[int]]]:
    """The line that a JSON text begins on, and those of the entries of each of its lists, as they are opened."""
    line, begins, lists, open_ones, fresh = 1, 0, list[list[int]](), list[list[int] | None](), False
    for token in _TOKEN.findall(raw):
        if token == b"\n":
            line += 1
        elif token == b",":
            fresh = True
        elif token in b"]}":
            open_ones.pop()
            fresh = False
        else:
            begins = begins or line
            if fresh and open_ones and (entries := open_ones[-1]) is not None:
                entries.append(line)
            fresh = token == b"["
            if token in b"[{":
                open_ones.append([] if fresh else None)
                lists += [entries] if (entries := open_ones[-1]) is not None else []
    return begins or 1, lists


def _too_deep(raw: bytes) -> str:
    """Where a JSON text first opens more levels than are taken."""
    depth, line = 0, 1
    for token in _NESTING.findall(raw):
        line += token == b"\n"
        depth += (token in b"[{") - (token in b"]}")
        if depth > DEEPEST:
            return f" (line {line})"
    return ""
