"""Words for people: ages, instants, and state names. The browser ticks ages with the same words (static/js/app.js)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

TEXT_LIMIT = 300
_DIGITS = 10**9  # from here on a power of two says more

HEALTH_WORDS = {
    "up": "up",
    "degraded": "degraded",
    "down": "down",
    "absent": "absent",
    "unknown": "unknown",
    "late": "not answered",
    "orphan": "not intended",
}
SYNC_WORDS = {
    "in_sync": "in sync",
    "pending": "pending",
    "rejected": "rejected",
    "conflict": "conflict",
    "deleting": "deleting",
}
MODE_WORDS = {"frr": "FRR", "frr-k8s": "FRR-K8s", "native": "native BGP"}
DEFAULT_VRF = "default"


def age_words(age: timedelta, *, short: bool = False) -> str:
    """An age as "48 s", "6 min", "2 h 14 min" (short: "2 h") or "9 d"; never negative."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        hours, minutes = seconds // 3600, seconds % 3600 // 60
        return f"{hours} h {minutes} min" if minutes and not short else f"{hours} h"
    return f"{seconds // 86400} d"


def duration_words(length: timedelta) -> str:
    """A length of time to the second, "4 min 10 s", from an hour on to the minute."""
    seconds = max(0, int(length.total_seconds()))
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return " ".join([*([f"{minutes} min"] if minutes else []), *([f"{rest} s"] if rest or not minutes else [])])
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def utc_words(at: datetime) -> str:
    """An instant as "2026-11-23 02:41:07 UTC"."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def before_words(at: datetime) -> str:
    """Since when something is so that nobody saw begin."""
    return f"before {utc_words(at)}; it began before bgpui looked"


def utc_stamp(at: datetime) -> str:
    """An instant for machines, "2026-11-23T02:41:07Z"."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def names_field(message: str, field: str) -> bool:
    """Whether a message begins with the name of the field that it is about, which is then not put before it."""
    return message.startswith(f"{field.removeprefix('spec.')} ")


def with_article(noun: str) -> str:
    """A noun or kind with its article: "a BGPPeer", "an IPAddressPool"."""
    return f"{'an' if noun[:1] in 'AEIOUaeiou' else 'a'} {noun}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number and its noun: "1 session", "1,204 sessions"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def amount(number: int) -> str:
    """ "65,536"; large ones as a power of two: "2^64", "about 2^63.5"."""
    if number < _DIGITS:
        return f"{number:,}"
    exponent = round(math.log2(number), 1)
    text = f"2^{exponent:g}"
    return text if exponent.is_integer() and number == 1 << int(exponent) else f"about {text}"


def listed(names: Sequence[str], most: int, unnamed: int = 0) -> str:
    """The first names, and how many more there are; unnamed: how many are not among the names."""
    more = max(0, len(names) - most) + unnamed
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def bounded(value: object, limit: int = TEXT_LIMIT) -> str:
    """A text from the cluster or a peer as one line that cannot flood a page; control characters are dropped.

    What is cut ends with a whole word, unless that would cost much of it.
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value)[: limit * 4]).split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    whole = cut if text[limit - 1] == " " else cut.rpartition(" ")[0]
    return (whole if len(whole) > limit * 2 // 3 else cut).rstrip(" ,;:") + "…"
