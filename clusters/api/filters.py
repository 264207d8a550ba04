"""Filters and order of lists. What is not understood is an error: a typo must not return everything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any, Protocol

import django_filters
from django import forms
from django.db.models import F, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex
from django.db.models.lookups import GreaterThan
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from clusters.api.problems import BadParameter, fault
from clusters.models import Cluster, Resource, SyncState
from clusters.ordering import nullable
from intent.findings import Severity
from intent.kinds import Field, Kind


def parameters_check(request: Request, known: Iterable[str], repeatable: Iterable[str] = ()) -> None:
    """Raise BadParameter for query parameters that are not known, are empty, or are given twice without meaning it."""
    known, repeatable = set(known), set(repeatable)
    faults = []
    for name, values in request.query_params.lists():
        if name not in known:
            told = f"known are {', '.join(sorted(known))}" if known else "no query parameter is"
            message = f"is not known here; {told}"
        elif "" in values:
            message = "has no value"
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
                fault(name, " ".join(errors), code="query-parameter", value=data.get(name, ""))
                for name, errors in filterset.errors.items()
            ]
            raise BadParameter(f"{faults[0]['field']}: {faults[0]['message']}", findings=faults)
        rows: QuerySet[Any] = filterset.qs
        return rows


class Ordered(Protocol):
    """A view whose list has an order: API names and the columns that they mean."""

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
    choices = [(value, value) for value in values]
    return django_filters.MultipleChoiceFilter(field_name=field_name, choices=choices, distinct=False, **rest)


def flag(field_name: str, **rest: Any) -> django_filters.TypedChoiceFilter:
    """`true` or `false`, and nothing else."""
    return django_filters.TypedChoiceFilter(
        field_name=field_name,
        choices=[("true", "true"), ("false", "false")],
        coerce=lambda text: text == "true",
        **rest,
    )


def text(field_name: str, **rest: Any) -> django_filters.CharFilter:
    """The exact text."""
    return django_filters.CharFilter(field_name=field_name, strip=False, **rest)


class _ClusterName(forms.CharField):
    """The name of a cluster that there is, or of which there is a history."""

    def validate(self, value: str) -> None:
        """Raises ValidationError for another one; one query."""
        super().validate(value)
        known = list(Cluster.objects.values_list("name", flat=True)) if value else [value]
        if value not in known:
            raise forms.ValidationError(f"must be one of {', '.join(known) or '(there is no cluster yet)'}")


class ClusterFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Rows of the cluster of this name; a name that no cluster has is a mistake."""

    field_class = _ClusterName


def of_cluster() -> ClusterFilter:
    """By the name of the row's cluster."""
    return ClusterFilter(field_name="cluster__name", label="Name of the cluster", strip=False)


class EntryFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Lists of texts that have this text among them."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows; all for no value. JSON is searched as text, since not every database looks into it."""
        if not value:
            return qs
        column = Cast(self.field_name, TextField())
        spellings = {json.dumps(value), json.dumps(value, ensure_ascii=False)}  # SQLite keeps ASCII
        found = [Q(GreaterThan(StrIndex(column, Value(text)), 0)) for text in sorted(spellings)]
        return qs.filter(reduce(or_, found))


def of_field(field: Field) -> django_filters.Filter | None:
    """The filter on a field of a spec; None for objects and lists of them."""
    label = field.label or field.name
    if field.type == "array" and field.items is not None and field.items.type == "string":
        return EntryFilter(field_name=field.column, label=f"{label}: one of them", strip=False)
    if field.secret or field.type in ("array", "object"):
        return None
    if field.type == "integer":
        return IntegerFilter(field_name=field.column, label=label)
    if field.type == "boolean":
        return flag(field.column, label=label)
    if field.enum:
        return choice(field.column, field.enum, label=label)
    return text(field.column, label=label)


def resource_filters(model: type[Resource], **more: django_filters.Filter) -> type[FilterSet]:
    """The filters of a kind: its identity, its config axis, the scalar fields of its spec, and `more`."""
    declared: dict[str, Any] = {
        "cluster": of_cluster(),
        "namespace": text("namespace", label="Namespace"),
        "name": text("name", label="Name"),
        "name_contains": text("name", lookup_expr="icontains", label="Part of the name"),
        "sync": choice("sync_state", SyncState.values, label="Config axis"),
        "severity": choice("severity", [severity.value for severity in Severity], label="The worst of its findings"),
    }
    declared |= {field.name: found for field in model.KIND.fields if (found := of_field(field)) is not None}
    meta = type("Meta", (), {"model": model, "fields": []})
    return type(f"{model.__name__}Filters", (FilterSet,), {**declared, **more, "Meta": meta})


def resource_ordering(kind: Kind) -> dict[str, str]:
    """What a kind's list can be ordered by."""
    fields = {
        field.name: field.column for field in kind.fields if field.type != "array" and of_field(field) is not None
    }
    identity = {"cluster": "cluster__name", "namespace": "namespace", "name": "name"}
    return identity | {"sync": "sync_state", "syncAt": "sync_at", "severity": "severity"} | fields
