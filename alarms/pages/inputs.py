"""Inputs of the forms: how each is shown, and what of a POST it is for REST's serializers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict

from alarms.matchers import matchers_of, parse

_TEXT = 4000


class UnreadableError(Exception):
    """An input that cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input. secret: never shown, and left alone if it is empty; only: the kinds that have a use for it."""

    name: str
    label: str
    hint: str = ""
    required: bool = False
    secret: bool = False
    only: str = ""
    widget = "text"

    def shown(self, value: Any) -> Any:
        """The value of a row as the input has it."""
        return "" if value is None else value

    def read(self, post: QueryDict) -> Any:
        """What was typed. Raises UnreadableError."""
        return post.get(self.name, "").strip()[:_TEXT]

    def given(self, post: QueryDict) -> dict[str, Any]:
        """The same by its name; nothing for what is left alone."""
        value = self.read(post)
        return {} if self.secret and not value else {self.name: value}


@dataclass(frozen=True, slots=True)
class Number(Input):
    """A whole number."""

    widget = "number"

    def given(self, post: QueryDict) -> dict[str, Any]:
        """Nothing for an empty input: the default counts."""
        return {self.name: value} if (value := self.read(post)) else {}


@dataclass(frozen=True, slots=True)
class Tick(Input):
    """Yes or no."""

    widget = "tick"

    def read(self, post: QueryDict) -> bool:
        """Whether it is ticked."""
        return self.name in post


@dataclass(frozen=True, slots=True)
class Select(Input):
    """One of a few."""

    choices: tuple[tuple[str, str], ...] = ()
    widget = "select"


@dataclass(frozen=True, slots=True)
class Names(Input):
    """Several words."""

    widget = "text"

    def shown(self, value: Any) -> str:
        """In one line."""
        return ", ".join(map(str, value or ()))

    def read(self, post: QueryDict) -> list[str]:
        """Each of them."""
        return post.get(self.name, "")[:_TEXT].replace(",", " ").split()


@dataclass(frozen=True, slots=True)
class Matchers(Input):
    """A matcher a line."""

    widget = "area"

    def shown(self, value: Any) -> str:
        """As they are typed."""
        return "\n".join(map(str, matchers_of(value or ())))

    def read(self, post: QueryDict) -> list[dict[str, str]]:
        """Each of them. Raises UnreadableError."""
        lines = [line.strip() for line in post.get(self.name, "")[:_TEXT].splitlines()]
        try:
            found = [parse(line) for line in lines if line]
        except ValueError as error:
            raise UnreadableError(str(error)) from error
        return [{"name": one.name, "op": one.op, "value": one.value} for one in found]


@dataclass(frozen=True, slots=True)
class Moment(Input):
    """A time, UTC."""

    widget = "datetime-local"

    def shown(self, value: datetime | str | None) -> str:
        """As the browser's input has it."""
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else (value or "").rstrip("Z")

    def read(self, post: QueryDict) -> str | None:
        """The time, None = none."""
        text = post.get(self.name, "").strip()[:30]
        return f"{text}Z" if text and not text.endswith("Z") else text or None


@dataclass(frozen=True, slots=True)
class Clock(Input):
    """A time of day."""

    widget = "time"

    def shown(self, value: Any) -> str:
        """Hours and minutes."""
        return f"{value:%H:%M}" if hasattr(value, "hour") else value or ""

    def read(self, post: QueryDict) -> str | None:
        """The time, None = none."""
        return post.get(self.name, "").strip()[:20] or None


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Days(Input):
    """Days of the week."""

    widget = "days"

    def shown(self, value: Any) -> list[tuple[int, str, bool]]:
        """All of them, and which are meant."""
        return [(index, day, index in (value or ())) for index, day in enumerate(DAYS)]

    def read(self, post: QueryDict) -> list[int]:
        """Those that are ticked."""
        return [int(day) for day in post.getlist(self.name) if day.isascii() and day.isdigit() and len(day) == 1]


def faults_of(errors: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with each input, as one text."""
    return {name: " ".join(_texts(inner)) for name, inner in errors.items()}


def _texts(errors: Any) -> list[str]:
    if isinstance(errors, Mapping):
        return [text for inner in errors.values() for text in _texts(inner)]
    if isinstance(errors, list | tuple):
        return [text for inner in errors for text in _texts(inner)]
    return [str(errors)]
