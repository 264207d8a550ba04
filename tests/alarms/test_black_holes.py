"""Receivers that take connections and never answer hold up neither heartbeats nor what others are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from celery import current_app
from celery.signals import celeryd_after_setup
from django.db import connections

from alarms import tasks
from alarms.models import Notice, Route
from clusters import clock
from clusters.alone import alone
from clusters.models import Cluster
from speakers.models import Sweep
from tests.alarms.conftest import Routes
from tests.alarms.receivers import Receiver, http_receiver
from tests.faults.dying import database_file

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {"test": True, "asked_by": "", "at": "2031-01-01T00:00:00Z"}


@pytest.fixture(autouse=True)
def _shared(transactional_db: None, redis_url: str, tmp_path: Path) -> Iterator[None]:
    with database_file(tmp_path / "bgpui.sqlite3"):
        yield


class Hole:
    """Takes a request, and answers when the test lets it."""

    def __init__(self, receiver: Receiver) -> None:
        self.url, self.asked, self.over = receiver.url, threading.Event(), threading.Event()
        receiver.first = self._wait

    def _wait(self) -> None:
        self.asked.set()
        self.over.wait(60)


@pytest.fixture
def hole() -> Iterator[Hole]:
    with http_receiver() as receiver:
        made = Hole(receiver)
        yield made
        made.over.set()


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Lets this process be a worker with so many threads, which Celery says before it begins."""

    def are(number: int) -> None:
        celeryd_after_setup.send("worker@here", instance=SimpleNamespace(concurrency=number), conf=None)

    yield are
    are(1)


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., Future[None]]]:
    """Carries out a task in another thread, as workers do."""

    def run(task: Callable[..., object], *args: object) -> None:
        try:
            task(*args)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        yield lambda task, *args: pool.submit(run, task, *args)


def test_routes_that_fail_leave_a_thread_to_the_others(
    route: Routes, receiver: Receiver, hole: Hole, threads: Callable[[int], None],
    elsewhere: Callable[..., Future[None]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sent = list[int]()
    monkeypatch.setattr("alarms.delivery.http.TIMEOUT", 60.0)
    monkeypatch.setattr("alarms.delivery.outbox.send", sent.append)
    threads(2)
    now, here = clock.now(), receiver.url
    rows = []
    for name, url in (("fine", here), ("fails", hole.url), ("fails, too", here)):
        receiver.url = url
        to = route(name=name)
        rows.append(Notice.objects.create(route=to, kind="test", title="t", body=BODY, created_at=now, next_at=now))
    Route.objects.exclude(name="fine").update(failed_at=now, error="no answer within 10 s")
    fine, fails, other = rows
    held = elsewhere(tasks.deliver, fails.pk)
    assert hole.asked.wait(60)
    tasks.deliver(other.pk)
    other.refresh_from_db()
    assert (other.attempts, other.lease_until, receiver.got) == (0, None, [])
    tasks.deliver(fine.pk)
    assert [got.path for got in receiver.got] == ["/hook/T0KEN-in-the-path"]
    assert sent == []
    hole.over.set()
    held.result(60)
    assert sent == [other.pk]  # by whoever leaves the place
    tasks.deliver(other.pk)
    assert {row.state for row in Notice.objects.all()} == {"sent"}


def test_heartbeats_wait_for_no_other_heartbeat_and_for_no_notice(
    route: Routes, receiver: Receiver, hole: Hole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that does not answer would end its try as failed, before the other one is hit."""
    for limit in ("http.TIMEOUT", "receivers.BEAT"):
        monkeypatch.setattr(f"alarms.delivery.{limit}", 60.0)
    here, now = receiver.url, clock.now()
    receiver.url = hole.url
    rows = [route("heartbeat", name="away")]
    receiver.url = here
    rows.append(route("heartbeat", name="fine"))
    receiver.first = hole.over.set
    tasks.beats([(row.pk, now.isoformat()) for row in rows], "fine")
    assert [row.sent_total for row in Route.objects.order_by("pk")] == [1, 1]
    queues = [current_app.amqp.router.route({}, f"alarms.tasks.{name}")["queue"].name for name in ("beats", "deliver")]
    assert queues == ["alarm", "notice"]


def test_heartbeats_that_fail_keep_no_others_waiting_and_take_one_thread(
    cluster: Cluster, route: Routes, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sweeps may follow each other faster than a try ends."""
    now, sent = clock.now(), list[tuple[list[tuple[int, str]], str]]()
    monkeypatch.setattr(tasks.beats, "apply_async", lambda told, **_: sent.append(told))
    Sweep.objects.create(cluster=cluster, shard=0, began_at=now, ended_at=now)
    for name in ("fine", "failing"):
        route("heartbeat", name=name, path=f"/{name}")
    Route.objects.filter(name="failing").update(failed_at=now, error="no answer within 5 s")
    tasks.look()
    assert [name for _, name in sent] == ["fine", "failing"]
    with alone("heartbeats-failing"):
        for told in sent:
            tasks.beats(*told)
    assert [got.path for got in receiver.got] == ["/fine"]
    tasks.beats(*sent[1])
    assert receiver.got[-1].path == "/failing"
