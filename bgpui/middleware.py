"""What no page has to care about."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin


class NoNulMiddleware(MiddlewareMixin):
    """Answers 400 to a NUL in path, query, form or cookie: no text has one, and PostgreSQL takes none.

    Paths and bodies of the REST API are its own: it answers with problem details.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Raises SuspiciousOperation."""
        if any("\x00" in text for text in _texts(request)):
            raise SuspiciousOperation("a NUL in the request")


def _texts(request: HttpRequest) -> Iterator[str]:
    yield from request.COOKIES.values()
    if request.path.startswith("/api/"):
        return
    yield request.path
    for data in (request.GET, request.POST):
        for name, values in data.lists():
            yield name
            yield from values
