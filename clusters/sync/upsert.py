"""Many rows in few statements: chunks of at most 500, a short transaction each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.db import models

CHUNK = 500
Row = TypeVar("Row", bound=models.Model)
Item = TypeVar("Item")


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    """The items in pieces."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def upsert(model: type[Row], rows: Sequence[Row], *, key: Sequence[str], fields: Sequence[str]) -> None:
    """Insert rows, or write `fields` of those that exist, found by `key`; the rows' own primary keys don't count, and

    are those of the database after it.
    """
    for row in rows:
        row.pk = None
    if rows:
        model._default_manager.bulk_create(  # noqa: SLF001  # Django's public name for it
            rows, batch_size=CHUNK, update_conflicts=True, unique_fields=list(key), update_fields=list(fields)
        )
