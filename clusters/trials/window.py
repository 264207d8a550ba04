"""How long a change is on trial."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import QueryDict

from intent.durations import parse_duration

SHORTEST, LONGEST = timedelta(seconds=30), timedelta(hours=24)
OFFERED = (("2m", "2 min"), ("5m", "5 min"), ("15m", "15 min"), ("60m", "1 h"))  # on pages
_TEXT = 20  # characters
_NAME = "safe_apply"
_TOLD = "must be from 30s to 24h"


class WindowError(Exception):
    """A text that is no window; the error's text is a sentence."""


def window_of(text: str) -> timedelta | None:
    """The window that a text means, None for an empty one. Raises WindowError."""
    if not text:
        return None
    try:
        window = parse_duration(text)
    except ValueError as error:
        raise WindowError(f"{_NAME} {error}.") from error
    if not SHORTEST <= window <= LONGEST:
        raise WindowError(f"{_NAME} {_TOLD}.")
    return window


def window_posted(post: QueryDict) -> timedelta | None:
    """What a page asks for. Raises WindowError."""
    return window_of(post.get("safe_apply", "")[:_TEXT])


def window_context(post: QueryDict) -> dict[str, Any]:
    """For `trials/choose.html`: what is offered, and what is chosen."""
    return {"windows": OFFERED, "safe_apply": post.get("safe_apply", "")[:_TEXT]}
