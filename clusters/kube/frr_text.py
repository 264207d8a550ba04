"""FRR's configuration as text, without the secrets in it."""

from __future__ import annotations

import re
from typing import Any

MASK = "********"
# `neighbor A password` and vty passwords; keys of the other daemons, which a hand-written configuration may hold.
_SECRET = re.compile(
    r"(?P<label>\b(?:password|key-string|message-digest-key\s+\d+\s+md5|authentication-key|enable\s+secret)"
    r"(?:\s+(?:md5|clear|encrypted|7|8|0))?[ \t]+)(?P<value>[^\r\n]+)",
    re.IGNORECASE,
)
# The same as a field: JSON in a log line, or a Go structure as %+v prints it.
_FIELD = re.compile(r'(?P<label>\bpassword\\?"?\s*[:=]\s*\\?"?)(?P<value>[^"\\\s,}]+)', re.IGNORECASE)


def masked(text: str) -> str:
    """The text with MASK for what follows the word password, and the other words that secrets follow."""
    return _FIELD.sub(_hide, _SECRET.sub(_hide, text))


def _hide(match: re.Match[str]) -> str:
    return match["label"] + MASK


def mask_inside(value: Any) -> Any:
    """Mask every text in a JSON value, in place; returns the value."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        value |= {key: mask_inside(inner) for key, inner in value.items()}
    elif isinstance(value, list):
        value[:] = [mask_inside(inner) for inner in value]
    return value
