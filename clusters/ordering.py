"""The order of rows, the same on every database: they differ in where they put what is not set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Model, QuerySet

M = TypeVar("M", bound=Model)


def nullable(model: type[Model], column: str) -> bool:
    """Whether the column of a model, or of one that it leads to, may be NULL; what is computed may."""
    found: Any = None
    for part in column.split("__"):
        try:
            found = model._meta.get_field(part)  # noqa: SLF001  # public in spite of its name
        except FieldDoesNotExist:
            return True
        model = found.related_model or model
        if found.null:
            return True
    return False


def ordered(rows: QuerySet[M], columns: Iterable[str]) -> QuerySet[M]:
    """By these columns, "-" before one for the reverse, and the primary key; what is not set counts as the least."""
    return rows.order_by(*(_order(rows.model, column) for column in columns), "pk")


def _order(model: type[Model], column: str) -> Any:
    name = column.removeprefix("-")
    if not nullable(model, name):
        return column
    return F(name).desc(nulls_last=True) if column != name else F(name).asc(nulls_first=True)
