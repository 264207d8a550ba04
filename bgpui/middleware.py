"""What no page has to care about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.deprecation import MiddlewareMixin

from bgpui import metrics, probes
from clusters.origin import answering

_MACHINES: Mapping[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": probes.healthz,
    "/readyz": probes.readyz,
    "/metrics": metrics.metrics,
}


class NoNulMiddleware(MiddlewareMixin):
    """Answers 400 to a NUL in path, query, form or cookie: no text has one, and PostgreSQL takes none.

    Paths and bodies of the REST API are its own: it answers with problem details.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Raises SuspiciousOperation."""
        if any("\x00" in text for text in _texts(request)):
            raise SuspiciousOperation("a NUL in the request")


class MachinesMiddleware(MiddlewareMixin):
    """Answers probes and Prometheus before anything looks at the host: they come by a pod's address, in plain http."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """The answer, None for every other address."""
        view = _MACHINES.get(request.path_info)
        return view(request) if view is not None else None


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages, their fragments and lists, with Django's random bytes against BREACH.

    A stream goes out as it comes. An ETag is that of the very bytes (RFC 9110, section 8.8.3), and `If-Match` needs it.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, smaller if the client takes it so."""
        if response.streaming or response.has_header("ETag"):
            return response
        return super().process_response(request, response)


class OriginMiddleware(MiddlewareMixin):
    """Audit entries of edits that a request makes say where it came from."""

    def process_request(self, request: HttpRequest) -> None:
        """From now on."""
        answering(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Until it is answered; an exception is an answer by then."""
        answering(None)
        return response


def _texts(request: HttpRequest) -> Iterator[str]:
    yield from request.COOKIES.values()
    if request.path.startswith("/api/"):
        return
    yield request.path
    for data in (request.GET, request.POST):
        for name, values in data.lists():
            yield name
            yield from values
