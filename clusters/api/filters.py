"""Filters and order of lists. What is not understood is an error: a typo must not return everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import django_filters
from django import forms
from django.db.models import F, Model, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from clusters.api.problems import BadParameter, fault
from clusters.models import Cluster
from clusters.ordering import nullable


def parameters_check(request: Request, known: Iterable[str], repeatable: Iterable[str] = ()) -> None:
    """Raise BadParameter for query parameters that are not known, are empty, or are given twice without meaning it.

    Nor is a NUL taken, since PostgreSQL takes none.
    """
    known, repeatable = set(known), set(repeatable)
    faults = []
    for name, values in request.query_params.lists():
        if name not in known:
            told = f"known are {', '.join(sorted(known))}" if known else "no query parameter is"
            message = f"is not known here; {told}"
        elif "" in values:
            message = "has no value"
        elif any("\x00" in value for value in values):
            message = "has a NUL in it, which no text has"
        elif len(values) > 1 and name not in repeatable:
            message = "is given more than once"
        else:
            continue
        faults.append(fault(name, message, code="query-parameter", value=values[0]))
    if faults:
        raise BadParameter(f"The query parameter {faults[0]['field'][:80]!r} {faults[0]['message']}.", findings=faults)


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    """django-filter's, its errors as problems with a finding for each parameter."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """The rows that satisfy all parameters. Raises BadParameter."""
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            data = request.query_params
            faults = [
                fault(name, _told(filterset.form, name), code="query-parameter", value=data.get(name, ""))
                for name in filterset.errors
            ]
            raise BadParameter(f"{faults[0]['field']}: {faults[0]['message']}", findings=faults)
        rows: QuerySet[Any] = filterset.qs
        return rows


def _told(form: forms.Form, name: str) -> str:
    """What is wrong with a parameter; of a word that is none of those to choose from, these."""
    widget = form.fields[name].widget if name in form.fields else None
    if isinstance(widget, forms.widgets.ChoiceWidget) and form.has_error(name, "invalid_choice"):
        return f"must be one of {', '.join(str(value) for value, _label in widget.choices if value)}"
    return " ".join(map(str, form.errors[name]))


class Ordered(Protocol):
    """A view whose list has an order: API names and the columns that they mean. ordering may name columns itself."""

    ordering: tuple[str, ...]
    ordering_fields: Mapping[str, str]


class Ordering(BaseFilterBackend):
    """`?ordering=-peerASN,name`."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """The rows in the order asked for, the primary key last so that pages never overlap. Raises BadParameter."""
        text = request.query_params.get("ordering")
        names = text.split(",") if text else view.ordering
        columns = [self._column(name, view, queryset.model) for name in names]
        return queryset.order_by(*columns, "pk")

    def _column(self, name: str, view: Ordered, model: type[Model]) -> Any:
        column = view.ordering_fields.get(name.removeprefix("-"))
        if column is None and name in view.ordering:
            column = name
        if column is None:
            message = f"must name some of {', '.join(view.ordering_fields)}, each with - before it for the reverse"
            raise BadParameter(
                f"ordering {message}.", findings=[fault("ordering", message, code="query-parameter", value=name)]
            )
        # NULLS LAST keeps SQLite from walking an index, so only where there may be such values.
        last = True if nullable(model, column) else None
        return F(column).desc(nulls_last=last) if name.startswith("-") else F(column).asc(nulls_last=last)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Its description for OpenAPI."""
        description = (
            f"Names, separated by commas, with - before a name for the reverse: {', '.join(view.ordering_fields)}."
        )
        schema = {"type": "string"}
        return [{"name": "ordering", "required": False, "in": "query", "description": description, "schema": schema}]


class IntegerFilter(django_filters.Filter):  # type: ignore[misc]
    """A whole number."""

    field_class = forms.IntegerField


def choice(field_name: str, values: Iterable[str], **rest: Any) -> django_filters.MultipleChoiceFilter:
    """One of some words; given several times, any of them."""
    return django_filters.MultipleChoiceFilter(field_name=field_name, **chosen(values), **rest)


def chosen(values: Iterable[str]) -> dict[str, Any]:
    """The arguments of such a filter."""
    return {"choices": [(value, value) for value in values], "distinct": False}


def flag(field_name: str, **rest: Any) -> django_filters.TypedChoiceFilter:
    """`true` or `false`, and nothing else."""
    return django_filters.TypedChoiceFilter(field_name=field_name, **flagged(), **rest)


def flagged() -> dict[str, Any]:
    """The arguments of such a filter."""
    return {"choices": [("true", "true"), ("false", "false")], "coerce": lambda text: text == "true"}


def text(field_name: str, **rest: Any) -> django_filters.CharFilter:
    """The exact text."""
    return django_filters.CharFilter(field_name=field_name, strip=False, **rest)


def cluster_check(name: str, known: Iterable[str] | None = None) -> None:
    """Raise BadParameter if none of these clusters has this name; None = all, also those that were removed."""
    if told := _no_cluster(name, known):
        raise BadParameter(f"cluster {told}.", findings=[fault("cluster", told, code="query-parameter", value=name)])


def _no_cluster(name: str, known: Iterable[str] | None = None) -> str:
    """Why this is no name of a cluster; "" for none, and for one that there is."""
    if not name:
        return ""
    names = list(Cluster.objects.values_list("name", flat=True) if known is None else known)
    return "" if name in names else f"must be one of {', '.join(names) or '(there is no cluster yet)'}"


class _ClusterName(forms.CharField):
    """The name of a cluster that there is, or of which there is a history."""

    def validate(self, value: str) -> None:
        """Raises ValidationError for another one; one query."""
        super().validate(value)
        if told := _no_cluster(value):
            raise forms.ValidationError(told)


class ClusterFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Rows of the cluster of this name; a name that no cluster has is a mistake."""

    field_class = _ClusterName


def of_cluster(field_name: str = "cluster__name") -> ClusterFilter:
    """By the name of the row's cluster."""
    return ClusterFilter(field_name=field_name, label="Name of the cluster", strip=False)
