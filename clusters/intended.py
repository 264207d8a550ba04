"""Rows as intent takes them. Each is made once for as long as the row says the same, with what rules know of it alone:

a page reads thousands of rows, of which hardly any has changed since the last one. JSON is compared as the database
gives it, and parsed once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from django.db.models import F, JSONField, Model, QuerySet, TextField
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from clusters.kube.redact import INLINE_PASSWORD, faults_of
from clusters.models import Node, Resource, Service
from clusters.registry import resource_models
from intent import snapshot as intent

_OBJECTS, _NODES, _SERVICES = 20_000, 10_000, 40_000  # that a process keeps
_Row = tuple[Any, ...]
_OF_NODE = ("name", "labels", "addresses", "subnets", "ready", "unschedulable", "network_unavailable")
_OF_SERVICE = ("namespace", "name", "labels", "annotations", "addresses", "pool", "traffic_policy", "endpoint_nodes")
_OF_RESOURCE = ("namespace", "name", "uid", "labels", "annotations", "extra", "inline_password", "live")


def desired_resources(kind: str, rows: QuerySet[Resource]) -> Iterator[intent.Resource]:
    """What the rows of a kind shall be, without those that shall go; one query."""
    model = resource_models()[kind]
    columns = (*_OF_RESOURCE, *(field.column for field in model.KIND.fields if not field.secret))
    for row in _raw(model, rows.filter(deleting=False).order_by(), columns):
        yield _resource(kind, columns, row)


def nodes(rows: QuerySet[Node]) -> tuple[intent.Node, ...]:
    """Nodes; one query."""
    return tuple(map(_node, _raw(Node, rows, _OF_NODE)))


def services(rows: QuerySet[Service]) -> list[intent.Service]:
    """Services of type LoadBalancer, of which there may be very many; one query."""
    return list(map(_service, _raw(Service, rows, _OF_SERVICE)))


def printed_nodes(rows: QuerySet[Node]) -> dict[int, tuple[int, intent.Node]]:
    """The same by the key of each row, with its print of that moment; one query."""
    found = _raw(Node, rows, ("id", "digest_print", *_OF_NODE))
    return {key: (number, _node(tuple(row))) for key, number, *row in found}


def printed_services(rows: QuerySet[Service]) -> dict[int, tuple[int, intent.Service]]:
    """The same of Services; one query."""
    found = _raw(Service, rows, ("id", "digest_print", *_OF_SERVICE))
    return {key: (number, _service(tuple(row))) for key, number, *row in found}


def desired_resource(row: Resource) -> intent.Resource:
    """What one row shall be."""
    return intent.Resource(
        ref=row.ref,
        uid=row.uid,
        labels=row.labels,
        annotations=row.annotations,
        spec=row.spec,
        inline_password=row.inline_password,
        live=(row.live or {}).get("spec") or {},
        password_faults=faults_of(str((row.live or {}).get(INLINE_PASSWORD) or "")) if row.inline_password else (),
    )


def service_of(row: Service) -> intent.Service:
    """One Service."""
    return intent.Service(
        namespace=row.namespace,
        name=row.name,
        labels=row.labels,
        annotations=row.annotations,
        addresses=tuple(row.addresses),
        pool=row.pool,
        local=row.traffic_policy == Service.TrafficPolicy.LOCAL,
        endpoint_nodes=tuple(row.endpoint_nodes),
    )


def _raw(model: type[Model], rows: QuerySet[Any], columns: tuple[str, ...]) -> Iterator[_Row]:
    """The columns with JSON as its text."""
    as_json = _json_of(model)
    wanted: dict[str, Combinable] = {
        f"raw_{name}": Cast(name, TextField()) if name in as_json else F(name) for name in columns
    }
    yield from rows.annotate(**wanted).values_list(*wanted).iterator(chunk_size=2000)


@cache
def _json_of(model: type[Model]) -> frozenset[str]:
    """The columns that hold JSON."""
    fields = model._meta.concrete_fields  # noqa: SLF001  # Django's public name for it
    return frozenset(field.name for field in fields if isinstance(field, JSONField))


def _parsed(model: type[Model], columns: tuple[str, ...], row: _Row) -> dict[str, Any]:
    as_json = _json_of(model)
    return {
        name: json.loads(value) if value is not None and name in as_json else value
        for name, value in zip(columns, row, strict=True)
    }


@lru_cache(_OBJECTS)
def _resource(kind: str, columns: tuple[str, ...], row: _Row) -> intent.Resource:
    model = resource_models()[kind]
    return desired_resource(model(**_parsed(model, columns, row)))


@lru_cache(_NODES)
def _node(row: _Row) -> intent.Node:
    found = _parsed(Node, _OF_NODE, row)
    return intent.Node(**found | {name: tuple(found[name]) for name in ("addresses", "subnets")})


@lru_cache(_SERVICES)
def _service(row: _Row) -> intent.Service:
    return service_of(Service(**_parsed(Service, _OF_SERVICE, row)))
