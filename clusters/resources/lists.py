"""The list of a kind: filtered, ordered and paged by the URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clusters.edits.inforce import as_in_force
from clusters.kindpages import NOTHING, KindPage, ListColumn, ListFilter, page_of_kind
from clusters.models import Resource
from clusters.pages import Column, HttpRequest, misfits, narrowed, ordering, page_of, parameters, render_page
from clusters.resources.axis import CONFIG, by_config
from clusters.selectors import resource_list as rows_of_kind

_SHOWN = 3  # entries of a cell
_CONFIG = ListFilter("sync", "Config", by_config, tuple(CONFIG))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as shown: some texts with their links, and how many more there are; or what the column's template draws

    of `found`.
    """

    column: ListColumn
    texts: tuple[tuple[str, str], ...]
    more: int
    found: object

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing, not even what an unset field means."""
        return not self.texts and not self.column.template and self.column.none == NOTHING


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A filter of the list with what the URL wants of it; dropped: the same page without."""

    filter: ListFilter
    value: str
    dropped: str


@require_GET
def resource_list(request: HttpRequest, kind: str) -> HttpResponse:
    """All objects of the kind."""
    about = page_of_kind(kind)
    about.require(request, "view")
    filters = (_CONFIG, *about.filters)
    names = ("q", "cluster", *(one.key for one in filters))
    wanted = {name: request.GET.get(name, "").strip()[:253] for name in names}
    rows = _matching(about, wanted["q"])
    if wanted["cluster"]:
        rows = rows.filter(cluster__name=wanted["cluster"])
    for one in filters:
        if wanted[one.key] and (not one.choices or wanted[one.key] in dict(one.choices)):
            rows = one.narrow(rows, wanted[one.key])
    order, headers = ordering(request, _columns(about), about.order)
    page = page_of(request, rows.order_by(*order, "pk"))
    shown = as_in_force(list(page))
    beside = about.beside(shown) if about.beside else {}
    choices = {one.key: dict(one.choices) for one in filters if one.choices}
    odd = misfits(request, **choices)
    context = {
        "about": about,
        "listed": about,
        "page": page,
        "rows": [(row, cells(about.columns, row, beside.get(row.pk, {}))) for row in shown],
        "headers": headers,
        "wanted": wanted,
        "narrowed": narrowed(wanted, odd),
        "filters": narrowings(request, filters, wanted),
        "misfits": odd,
        "may_add": request.user.has_perm(about.permission("add")),
    }
    return render_page(request, "resources/list.html", context, part="table")


def narrowings(request: HttpRequest, filters: Iterable[ListFilter], wanted: Mapping[str, str]) -> list[Narrowing]:
    """The filters of a list as its page shows them."""
    return [Narrowing(one, wanted[one.key], parameters(request, page=None, **{one.key: None})) for one in filters]


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
    if about.search is not None:
        return about.search(rows, words)
    columns = [about.kind.field(name).column for name in about.searched]
    rows = rows.annotate(**{f"{column}_text": Cast(column, TextField()) for column in columns})
    for word in words.split()[:5]:
        found = Q(name__icontains=word)
        for column in columns:
            found |= Q(**{f"{column}_text__icontains": word})
        rows = rows.filter(found)
    return rows


def cells(columns: Iterable[ListColumn], row: object, found: object) -> list[Cell]:
    """A row's cells; found: what is known of it beside."""
    made = []
    for column in columns:
        texts = tuple(_linked(one) for one in column.show(row, found))
        made.append(Cell(column, texts[:_SHOWN], max(0, len(texts) - _SHOWN), found))
    return made


def _linked(one: str | Resource) -> tuple[str, str]:
    return (one, "") if isinstance(one, str) else (one.name, one.get_absolute_url())
