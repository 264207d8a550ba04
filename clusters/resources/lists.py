"""The list of a kind: filtered, ordered and paged by the URL."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clusters.kindpages import NOTHING, KindPage, ListColumn, page_of_kind
from clusters.models import Resource
from clusters.ordering import ordered
from clusters.pages import Column, HttpRequest, misfits, ordering, page_of, render_page
from clusters.resources.axis import CONFIG, by_config
from clusters.selectors import resource_list as rows_of_kind

_DEFAULT = ("cluster__name", "namespace", "name")
_SHOWN = 3  # entries of a cell


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as shown: some texts, and how many more there are; or what the column's template draws of `found`."""

    column: ListColumn
    texts: tuple[str, ...]
    more: int
    found: object

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing, not even what an unset field means."""
        return not self.texts and self.column.none == NOTHING


@require_GET
def resource_list(request: HttpRequest, kind: str) -> HttpResponse:
    """All objects of the kind."""
    about = page_of_kind(kind)
    about.require(request, "view")
    wanted = {name: request.GET.get(name, "").strip()[:253] for name in ("q", "cluster", "sync")}
    rows = by_config(_matching(about, wanted["q"]), wanted["sync"])
    if wanted["cluster"]:
        rows = rows.filter(cluster__name=wanted["cluster"])
    order, headers = ordering(request, _columns(about), _DEFAULT)
    page = page_of(request, ordered(rows, order))
    beside = about.beside(list(page)) if about.beside else {}
    context = {
        "about": about,
        "page": page,
        "rows": [(row, _cells(about, row, beside.get(row.pk, {}))) for row in page],
        "headers": headers,
        "wanted": wanted,
        "narrowed": bool(wanted["q"] or wanted["sync"]),
        "config_choices": CONFIG,
        "misfits": misfits(request, sync=dict(CONFIG)),
        "may_add": request.user.has_perm(about.permission("add")),
    }
    return render_page(request, "resources/list.html", context, part="table")


def _columns(about: KindPage) -> tuple[Column, ...]:
    return (
        Column("name", about.noun[0].upper() + about.noun[1:], ("name", "cluster__name", "namespace")),
        *(Column(one.key, one.label, one.fields) for one in about.columns),
        Column("config", "Config", ("sync_state", "severity", "name")),
        Column("changed", "Changed", ("-updated_at",)),
    )


def _matching(about: KindPage, words: str) -> QuerySet[Resource]:
    """The rows in whose name or searched fields all the words are found."""
    needless = ("base",) if about.kind.status else ("base", "live")  # a list shows what MetalLB reports in a status
    rows = rows_of_kind(about.kind.kind).defer(*needless)
    columns = [about.kind.field(name).column for name in about.searched]
    rows = rows.annotate(**{f"{column}_text": Cast(column, TextField()) for column in columns})
    for word in words.split()[:5]:
        found = Q(name__icontains=word)
        for column in columns:
            found |= Q(**{f"{column}_text__icontains": word})
        rows = rows.filter(found)
    return rows


def _cells(about: KindPage, row: Resource, beside: object) -> list[Cell]:
    cells = []
    for column in about.columns:
        texts = tuple(column.show(row, beside))
        cells.append(Cell(column, texts[:_SHOWN], max(0, len(texts) - _SHOWN), beside))
    return cells
