"""The three sides of an edit that the cluster did not take: as it was reviewed, as it shall be, and what stands now."""

from __future__ import annotations

from typing import Any

from clusters.edits.rebase import Contested, sides_of
from clusters.manifest import differences, has_inline_password, plain
from clusters.models import Resource

PASSWORD = ("spec", "password")


def three_way(row: Resource) -> tuple[Contested, ...]:
    """Every field in which the row's edit and the cluster differ; nothing if one of them has no such object.

    An inline password is a field with the words `set` and `another one` for values.
    """
    theirs = plain(row.live)
    if theirs is None or row.wanted is None:
        return ()
    return (*sides_of(row.KIND, row.base, row.wanted, theirs), *_password(row))


def _password(row: Resource) -> list[Contested]:
    """The inline password, if others changed it, or the edit and the cluster do not agree whether there is one."""
    base = "set" if has_inline_password(row.base) else None
    changed = [diff for diff in differences(row.KIND, row.base, row.live) if diff.path == ".".join(PASSWORD)]
    theirs = changed[0].after if changed else base
    mine = base if row.inline_password else None
    return [Contested(PASSWORD, base, mine, theirs)] if mine != theirs else []


def side_json(field: Contested) -> dict[str, Any]:
    """A field as REST tells it."""
    return {
        "path": field.path,
        "base": field.base,
        "mine": field.mine,
        "theirs": field.theirs,
        "changedBy": field.changed_by,
    }
