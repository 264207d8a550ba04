"""The pages of what is reported: read-only, one pair for all kinds."""

from __future__ import annotations

import shlex
from typing import Any

import yaml
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from clusters.models import StatusObject
from clusters.ordering import ordered
from clusters.pages import Column, HttpRequest, misfits, ordering, page_of, render_page
from clusters.reported.selectors import COLUMNS, counts_by_kind, findings_of, kind_of, reported, results, said
from intent.kinds import Field, Kind

_COLUMNS = {
    "service": Column("service", "Service", ("service_namespace", "service_name", "node")),
    "node": Column("node", "Node", ("node", "name")),
    "peer": Column("peer", "Router", ("peer", "node")),
    "vrf": Column("vrf", "VRF", ("vrf", "node", "peer")),
    "result": Column("result", "Result", ("result", "name")),
}
_NAME = Column("name", "Name", ("name", "namespace", "cluster__name"))
_SEEN = Column("seen", "Like this since", ("-seen_at",))
_BY_NAME = ("cluster__name", "namespace", "name")
_LONG = 200  # characters; a longer text stands by itself


@require_GET
@permission_required("clusters.view_statusobject", raise_exception=True)
def kinds(request: HttpRequest) -> HttpResponse:
    """All kinds with how many objects there are."""
    cluster = request.GET.get("cluster", "")[:63]
    return render_page(request, "reported/kinds.html", {"counts": counts_by_kind(cluster)}, part="table")


@require_GET
@permission_required("clusters.view_statusobject", raise_exception=True)
def objects(request: HttpRequest, plural: str) -> HttpResponse:
    """The objects of one kind, filtered, ordered and paged by the URL."""
    kind = _kind(plural)
    wanted = {name: request.GET.get(name, "").strip()[:253] for name in ("q", "cluster", "node", "vrf", "result")}
    rows = reported(kind, wanted["q"])
    known = results(kind) if "result" in COLUMNS[kind.kind] else []
    exact = {"cluster": "cluster__name", "node": "node", "vrf": "vrf"} | (
        {"result": "result"} if wanted["result"] in known else {}
    )
    rows = rows.filter(**{exact[name]: value for name, value in wanted.items() if value and name in exact})
    columns = (_NAME, *(_COLUMNS[name] for name in COLUMNS[kind.kind]))
    order, headers = ordering(request, (*columns, _SEEN), _BY_NAME)
    page = page_of(request, ordered(rows, order))
    context = {
        "kind": kind,
        "columns": COLUMNS[kind.kind],
        "page": page,
        "rows": [(row, said(row)) for row in page],
        "headers": headers,
        "wanted": wanted,
        "narrowed": any(value for name, value in wanted.items() if name != "cluster"),
        "results": [(one, one) for one in known],
        "misfits": misfits(request, result=known),
    }
    return render_page(request, "reported/list.html", context, part="table")


@require_GET
@permission_required("clusters.view_statusobject", raise_exception=True)
def one(request: HttpRequest, plural: str, cluster: str, namespace: str, name: str) -> HttpResponse:
    """One object, as it was last read."""
    kind = _kind(plural)
    place = {"cluster__name": cluster, "namespace": "" if namespace == "-" else namespace, "name": name}
    row = get_object_or_404(StatusObject.objects.select_related("cluster"), kind=kind.kind, **place)
    facts, texts = _split(row, kind)
    context = {
        "row": row,
        "kind": kind,
        "facts": facts,
        "texts": texts,
        "said": said(row),
        "findings": findings_of(row),
        "yaml": yaml.safe_dump(row.body, allow_unicode=True),  # sorted, as kubectl prints it
        "oc": _command(row, kind),
    }
    return render_page(request, "reported/detail.html", context, part="live")


def _kind(plural: str) -> Kind:
    kind = kind_of(plural)
    if kind is None:
        raise Http404("There is no such kind.")
    return kind


def _split(row: StatusObject, kind: Kind) -> tuple[list[tuple[Field, Any]], list[tuple[Field, str]]]:
    """The fields that are set: those that are a line, and the long texts."""
    facts: list[tuple[Field, Any]] = []
    texts: list[tuple[Field, str]] = []
    for room, fields in (("status", kind.status), ("spec", kind.fields)):
        values = row.body.get(room) or {}
        for field in fields:
            value = values.get(field.name)
            if isinstance(value, str) and ("\n" in value or len(value) > _LONG):
                texts.append((field, value))
            elif value not in (None, "", [], {}):
                facts.append((field, value))
    return facts, texts


def _command(row: StatusObject, kind: Kind) -> str:
    place = ["-n", row.namespace] if row.namespace else []
    line = shlex.join(["oc", "get", f"{kind.plural}.{kind.group}", *place, row.name, "-o", "yaml"])
    return line if line.isprintable() else ""
