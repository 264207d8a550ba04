"""What every page shares: the whole page or one partial of it, paging, and ordering by a column of a fixed list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.http.request import HttpRequest as DjangoRequest
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django_htmx.middleware import HtmxDetails

from clusters.models import Cluster

PAGE_SIZE = 50
M = TypeVar("M", bound=Model)


class HttpRequest(DjangoRequest):
    """A request as the middleware leaves it."""

    htmx: HtmxDetails


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, part: str = "", status: int = 200
) -> HttpResponse:
    """The page, or only the named partial when htmx asks for it; never kept by a cache."""
    wanted = f"{template}#{part}" if part and request.htmx and not request.htmx.boosted else template
    response = render(request, wanted, dict(context), status=status)
    response["Vary"] = "HX-Request, Cookie"
    patch_cache_control(response, private=True, no_store=True)
    return response


def page_of(request: HttpRequest, rows: QuerySet[M], size: int = PAGE_SIZE) -> Page[M]:
    """The page that `?page=` names; the nearest one if it names none."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that a filter of the page does not have. empties: nothing is shown for it, instead of everything."""

    name: str
    value: str
    choices: tuple[str, ...]
    empties: bool = False


def misfits(request: HttpRequest, **choices: Iterable[str]) -> list[Misfit]:
    """Of the filters that have these choices, what the URL asks for and there is not: the page shows all instead.

    A cluster that there is not is among them; one query if the URL names one.
    """
    asked = ((name, request.GET.get(name, "").strip(), tuple(known)) for name, known in choices.items())
    found = [Misfit(name, value, known) for name, value, known in asked if value and value not in known]
    cluster = request.GET.get("cluster", "").strip()
    clusters = tuple(Cluster.objects.values_list("name", flat=True)) if cluster else ()
    return found if not cluster or cluster in clusters else [Misfit("cluster", cluster, clusters, empties=True), *found]


def narrowed(wanted: Mapping[str, str], odd: Iterable[Misfit]) -> bool:
    """Whether a list shows less than all of its cluster, so that an empty one does not say that there is nothing."""
    return any(value for name, value in wanted.items() if name != "cluster") or any(one.empties for one in odd)


def parameters(request: HttpRequest, **changes: str | int | None) -> str:
    """The query string of this page with changes; None and "" take a parameter away."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in {None, ""}:
            query[name] = str(value)
    return "?" + query.urlencode()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list; `fields` of the queryset to order by, ascending, () = it cannot be ordered by."""

    key: str
    label: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """A column's head as shown: its link orders by it, or turns the order around; "" = there is none."""

    label: str
    href: str
    direction: str  # "", "ascending", "descending"


def ordering(
    request: HttpRequest, columns: tuple[Column, ...], default: tuple[str, ...]
) -> tuple[list[str], list[Header]]:
    """Order from `?sort=key` or `?sort=-key`, and the heads; an unknown key falls back to the default."""
    wanted = request.GET.get("sort", "")
    key, down = wanted.removeprefix("-"), wanted.startswith("-")
    headers, order = [], list(default)
    for column in columns:
        direction = ""
        if column.key == key and column.fields:
            direction = "descending" if down else "ascending"
            order = [_turned(name) if down else name for name in column.fields]
        following = f"-{column.key}" if direction == "ascending" else column.key
        href = parameters(request, sort=following, page=None) if column.fields else ""
        headers.append(Header(column.label, href, direction))
    return order, headers


def _turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"
