"""What Review pages ask to be confirmed, and what they send of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.http import QueryDict

from intent.confirmations import Confirmation, confirmation_of, unconfirmed

TICK = "Nothing was saved: tick below that this is meant."
_MOST, _CODE = 50, 100


def accept_posted(post: QueryDict) -> list[str]:
    """The codes of rules that are acknowledged, and of what is confirmed."""
    return [code[:_CODE] for code in post.getlist("accept")[:_MOST]]


def asked(needed: Iterable[Confirmation], accept: Collection[str]) -> list[tuple[Confirmation, bool]]:
    """For `resources/confirm.html`: what has to be confirmed, and whether it is."""
    return [(one, not unconfirmed([one], accept)) for one in needed]


def plain_codes(accept: Iterable[str]) -> list[str]:
    """The codes of rules alone; what is confirmed has boxes of its own."""
    return [code for code in accept if confirmation_of(code) is None]
