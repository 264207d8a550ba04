"""Filters and order of a kind: on the fields of its spec, as the object is in force: a refused edit has no say."""

from __future__ import annotations

import json
from functools import reduce
from operator import or_
from typing import Any

import django_filters
from django.core.validators import EMPTY_VALUES
from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex
from django.db.models.lookups import GreaterThan
from django_filters.rest_framework import FilterSet

from clusters.api.filters import IntegerFilter, choice, chosen, flagged, of_cluster, text
from clusters.edits.inforce import where
from clusters.models import Resource, SyncState
from intent.findings import Severity
from intent.kinds import Field, Kind


class _InForce:
    """spec_field: the name of the field; field_name: its column."""

    field_name: str
    spec_field: str

    def matches(self, path: str, value: Any) -> Q:
        """The condition on a path to the field."""
        return Q(**{path: value})

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """The rows; all for no value."""
        if value in EMPTY_VALUES:
            return qs
        return qs.filter(where(lambda path: self.matches(path, value), self.field_name, self.spec_field))


class _Text(_InForce, django_filters.CharFilter):  # type: ignore[misc]
    """The exact text."""


class _Integer(_InForce, IntegerFilter):
    """A whole number."""


class _Flag(_InForce, django_filters.TypedChoiceFilter):  # type: ignore[misc]
    """`true` or `false`."""


class _Choice(_InForce, django_filters.MultipleChoiceFilter):  # type: ignore[misc]
    """One of some words; given several times, any of them."""

    def matches(self, path: str, value: Any) -> Q:
        """Any of them."""
        return Q(**{f"{path}__in": list(value)})


class _Entry(_InForce, django_filters.CharFilter):  # type: ignore[misc]
    """Lists of texts that have this text among them."""

    def matches(self, path: str, value: Any) -> Q:
        """JSON is searched as text, since not every database looks into it."""
        column = Cast(path, TextField())
        spellings = {json.dumps(value), json.dumps(value, ensure_ascii=False)}  # SQLite keeps ASCII
        return reduce(or_, (Q(GreaterThan(StrIndex(column, Value(text)), 0)) for text in sorted(spellings)))


def of_field(field: Field) -> django_filters.Filter | None:
    """The filter on a field of a spec; None for objects and lists of them."""
    label = field.label or field.name
    if field.type == "array" and field.items is not None and field.items.type == "string":
        found: Any = _Entry(field_name=field.column, label=f"{label}: one of them", strip=False)
    elif field.secret or field.type in ("array", "object"):
        return None
    elif field.type == "integer":
        found = _Integer(field_name=field.column, label=label)
    elif field.type == "boolean":
        found = _Flag(field_name=field.column, label=label, **flagged())
    elif field.enum:
        found = _Choice(field_name=field.column, label=label, **chosen(field.enum))
    else:
        found = _Text(field_name=field.column, label=label, strip=False)
    found.spec_field = field.name
    return found


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
