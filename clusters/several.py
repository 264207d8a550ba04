"""Several new objects at once: judged beside each other, saved all or none."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from clusters.edit import Edit, judge_together
from clusters.models import Resource
from clusters.services import Actor, edit_save
from intent.findings import Finding
from intent.rules import blocking


class SomeRefused(Exception):
    """Rules forbid some of them; `findings` are those that block, for each of the edits."""

    def __init__(self, findings: Sequence[Sequence[Finding]]) -> None:
        super().__init__("the rules refuse some of the objects")
        self.findings = tuple(map(tuple, findings))


def resources_judge(edits: Sequence[Edit], accept: Collection[str] = ()) -> list[list[Finding]]:
    """All findings of each edit. Raises SomeRefused."""
    found = judge_together(edits)
    stop = [blocking(some, accept) for some in found]
    if any(stop):
        raise SomeRefused(stop)
    return found


def resources_create(
    *, edits: Sequence[Edit], actor: Actor, source: str, accept: Collection[str] = ()
) -> list[Resource] | None:
    """The rows of new objects without new passwords; None if somebody else has made one of them. Raises SomeRefused.

    Nobody else can write while the transaction lasts, so everything is judged before it.
    """
    judged = resources_judge(edits, accept)
    rows = []
    with transaction.atomic():
        for edit, found in zip(edits, judged, strict=True):
            row = edit_save(edit, actor=actor, source=source, accept=accept, found=found)
            if row is None:
                transaction.set_rollback(True)
                return None
            rows.append(row)
    return rows
