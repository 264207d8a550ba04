"""pods/proxy: what a pod answers over HTTP, through the API server and without the caller's Authorization."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from lab.apiserver.errors import ApiError, bad_request

ProxyHandler = Callable[["Asked"], Awaitable[tuple[int, bytes]]]
"""What is asked -> HTTP status and body."""


class Asked(NamedTuple):
    """A GET of a pod. scheme: http or https."""

    namespace: str
    pod: str
    scheme: str
    port: int
    path: str


async def serve(handler: ProxyHandler | None, namespace: str, name: str, path: str) -> web.Response:
    """name: as the API server takes it, "[scheme:]pod[:port]". Raises ApiError, 503 for a pod that does not answer."""
    parts = name.split(":")
    scheme, pod, port = (["http", *parts] if len(parts) == 2 else parts) if len(parts) > 1 else ["http", name, "80"]
    if scheme not in ("http", "https") or not port.isdigit():
        raise bad_request(f'invalid pod request "{name}"')
    if handler is None:
        raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: dial tcp {pod}:{port}: refused")
    status, body = await handler(Asked(namespace, pod, scheme, int(port), path))
    return web.Response(status=status, body=body, content_type="text/plain")
