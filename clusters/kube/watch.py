"""Watches: what changes in a cluster as it changes, stripped of secrets like every other answer."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from clusters.kube.client import Door
from clusters.kube.errors import KubeError, Unreachable, error_of, why_unreachable
from clusters.kube.kinds import Served, path
from clusters.kube.transport import Object, object_of

DELETED = "DELETED"
_CHANGES = ("ADDED", "MODIFIED", DELETED)
_LONGEST = 16 * 1024 * 1024  # bytes of one event; etcd holds objects of 1.5 MiB
_REFUSAL = 64 * 1024  # bytes of an answer that is read for its words
_LASTING = (240.0, 480.0)  # seconds that the server is asked to go on; credentials are read anew after that
# Bookmarks come about once a minute (Kubernetes API concepts, "Watch bookmarks"): longer silence may be a dead line.
_SILENCE = 150.0


class Event(NamedTuple):
    """One change. type: ADDED, MODIFIED or DELETED; version: the object's resourceVersion, the deletion's own."""

    type: str
    obj: Object
    version: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace, "" = none, and name."""
        metadata = self.obj["metadata"]
        return str(metadata.get("namespace") or ""), str(metadata["name"])


class Batch(NamedTuple):
    """Changes that came together, and the resourceVersion from which a later watch can go on after them."""

    events: list[Event]
    version: str


class Watch:
    """The way to the event streams of one API server, with the credentials of the moment that it was made.

    Making one may block, as reading credentials may, and raises Unreachable if there are none.
    """

    def __init__(self, door: Door, *, timeout: float) -> None:
        self._door, self._timeout = door, timeout
        self._tls: ssl.SSLContext | None = door.connection.tls()
        self._headers = door.connection.headers() | {"Accept": "application/json"}

    async def batches(
        self, kind: Served, namespace: str | None, version: str, *, labels: str = "", fields: str = ""
    ) -> AsyncGenerator[Batch, None]:
        """What changes after `version`, until the server ends the stream; the first batch is empty: it has begun.

        What is not asked for waits with the server, which ends the stream of who is too slow. Raises KubeError:
        Expired if the server does not know that version any more.
        """
        connector = aiohttp.TCPConnector(ssl=True if self._tls is None else self._tls)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=_SILENCE)
        url = self._url(kind, namespace, version, {"labelSelector": labels, "fieldSelector": fields})
        try:
            async with aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
            ) as session:
                async with asyncio.timeout(self._timeout):
                    answer = await session.get(url, allow_redirects=False, **self._options())
                async with answer:
                    if answer.status != 200:
                        raise error_of(answer.status, answer.headers, await answer.content.read(_REFUSAL))
                    yield Batch([], version)
                    async for lines in _lines(answer.content):
                        version = (batch := self._batch(lines, version)).version
                        yield batch
        except aiohttp.SocketTimeoutError:
            return  # silent for too long; the next stream goes on from here
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"the event stream broke: {why_unreachable(error)}") from error

    def _url(self, kind: Served, namespace: str | None, version: str, selectors: dict[str, str]) -> URL:
        seconds = random.uniform(*_LASTING)  # noqa: S311  streams end in turns
        query = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version}
        query |= {"timeoutSeconds": str(int(seconds))} | {name: value for name, value in selectors.items() if value}
        return URL(f"{self._door.connection.url}{path(kind, namespace)}?{urlencode(query)}", encoded=True)

    def _options(self) -> dict[str, Any]:
        connection = self._door.connection
        options = {"proxy": connection.proxy, "server_hostname": connection.server_name, "headers": self._headers}
        return {name: value for name, value in options.items() if value is not None}

    def _batch(self, lines: list[bytes], version: str) -> Batch:
        events = []
        for line in lines:
            told = object_of(line)
            kind, obj = told.get("type"), told.get("object")
            if not isinstance(obj, dict):
                raise Unreachable("an event cannot be read: it has no object")
            if kind == "ERROR":
                raise _refusal(obj)
            metadata = obj.get("metadata")
            if not isinstance(metadata, dict) or not isinstance(metadata.get("resourceVersion"), str):
                continue  # nothing that a Kubernetes API server sends
            version = metadata["resourceVersion"]
            if kind in _CHANGES and isinstance(metadata.get("name"), str) and isinstance(obj.get("kind"), str):
                events.append(Event(kind, self._door.strip(obj), version))
        return Batch(events, version)


def newer(one: str, other: str) -> bool | None:
    """Whether a resourceVersion is newer than another of the same kind; None if that cannot be told.

    Those of Kubernetes' own storage are numbers that grow (Kubernetes API concepts, "Resource versions").
    """
    if not all(version.isascii() and version.isdigit() for version in (one, other)):
        return None
    return int(one) > int(other)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[list[bytes]]:
    """Complete lines, as many as have come in; what is cut off at the end of the stream is dropped."""
    rest = b""
    while chunk := await content.readany():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST:
            raise Unreachable(f"an event is longer than {_LONGEST} bytes")
        if lines := [line for line in lines if line.strip()]:
            yield lines


def _refusal(status: Object) -> KubeError:
    code = status.get("code")
    return error_of(code if isinstance(code, int) else 500, {}, msgspec.json.encode(status))
