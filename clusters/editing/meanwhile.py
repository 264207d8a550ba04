"""In words, what others did to an object while it was edited."""

from __future__ import annotations

from clusters.editing.drafts import Draft
from clusters.words import listed
from intent.findings import shown

_NAMED = 6  # fields of each sort
_LENGTH = 60


def meanwhile(draft: Draft) -> str:
    """What follows others, and what both changed; "" if nobody else did anything."""
    parts = []
    if draft.followed:
        names = listed([diff.path for diff in draft.followed], _NAMED)
        parts.append(f"Others changed {names} meanwhile; your edit leaves that as they made it.")
    for field in draft.contested[:_NAMED]:
        was, now, wanted = (_value(side) for side in (field.base, field.theirs, field.mine))
        parts.append(f"{field.path} was changed by others too: it was {was}, it is {now} now, and you want {wanted}.")
    if len(draft.contested) > _NAMED:
        parts.append(f"So were {len(draft.contested) - _NAMED} more.")
    if draft.contested:
        parts.append("Apply writes what you want; below you choose whose value each field gets.")
    return " ".join(parts)


def _value(value: object) -> str:
    text = "not set" if value is None else shown(value)
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"
