"""One HTTP request to a receiver: bounded in time, never redirected, never to an address where none can be."""

from __future__ import annotations

import asyncio
import math
import socket
import time
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from alarms.delivery.failure import DeliveryError
from alarms.delivery.lookup import look_up
from clusters.hosts import is_none, stands_for_none
from clusters.words import bounded

TIMEOUT = 10.0  # seconds, for all of it
TIMEOUT_OF_ALL = 30.0  # for several that are one try
_READ = 2000  # bytes of an answer
_WORDS = 2000  # characters of what is said: cut to what is shown when nothing secret is in it any more
NO_RECEIVER = "no receiver is at such an address"


_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class _Resolver(AbstractResolver):
    """The system's, without a wait beyond our own limit; its answers are judged: no connection goes elsewhere."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError for a name of one that is refused."""
        found = await asyncio.wrap_future(look_up(host, port, family))
        addresses = [(str(address[0]), one, proto) for one, _, proto, _, address in found]
        if any(is_none(ip_address(address.partition("%")[0])) for address, _, _ in addresses):
            raise OSError(NO_RECEIVER)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=one, proto=proto, flags=_NUMERIC)
            for address, one, proto in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def post(
    url: str, *, body: bytes = b"", headers: Mapping[str, str], method: str = "POST", until: float = math.inf
) -> None:
    """Send it; an answer with 2xx means that it was taken. until: by the monotonic clock. Raises DeliveryError."""
    limit = max(min(TIMEOUT, until - time.monotonic()), 0.01)
    if stands_for_none(urlsplit(url).hostname or "", resolve=False):
        raise DeliveryError(NO_RECEIVER)
    try:
        asyncio.run(_send(url, body, headers, method, limit))
    except TimeoutError as error:
        raise DeliveryError(f"no answer within {limit:.2g} s", away=True) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        away = isinstance(error, (aiohttp.ClientConnectionError, OSError))
        raise DeliveryError(bounded(error, _WORDS) or type(error).__name__, away=away) from error


async def _send(url: str, body: bytes, headers: Mapping[str, str], method: str, limit: float) -> None:
    connector = aiohttp.TCPConnector(resolver=_Resolver(), force_close=True)
    timeout = aiohttp.ClientTimeout(total=limit)
    sent = {"User-Agent": "bgpui", **headers}
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
        session.request(method, url, data=body or None, headers=sent, allow_redirects=False) as answer,
    ):
        if 200 <= answer.status < 300:
            return
        said = bounded((await answer.content.read(_READ)).decode("utf-8", "replace"), _WORDS)
        what = "a redirect, which is not followed" if 300 <= answer.status < 400 else bounded(answer.reason, 60)
        text = f"{answer.status} {what}{f': {said}' if said else ''}"
        raise DeliveryError(text, _after(answer.headers.get("Retry-After", "")))


def _after(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
