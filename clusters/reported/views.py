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
from clusters.pages import Column, HttpRequest, misfits, narrowed, ordering, page_of, render_page
from clusters.reported.pages import ReportedPage
from clusters.reported.selectors import counts_by_kind, findings_of, kind_of, reported, results, said
from clusters.resources.lists import cells, narrowings
from intent.kinds import Field, Kind

_NAME = Column("name", "Name", ("name", "namespace", "cluster__name"))
_SEEN = Column("seen", "Like this since", ("-seen_at",))
_BY_NAME = ("cluster__name", "namespace", "name")
_LONG = 200  # characters; a longer text stands by itself


@require_GET
@permission_required("clusters.view_statusobject", raise_exception=True)
def kinds(request: HttpRequest) -> HttpResponse:
    """All kinds with how many objects there are."""
    cluster = request.GET.get("cluster", "")[:63]
    context = {"counts": counts_by_kind(cluster), "misfits": misfits(request)}
    return render_page(request, "reported/kinds.html", context, part="table")


@require_GET
@permission_required("clusters.view_statusobject", raise_exception=True)
def objects(request: HttpRequest, plural: str) -> HttpResponse:
    """The objects of one kind, filtered, ordered and paged by the URL."""
    about = ReportedPage(_kind(plural))
    kind, known = about.kind, results(about.kind) if about.has_result else []
    filters = about.filters(known)
    wanted = {name: request.GET.get(name, "").strip()[:253] for name in ("q", "cluster", *(one.key for one in filters))}
    rows = reported(kind, wanted["q"])
    if wanted["cluster"]:
        rows = rows.filter(cluster__name=wanted["cluster"])
    for one in filters:
        if wanted[one.key] and (not one.choices or wanted[one.key] in known):
            rows = one.narrow(rows, wanted[one.key])
    columns = (_NAME, *(Column(one.key, one.label, one.fields) for one in about.columns), _SEEN)
    order, headers = ordering(request, columns, _BY_NAME)
    page = page_of(request, ordered(rows, order))
    odd = misfits(request, **({"result": known} if known else {}))
    context = {
        "listed": about,
        "page": page,
        "rows": [(row, cells(about.columns, row, said(row))) for row in page],
        "headers": headers,
        "wanted": wanted,
        "narrowed": narrowed(wanted, odd),
        "filters": narrowings(request, filters, wanted),
        "misfits": odd,
    }
    return render_page(request, "resources/list.html", context, part="table")


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
            elif field.name != "conditions" and _nested(value):
                texts.append((field, yaml.safe_dump(value, allow_unicode=True, sort_keys=False)))
            elif value not in (None, "", [], {}):
                facts.append((field, value))
    return facts, texts


def _nested(value: Any) -> bool:
    """Whether it is more than a value, or a list of values."""
    return bool(value) and (isinstance(value, dict) or (isinstance(value, list) and any(map(_nested, value))))


def _command(row: StatusObject, kind: Kind) -> str:
    place = ["-n", row.namespace] if row.namespace else []
    line = shlex.join(["oc", "get", f"{kind.plural}.{kind.group}", *place, row.name, "-o", "yaml"])
    return line if line.isprintable() else ""
