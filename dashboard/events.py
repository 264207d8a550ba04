"""The event stream: tells open pages to look again. One Redis subscription a process, however many pages are open."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator
from importlib import import_module
from weakref import WeakKeyDictionary

import msgspec
import redis
import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.decorators import login_not_required
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from clusters.nudges import CHANNEL, Nudge

HEARTBEAT = 15.0  # seconds; proxies close what is silent for longer
RIGHTS = 60.0  # seconds between looks at whether the viewer still may see this
PADDING = 4096  # bytes; a proxy that collects a few kilobytes hands the beginning on at once
RETRY_LIMIT = 10.0  # seconds between tries to reach Redis
EVERYTHING = ("sweep", "sessions", "resources", "alarms")  # what a page that may have missed something has to fetch
_MOST = 500  # different events that wait for one slow reader
log = logging.getLogger(__name__)


@login_not_required
async def events(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events: sweep, sessions, resources, alarms, session-<pk>, `stale` while Redis is away; data: cluster.

    For a session cookie or a bearer token, checked at the start and then once a minute: `denied` ends the stream.
    """
    if request.method != "GET":
        return HttpResponse(status=405, headers={"Allow": "GET"})
    if not await _may_watch(request):
        return HttpResponse("sign in first\n", status=401, content_type="text/plain")
    # nginx is told not to buffer, others not to compress, which would buffer too.
    headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_stream(request), content_type="text/event-stream", headers=headers)


@sync_to_async
def _may_watch(request: HttpRequest) -> bool:
    """Authenticate anew, so that a logout, an expired token or a lost role counts; closes the database connection."""
    probe = HttpRequest()
    probe.method, probe.META, probe.COOKIES = "GET", request.META, request.COOKIES
    try:
        engine = import_module(settings.SESSION_ENGINE)
        probe.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        probe.user = get_user(probe)
        user = Request(probe, authenticators=APIView().get_authenticators()).user
        return bool(user and user.is_active and user.has_perm("speakers.view_session"))
    except APIException:
        return False
    finally:
        connections.close_all()


async def _stream(request: HttpRequest) -> AsyncIterator[bytes]:
    hub, mailbox = Hub.of_this_loop(), Mailbox()
    hub.join(mailbox)
    due = time.monotonic() + RIGHTS * random.uniform(0.8, 1.0)  # noqa: S311  streams take turns
    try:
        yield b"retry: 3000\n:" + b" " * PADDING + b"\n\n"
        while True:
            letters = await mailbox.take(HEARTBEAT)
            if time.monotonic() >= due:
                if not await _may_watch(request):
                    yield b"event: denied\ndata: {}\n\n"
                    return
                due = time.monotonic() + RIGHTS
            yield "".join(letters).encode() or b": still here\n\n"
    finally:
        hub.leave(mailbox)


class Mailbox:
    """Events that one reader has not got yet; the same event waits only once, so a slow reader costs nothing."""

    def __init__(self) -> None:
        self._letters: dict[str, None] = {}
        self._filled = asyncio.Event()

    def put(self, event: str, cluster: str = "") -> None:
        """Add an event."""
        if len(self._letters) >= _MOST:
            self._letters = {_letter(name, ""): None for name in EVERYTHING}
        self._letters[_letter(event, cluster)] = None
        self._filled.set()

    async def take(self, patience: float) -> list[str]:
        """All that is there, else what comes within `patience` seconds, else nothing."""
        try:
            async with asyncio.timeout(patience):
                await self._filled.wait()
        except TimeoutError:
            return []
        letters, self._letters = list(self._letters), {}
        self._filled.clear()
        return letters


def _letter(event: str, cluster: str) -> str:
    return f"event: {event}\ndata: {json.dumps({'cluster': cluster})}\n\n"


class Hub:
    """The subscription of one event loop, alive while anyone listens."""

    _hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._readers: set[Mailbox] = set()
        self._task: asyncio.Task[None] | None = None
        self._stale = False

    @classmethod
    def of_this_loop(cls) -> Hub:
        """The hub that all streams of this process share."""
        return cls._hubs.setdefault(asyncio.get_running_loop(), cls())

    def join(self, mailbox: Mailbox) -> None:
        """Deliver to this reader from now on."""
        self._readers.add(mailbox)
        if self._stale:
            mailbox.put("stale")
        if self._task is None:
            self._task = asyncio.create_task(self._listen())

    def leave(self, mailbox: Mailbox) -> None:
        """The reader has gone; the last one ends the subscription."""
        self._readers.discard(mailbox)
        if not self._readers and self._task is not None:
            self._task.cancel()
            self._task = None

    def _tell(self, event: str, cluster: str = "") -> None:
        for reader in self._readers:
            reader.put(event, cluster)

    @property
    def _listened(self) -> bool:
        """Whether this task is wanted; a wait for Redis that ends as it is cancelled swallows that."""
        task = asyncio.current_task()
        return task is not None and task is self._task and not task.cancelling()

    async def _listen(self) -> None:
        """Subscribe, again and again: Redis may restart. Whatever was missed meanwhile is fetched afterwards."""
        failures = 0
        while self._listened:
            try:
                client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
                async with client, client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(CHANNEL)
                    for event in EVERYTHING if self._stale else ():
                        self._tell(event)
                    self._stale, failures = False, 0
                    await self._forward(subscription)
            except (redis.RedisError, OSError) as error:
                failures = min(failures + 1, 10)
                if not self._stale:
                    log.warning("events are stale: %s", error)
                    self._stale = True
                    self._tell("stale")
                await asyncio.sleep(min(0.1 * 2**failures, RETRY_LIMIT) * random.uniform(0.5, 1.0))  # noqa: S311

    async def _forward(self, subscription: redis.asyncio.client.PubSub) -> None:
        while self._listened:
            message = await subscription.get_message(timeout=HEARTBEAT)
            if message is None:
                await subscription.ping()  # a connection that died silently fails here
            elif message["type"] == "message":
                try:
                    nudge = msgspec.json.decode(message["data"], type=Nudge)
                except msgspec.MsgspecError as error:  # of another version, or of somebody else
                    log.warning("an event cannot be read: %s", error)
                else:
                    self._tell(nudge.event, nudge.cluster)
