"""YAML from outside as plain data: a stream's documents, each read by itself, with the scalars of Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

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


def read_yaml(raw: bytes) -> list[Any]:
    """The values of a YAML stream's documents. Raises UnreadableError."""
    return [document.value for document in read_documents(raw)]


def read_documents(raw: bytes, *, largest: int = LARGEST["yaml"], most: int = MOST_VALUES) -> list[Document]:
    """The documents of a YAML stream, with the scalars that Kubernetes reads: no dates, no sexagesimal numbers.

    Raises UnreadableError. Aliases are resolved, and counted as if they were written out. largest: bytes; most: values.
    """
    found = []
    for one in read_each(raw, largest=largest, most=most):
        if isinstance(one, Unread):
            raise one.error
        found.append(one)
    return found


@dataclass(frozen=True, slots=True)
class Unread:
    """A document that cannot be read. line: where, or else where it begins."""

    line: int
    error: UnreadableError


def read_each(raw: bytes, *, largest: int = LARGEST["yaml"], most: int = MOST_VALUES) -> Iterator[Document | Unread]:
    """The same, each document read by itself. Raises UnreadableError for what concerns all of the stream."""
    values = 0
    for line, part in _parts(decoded(raw, largest)):
        reader = _Reader(part, line, most, values)
        try:
            for document in reader.documents():
                check(document.value, most)
                yield document
        except _BeyondError:
            raise
        except UnreadableError as error:
            yield Unread(error.line or line, error)
        except yaml.MarkedYAMLError as error:
            where = reader.line(error.problem_mark)
            yield Unread(where or line, UnreadableError(f"{error.problem or 'not YAML'}{_named(where)}"))
        except yaml.YAMLError:
            yield Unread(line, UnreadableError("characters that YAML does not allow"))
        values = reader.values


class _BeyondError(UnreadableError):
    """The stream has more values than are taken."""


_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what libyaml counts as the end of a line
# No document holds a line that begins with three dashes (YAML 1.2, 9.1.2); directives belong to the next one.
_BEGIN = re.compile(r"^(?:%.*\n(?:[ \t]*(?:#.*)?\r?\n)*)*---(?=\s|\Z)", re.MULTILINE)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The text of each document, and the line that it begins on."""
    line, start = 1, 0
    for end in [match.start() for match in _BEGIN.finditer(text)] + [len(text)]:
        if end > start:
            part = text[start:end]
            yield line, part
            line, start = line + len(_BREAK.findall(part)), end


_TRUE = re.compile(r"true|True|TRUE|yes|Yes|YES|on|On|ON")
_FALSE = re.compile(r"false|False|FALSE|no|No|NO|off|Off|OFF")
_SCALARS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"null|Null|NULL|~|"), lambda text: None),
    (_TRUE, lambda text: True),
    (_FALSE, lambda text: False),
    (re.compile(r"[-+]?0[0-7]+"), lambda text: int(text, 8)),
    (re.compile(r"[-+]?(0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|0|[1-9][0-9_]*)"), lambda text: int(text.replace("_", ""), 0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), no_constant),
)
_STRING = "tag:yaml.org,2002:str"
_TAGS = {_STRING, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"}


def is_text(scalar: str) -> bool:
    """Whether Kubernetes reads a scalar without quotes as the text that it is, and not as a number or the like."""
    return not any(form.fullmatch(scalar) for form, _ in _SCALARS)


class _Mark(Protocol):
    """A place in the text, as PyYAML and libyaml have it."""

    line: int


class _Reader:
    """Builds values from libyaml's events; it recurses no deeper than DEEPEST and stops at the most values."""

    def __init__(self, text: str, first: int, most: int, before: int) -> None:
        self.first = first  # line of the stream that the text begins on
        self.most = most
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.opened: list[str | None] = []  # anchors of what is being read, the outermost first
        self.lines: dict[int, list[int]] = {}
        self.values = before  # of the stream so far

    def line(self, mark: _Mark | None) -> int:
        """The line of the stream, from 1; 0 = not known."""
        return mark.line + self.first if mark else 0

    def documents(self) -> Iterator[Document]:
        """Each document, empty ones left out."""
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors.clear()
                self.lines = {}
                first = next(self.events)
                value = self._value(first, 0)
                if value is not None:
                    yield Document(value, self.line(first.start_mark), self.lines)

    def _value(self, event: yaml.Event, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._count(1)
        if depth > DEEPEST:
            raise UnreadableError(f"more than {DEEPEST} levels deep{self._at(event)}")
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in _TAGS:
            raise UnreadableError(f"the tag {tag[:60]!r} is not known{self._at(event)}")
        before, anchor = self.values, getattr(event, "anchor", None)
        self.opened.append(anchor)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(depth)
        else:
            value = self._mapping(depth)
        self.opened.pop()
        if anchor is not None:
            self.anchors[anchor] = value, self.values - before + 1
        return value

    def _sequence(self, depth: int) -> list[Any]:
        values: list[Any] = []
        lines = self.lines[id(values)] = []
        for event in self._until(yaml.SequenceEndEvent):
            lines.append(self.line(event.start_mark))
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = event.value if isinstance(event, yaml.ScalarEvent) else self._value(event, depth + 1)
            if not isinstance(key, str) or key == "<<":
                raise UnreadableError(f"a name must be a plain text{self._at(event)}")
            if key in found:
                raise UnreadableError(f"{key[:60]!r} is given twice{self._at(event)}")
            found[key] = self._value(next(self.events), depth + 1)
        return found

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self.events:
            if isinstance(event, end):
                return
            yield event

    def _alias(self, event: yaml.AliasEvent) -> Any:
        if event.anchor is None or event.anchor not in self.anchors:
            name = str(event.anchor)[:60]
            if name in self.opened:
                told = f"the alias *{name} stands in what &{name} itself names, which would have no end"
                raise UnreadableError(f"{told}{self._at(event)}")
            raise UnreadableError(f"the alias *{name} has no anchor &{name} before it{self._at(event)}")
        value, size = self.anchors[event.anchor]
        self._count(size, self.line(event.start_mark))
        return value

    def _count(self, values: int, line: int = 0) -> None:
        self.values += values
        if self.values > self.most:
            raise _BeyondError(f"more than {self.most} values{_named(line)}")

    def _at(self, event: yaml.Event) -> str:
        return _named(self.line(event.start_mark))

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if not (event.implicit and event.implicit[0]) or event.tag == _STRING:
            return event.value
        try:
            return next((read(event.value) for form, read in _SCALARS if form.fullmatch(event.value)), event.value)
        except ValueError as error:
            raise UnreadableError(f"{event.value[:60]!r} is no number that is taken{self._at(event)}") from error


def _named(line: int) -> str:
    return f" (line {line})" if line else ""
