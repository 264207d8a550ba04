"""JSON and YAML from outside as plain data, bounded in size, depth and number, and safe to write out again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST = {"json": 2 * 1024 * 1024, "yaml": 256 * 1024}  # bytes
DEEPEST = 64
MOST_VALUES = 100_000
_NAMED_LINE = re.compile(r"\bline (\d{1,9})\b")
_JSON_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}\n]')
_JSON_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},\n]|[^\s\[\]{},":]+')
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")  # no database keeps these in a text


class UnreadableError(ValueError):
    """The text is not a document that is taken; the message says why and where. line: of it, 0 = not known."""

    @property
    def line(self) -> int:
        """The line that the message names."""
        named = _NAMED_LINE.search(str(self))
        return int(named[1]) if named else 0


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream, and the line that it begins on, from 1; 0 = not known.

    lines: where the entries of each list begin, by id() of that list.
    """

    value: Any
    line: int
    lines: Mapping[int, Sequence[int]] = field(default_factory=dict)


def read_json(raw: bytes, *, largest: int = LARGEST["json"], most: int = MOST_VALUES) -> Any:
    """A JSON text (RFC 8259), no name twice, no number that JSON cannot hold. Raises UnreadableError.

    largest: bytes; most: values.
    """
    try:
        data = json.loads(_text(raw, largest), object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError as error:
        raise UnreadableError(f"more than {DEEPEST} levels deep{_too_deep(raw)}") from error
    except ValueError as error:
        raise UnreadableError(str(error)) from error
    _check(data, most, raw)
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


def read_yaml(raw: bytes) -> list[Any]:
    """The values of a YAML stream's documents. Raises UnreadableError."""
    return [document.value for document in read_documents(raw)]


def read_documents(raw: bytes, *, largest: int = LARGEST["yaml"], most: int = MOST_VALUES) -> list[Document]:
    """The documents of a YAML stream, with the scalars that Kubernetes reads: no dates, no sexagesimal numbers.

    Raises UnreadableError. Aliases are resolved, and counted as if they were written out. largest: bytes; most: values.
    """
    text = _text(raw, largest)
    try:
        documents = list(_Reader(text, most).documents())
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise UnreadableError(f"{error.problem or 'not YAML'}{where}") from error
    except yaml.YAMLError as error:
        raise UnreadableError("characters that YAML does not allow") from error
    _check([document.value for document in documents], most)
    return documents


def _text(raw: bytes, largest: int) -> str:
    if len(raw) > largest:
        raise UnreadableError(f"more than {largest // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("not UTF-8") from error


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
    for token in _JSON_TOKEN.findall(raw):
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


def _no_constant(name: str) -> None:
    raise UnreadableError(f"{name} is not JSON")


def _too_deep(raw: bytes) -> str:
    """Where a JSON text first opens more levels than are taken."""
    depth, line = 0, 1
    for token in _JSON_NESTING.findall(raw):
        line += token == b"\n"
        depth += (token in b"[{") - (token in b"]}")
        if depth > DEEPEST:
            return f" (line {line})"
    return ""


def _check(data: Any, most: int, raw: bytes = b"") -> None:
    waiting, seen = [(data, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST:
            raise UnreadableError(f"more than {DEEPEST} levels deep{_too_deep(raw)}")
        if seen > most:
            raise UnreadableError(f"more than {most} values")
        if isinstance(value, dict):
            waiting += [(inner, depth + 1) for pair in value.items() for inner in pair]
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]
        elif isinstance(value, str) and _FORBIDDEN.search(value):
            raise UnreadableError("a text holds a NUL or half a surrogate pair")
        elif isinstance(value, float) and not math.isfinite(value):
            raise UnreadableError("a number is larger than JSON can hold")


_TRUE = re.compile(r"true|True|TRUE|yes|Yes|YES|on|On|ON")
_FALSE = re.compile(r"false|False|FALSE|no|No|NO|off|Off|OFF")
_SCALARS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"null|Null|NULL|~|"), lambda text: None),
    (_TRUE, lambda text: True),
    (_FALSE, lambda text: False),
    (re.compile(r"[-+]?0[0-7]+"), lambda text: int(text, 8)),
    (re.compile(r"[-+]?(0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|0|[1-9][0-9_]*)"), lambda text: int(text.replace("_", ""), 0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), _no_constant),
)
_STRING = "tag:yaml.org,2002:str"
_TAGS = {_STRING, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"}


def is_text(scalar: str) -> bool:
    """Whether Kubernetes reads a scalar without quotes as the text that it is, and not as a number or the like."""
    return not any(form.fullmatch(scalar) for form, _ in _SCALARS)


class _Reader:
    """Builds values from libyaml's events; it recurses no deeper than DEEPEST and stops at the most values."""

    def __init__(self, text: str, most: int) -> None:
        self.most = most
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.lines: dict[int, list[int]] = {}
        self.values = 0

    def documents(self) -> Iterator[Document]:
        """Each document, empty ones left out."""
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors.clear()
                self.lines = {}
                first = next(self.events)
                value = self._value(first, 0)
                if value is not None:
                    yield Document(value, first.start_mark.line + 1 if first.start_mark else 0, self.lines)

    def _value(self, event: yaml.Event, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._count(1)
        if depth > DEEPEST:
            raise UnreadableError(f"more than {DEEPEST} levels deep{_line(event)}")
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in _TAGS:
            raise UnreadableError(f"the tag {tag[:60]!r} is not known{_line(event)}")
        before = self.values
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(depth)
        else:
            value = self._mapping(depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self.anchors[anchor] = value, self.values - before + 1
        return value

    def _sequence(self, depth: int) -> list[Any]:
        values: list[Any] = []
        lines = self.lines[id(values)] = []
        for event in self._until(yaml.SequenceEndEvent):
            lines.append(event.start_mark.line + 1 if event.start_mark else 0)
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = event.value if isinstance(event, yaml.ScalarEvent) else self._value(event, depth + 1)
            if not isinstance(key, str) or key == "<<":
                raise UnreadableError(f"a name must be a plain text{_line(event)}")
            if key in found:
                raise UnreadableError(f"{key[:60]!r} is given twice{_line(event)}")
            found[key] = self._value(next(self.events), depth + 1)
        return found

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self.events:
            if isinstance(event, end):
                return
            yield event

    def _alias(self, event: yaml.AliasEvent) -> Any:
        if event.anchor is None or event.anchor not in self.anchors:
            raise UnreadableError(f"an alias has no anchor before it{_line(event)}")
        value, size = self.anchors[event.anchor]
        self._count(size, event.start_mark.line + 1 if event.start_mark else 0)
        return value

    def _count(self, values: int, line: int = 0) -> None:
        self.values += values
        if self.values > self.most:
            raise UnreadableError(f"more than {self.most} values{f' (line {line})' if line else ''}")


def _line(event: yaml.Event) -> str:
    return f" (line {event.start_mark.line + 1})" if event.start_mark else ""


def _scalar(event: yaml.ScalarEvent) -> Any:
    if not (event.implicit and event.implicit[0]) or event.tag == _STRING:
        return event.value
    try:
        return next((read(event.value) for form, read in _SCALARS if form.fullmatch(event.value)), event.value)
    except ValueError as error:
        raise UnreadableError(f"{event.value[:60]!r} is no number that is taken{_line(event)}") from error
