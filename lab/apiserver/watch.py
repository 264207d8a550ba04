"""Watches: a stream of events from a resourceVersion on, one JSON document a line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web

from lab.apiserver.errors import ApiError, bad_request, expired
from lab.apiserver.resources import Manifest, Resource
from lab.apiserver.selectors import Match
from lab.apiserver.storage import Entry, Event, Storage, Table

BOOKMARK_EVERY = 60.0
"""Seconds between bookmarks."""
_BACKLOG = 50_000
"""Events that may wait for a slow client before its stream is closed."""
DEFAULT_TIMEOUT = 1800.0
"""Seconds that a watch lasts whose client names no time."""

Render = Callable[[Entry], bytes]
"""JSON of an object as the client wants it (an object or a table)."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Query parameters of a watch."""

    version: str = ""
    timeout: float = DEFAULT_TIMEOUT
    bookmarks: bool = False
    initial_events: bool | None = None


class Watch:
    """One client's stream."""

    def __init__(
        self, storage: Storage, resource: Resource, namespace: str | None, match: Match | None, render: Render
    ) -> None:
        self._storage, self._resource, self._namespace, self._match, self._render = (
            storage,
            resource,
            namespace,
            match,
            render,
        )
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()

    async def run(self, response: web.StreamResponse, options: WatchOptions) -> None:
        """Write events until the time is over or the client is gone."""
        table = self._storage.table(self._resource)
        try:
            first = self._start(table, options)
        except ApiError as refusal:
            await response.write(_line("ERROR", msgspec.json.encode(refusal.status())))
            return
        table.listeners[self] = self._listen
        try:
            if first:
                await response.write(first)
            await self._follow(response, options)
        finally:
            del table.listeners[self]

    def _listen(self, event: Event) -> None:
        self._waiting.append(event)
        self._wake.set()

    def _start(self, table: Table, options: WatchOptions) -> bytes:
        """What goes out at once: the objects there are, or the events since the version that the client knows."""
        if options.initial_events or (options.initial_events is None and options.version in ("", "0")):
            lines = [
                _line("ADDED", self._shown(table.entries[key]))
                for key in table.range(self._namespace)
                if self._fits(table.entries[key])
            ]
            end = [self._bookmark(initial_end=True)] if options.initial_events else []
            return b"".join(lines + end)
        if not options.version.isdigit():
            if options.version:
                raise bad_request(f'invalid resource version "{options.version}"')
            return b""
        version = int(options.version)
        if version < table.floor or version > self._storage.version:
            raise expired(f"too old resource version: {version} ({max(table.floor, self._storage.version)})")
        return b"".join(line for event in table.since(version) if (line := self._event_line(event)))

    async def _follow(self, response: web.StreamResponse, options: WatchOptions) -> None:
        loop = asyncio.get_running_loop()
        end, bookmark = loop.time() + options.timeout, loop.time() + BOOKMARK_EVERY
        while len(self._waiting) < _BACKLOG:
            if self._waiting:
                events, self._waiting = self._waiting, deque()
                lines = b"".join(line for event in events if (line := self._event_line(event)))
                if lines:
                    await response.write(lines)
                continue
            self._wake.clear()
            left = min(end, bookmark) - loop.time()
            if left > 0:
                await _until(self._wake, left)
                continue
            if options.bookmarks:
                await response.write(self._bookmark())
            if loop.time() >= end:
                return
            bookmark = loop.time() + BOOKMARK_EVERY

    def _event_line(self, event: Event) -> bytes:
        """The event as this client's selectors see it: what begins to match is ADDED, what ends is DELETED."""
        is_in = event.type != "DELETED" and self._fits(event.new)
        was_in = event.old is not None and self._fits(event.old)
        if not is_in and not was_in:
            return b""
        kind = "MODIFIED" if is_in and was_in else "ADDED" if is_in else "DELETED"
        return _line(kind, self._shown(event.new))

    def _fits(self, entry: Entry) -> bool:
        manifest = entry.manifest
        if self._namespace is not None and manifest["metadata"].get("namespace", "") != self._namespace:
            return False
        return self._match is None or self._match(manifest)

    def _shown(self, entry: Entry) -> bytes:
        return self._render(entry.view(self._resource))

    def _bookmark(self, *, initial_end: bool = False) -> bytes:
        metadata: Manifest = {"resourceVersion": str(self._storage.version), "creationTimestamp": None}
        if initial_end:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        body = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        return _line("BOOKMARK", msgspec.json.encode(body))


def _line(kind: str, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), body)


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
