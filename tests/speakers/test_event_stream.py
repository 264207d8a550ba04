"""The event stream: nudges reach every open page, rights are checked again, Redis may go away and come back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from pytest_django.fixtures import Settings
from redis.asyncio.client import PubSub

from bgpui.models import ApiToken, token_create
from clusters import clock, nudges
from dashboard import events
from dashboard.events import Hub, Mailbox
from lab.redis import EmbeddedRedis
from tests.waiting import eventually

_EVENT = re.compile(r'event: (?P<name>.+)\ndata: \{(?:"cluster": "(?P<cluster>.*?)")?\}\n\n')

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def redis(tmp_path: Path, settings: Settings) -> Iterator[EmbeddedRedis]:
    """A Redis that this test may stop."""
    server = EmbeddedRedis(tmp_path / "redis.sock")
    server.start()
    settings.REDIS_URL = server.url
    nudges.connection.cache_clear()
    yield server
    server.stop()
    nudges.connection.cache_clear()


@pytest.fixture
def viewer() -> User:
    user = User.objects.create_user("viewer", password="a-password")
    user.user_permissions.add(Permission.objects.get(codename="view_session", content_type__app_label="speakers"))
    return user


class Page:
    """An open page: reads its stream event by event."""

    def __init__(self, response: Any) -> None:
        assert isinstance(response, StreamingHttpResponse)
        self._chunks: AsyncIterator[bytes] = aiter(response)
        self._waiting: list[str] = []

    async def next(self) -> str:
        """The next event's name and cluster, comments and settings left out; "end" at the end."""
        async with asyncio.timeout(10):
            while not self._waiting:
                try:
                    chunk = (await anext(self._chunks)).decode()
                except StopAsyncIteration:
                    return "end"
                found = _EVENT.finditer(chunk)
                self._waiting += [f"{event['name']} {event['cluster'] or ''}".strip() for event in found]
            return self._waiting.pop(0)

    async def until(self, wanted: str) -> None:
        """Read on until this event."""
        while await self.next() != wanted:
            pass

    async def close(self) -> None:
        """Go away as a browser does: the server cancels what serves it."""
        reading = asyncio.ensure_future(anext(self._chunks))
        await asyncio.sleep(0)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def signed_in(user: User) -> AsyncClient:
    client = AsyncClient()
    await client.aforce_login(user)
    return client


async def opened(user: User) -> Page:
    """A page whose stream is subscribed."""
    client = await signed_in(user)
    page = Page(await client.get("/events/", headers={"Accept-Encoding": "gzip"}))  # as browsers do
    await listening(page)
    return page


async def listening(page: Page) -> None:
    """Nudge until the page hears it: the subscription begins with the first read."""

    async def knock() -> None:
        while True:
            await asyncio.to_thread(nudges.nudge, "knock")
            await asyncio.sleep(0.05)

    knocking = asyncio.create_task(knock())
    await page.until("knock")
    knocking.cancel()


async def told(event: str, cluster: str = "") -> None:
    await asyncio.to_thread(nudges.nudge, event, cluster)


async def test_a_nudge_reaches_every_page_and_one_subscription_serves_them(redis: EmbeddedRedis, viewer: User) -> None:
    pages = [await opened(viewer) for _ in range(5)]
    await told("sessions", "east")
    await told("session-42", "east")
    for page in pages:
        await page.until("sessions east")
        await page.until("session-42 east")
    subscribers = await asyncio.to_thread(lambda: nudges.connection().pubsub_numsub(nudges.CHANNEL))
    assert subscribers == [(nudges.CHANNEL.encode(), 1)]
    for page in pages:
        await page.close()


async def test_a_message_that_cannot_be_read_does_not_end_the_events(redis: EmbeddedRedis, viewer: User) -> None:
    page = await opened(viewer)
    for message in (b"", b"{", b'{"event": 3}', b"\xff"):
        await asyncio.to_thread(nudges.connection().publish, nudges.CHANNEL, message)
    await told("sessions", "east")
    await page.until("sessions east")
    await page.close()


async def test_the_stream_is_not_buffered_and_not_kept(redis: EmbeddedRedis, viewer: User) -> None:
    response = await (await signed_in(viewer)).get("/events/")
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["Cache-Control"] == "no-store, no-transform"


