"""Pages of lists."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from clusters.api.problems import BadParameter, fault


class BothEnds(Paginator[Any]):
    """Pages behind the middle are read from the end: a database walks all rows before those that it is asked for."""

    def page(self, number: int | str) -> Page[Any]:
        """As Django has it. Raises EmptyPage and PageNotAnInteger."""
        rows, number = self.object_list, self.validate_number(number)
        first = (number - 1) * self.per_page
        if not isinstance(rows, QuerySet) or rows.query.combinator or first <= self.count // 2:
            return super().page(number)
        after = max(0, self.count - first - self.per_page)
        return Page([*rows.reverse()[after : self.count - first]][::-1], number, self)


class Pages(PageNumberPagination):
    """`?page=2&page_size=100`, at most 1,000 a page; the answer carries the count of all."""

    django_paginator_class = BothEnds
    page_size_query_param = "page_size"
    max_page_size = 1000

    def get_page_size(self, request: Request) -> int | None:
        """Rows a page. Raises BadParameter for a size that is none, instead of taking another silently."""
        text = request.query_params.get("page_size")
        if text is None:
            return self.page_size
        if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= self.max_page_size:
            return int(text)
        message = f"must be a number from 1 to {self.max_page_size}"
        raise BadParameter(
            f"page_size {message}.", findings=[fault("page_size", message, code="page-size", value=text)]
        )
