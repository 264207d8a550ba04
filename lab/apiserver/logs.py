"""pods/log: text from a provider, cut as the query asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from lab.apiserver.errors import bad_request
from lab.apiserver.pods import container_of
from lab.apiserver.resources import Manifest

LogHandler = Callable[[str, str, str, bool], Awaitable[bytes] | AsyncIterator[bytes]]
"""(namespace, pod, container, follow) -> the whole log, or an asynchronous generator of what is written on and on."""


class Logs:
    def __init__(self, handler: Callable[[], LogHandler | None]) -> None:
        self._handler = handler

    async def serve(self, request: web.Request, pod: Manifest, asked: str = "") -> web.StreamResponse:
        """asked: the container, "" = as the query says. Raises ApiError 400 for one that the pod has not."""
        container = container_of(pod, asked or request.query.get("container", ""))
        tail = _number(request, "tailLines")
        limit = _number(request, "limitBytes")
        follow = request.query.get("follow") in ("1", "true")
        handler = self._handler()
        if handler is None:
            return web.Response(text="")
        answer = handler(pod["metadata"]["namespace"], pod["metadata"]["name"], container, follow)
        if isinstance(answer, AsyncIterator):
            return await _stream(request, answer)
        text = await answer
        if tail is not None:
            text = b"".join(text.splitlines(keepends=True)[-tail:] if tail else [])
        return web.Response(body=text[:limit], content_type="text/plain")


async def _stream(request: web.Request, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    async for piece in pieces:
        await response.write(piece)
    return response


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise bad_request(f'{name}: Invalid value: "{text}": must be greater than or equal to 0')
    return int(text)