async def test_a_silent_stream_sends_heartbeats(
    redis: EmbeddedRedis, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.05)
    response: Any = await (await signed_in(viewer)).get("/events/")
    chunks = aiter(response)
    first = await anext(chunks)
    assert first.startswith(b"retry: 3000\n: ")
    assert len(first) > 4096, "more than a proxy collects before it hands anything on"
    assert await anext(chunks) == b": still here\n\n"
    await chunks.aclose()


@pytest.mark.parametrize("end", ["the last page leaves", "the event loop ends"])
async def test_a_listener_whose_end_was_swallowed_ends_with_its_wait(
    redis: EmbeddedRedis, viewer: User, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """As redis-py does if the wait for a message runs out at that very moment."""
    wait = PubSub.get_message

    async def swallowing(*args: Any, **kwargs: Any) -> Any:
        with suppress(asyncio.CancelledError):
            return await wait(*args, **kwargs)

    monkeypatch.setattr(events, "HEARTBEAT", 0.05)
    monkeypatch.setattr(PubSub, "get_message", swallowing)
    page = await opened(viewer)
    listener = Hub.of_this_loop()._task
    assert listener is not None
    if end == "the last page leaves":
        await page.close()
    else:
        listener.cancel()
    await asyncio.wait([listener], timeout=30)
    assert listener.done()


async def test_without_a_user_or_the_right_there_is_no_stream(redis: EmbeddedRedis) -> None:
    nobody = await sync_to_async(User.objects.create_user)("nobody", password="a-password")
    assert (await AsyncClient().get("/events/")).status_code == 401
    assert (await (await signed_in(nobody)).get("/events/")).status_code == 401
    assert (await AsyncClient().get("/events/", headers={"Authorization": "Bearer wrong"})).status_code == 401
    assert (await (await signed_in(nobody)).post("/events/")).status_code == 405


async def test_a_bearer_token_opens_the_stream_until_it_expires(
    redis: EmbeddedRedis, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RIGHTS", 0.05)
    token, text = await sync_to_async(token_create)(user=viewer, name="script")
    page = Page(await AsyncClient().get("/events/", headers={"Authorization": f"Bearer {text}"}))
    await listening(page)
    await ApiToken.objects.filter(pk=token.pk).aupdate(expires_at=clock.now() - timedelta(seconds=1))
    await asyncio.sleep(0.1)
    await told("sessions")
    await page.until("denied")
    assert await page.next() == "end"


@pytest.mark.parametrize("loss", ["role", "logout", "account"])
async def test_a_lost_right_ends_the_stream(
    redis: EmbeddedRedis, viewer: User, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    monkeypatch.setattr(events, "RIGHTS", 0.05)
    client = await signed_in(viewer)
    page = Page(await client.get("/events/"))
    await listening(page)
    if loss == "role":
        await viewer.user_permissions.aclear()
    elif loss == "logout":
        await client.alogout()
    else:
        await User.objects.filter(pk=viewer.pk).aupdate(is_active=False)
    await asyncio.sleep(0.1)
    await told("sessions")
    await page.until("denied")
    assert await page.next() == "end"


async def test_a_restart_of_redis_is_stale_and_then_everything_is_fetched_again(
    redis: EmbeddedRedis, viewer: User
) -> None:
    page = await opened(viewer)
    redis.stop(kill=True)
    await page.until("stale")
    late = Page(await (await signed_in(viewer)).get("/events/"))
    assert await late.next() == "stale"
    redis.start()
    for event in events.EVERYTHING:
        await page.until(event)
    await listening(page)
    await page.close()
    await late.close()


async def test_the_last_page_ends_the_subscription(redis: EmbeddedRedis, viewer: User) -> None:
    page = await opened(viewer)
    await page.close()
    await asyncio.to_thread(lambda: eventually(lambda: not nudges.connection().pubsub_numsub(nudges.CHANNEL)[0][1]))
    assert Hub.of_this_loop()._task is None


async def test_a_slow_page_gets_each_event_once_and_costs_nothing() -> None:
    mailbox = Mailbox()
    for _ in range(1000):
        mailbox.put("sessions", "east")
        mailbox.put("sweep", "east")
    letters = await mailbox.take(1)
    assert len(letters) == 2
    for number in range(5000):
        mailbox.put(f"session-{number}")
    letters = await mailbox.take(1)
    assert len(letters) <= 501
    assert any("event: sessions\n" in letter for letter in letters)
    assert await mailbox.take(0.01) == []
