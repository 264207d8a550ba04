"""Pages of lists."""

from __future__ import annotations

from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from clusters.api.problems import BadParameter, fault


class Pages(PageNumberPagination):
    """`?page=2&page_size=100`, at most 1,000 a page; the answer carries the count of all."""

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
