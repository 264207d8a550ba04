"""At least once: workers that are killed in the middle of a delivery, and several that have the same task at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections

from alarms import tasks
from alarms.models import Notice, Route
from clusters import clock
from tests.alarms.receivers import Receiver
from tests.faults.dying import database_file

pytestmark = pytest.mark.django_db(transaction=True)
_forks = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def _shared(transactional_db: None, redis_url: str, tmp_path: Path) -> Iterator[None]:
    with database_file(tmp_path / "bgpui.sqlite3"):
        yield


@pytest.fixture
def notice(_shared: None, route: Callable[..., Route]) -> Notice:
    """One that waits."""
    now = clock.now()
    body = {"test": True, "asked_by": "", "at": "2031-01-01T00:00:00Z"}
    made = Notice(route=route(), kind="test", title="t", body=body, created_at=now, next_at=now)
    made.save()
    return made


def worker(pk: int) -> multiprocessing.process.BaseProcess:
    """A process that carries out the product's task."""
    connections.close_all()
    process = _forks.Process(target=tasks.deliver, args=(pk,))
    process.start()
    return process


def test_a_worker_killed_in_mid_delivery_leaves_the_notice_to_the_next(notice: Notice, receiver: Receiver) -> None:
    """The receiver has it, and nobody knows: it is told once more, with the same key."""
    killed: list[multiprocessing.process.BaseProcess] = []

    def kill() -> None:
        if killed and killed[0].pid is not None and len(receiver.got) == 1:
            os.kill(killed[0].pid, signal.SIGKILL)
            os.waitid(os.P_PID, killed[0].pid, os.WEXITED | os.WNOWAIT)  # the test itself takes its status

    receiver.first = kill
    connections.close_all()
    first = _forks.Process(target=tasks.deliver, args=(notice.pk,))
    killed.append(first)
    first.start()
    first.join(20)
    assert first.exitcode == -signal.SIGKILL
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("waiting", 1)
    tasks.deliver(notice.pk)
    assert len(receiver.got) == 1  # the dead worker's lease
    Notice.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    second = worker(notice.pk)
    second.join(20)
    notice.refresh_from_db()
    assert (second.exitcode, notice.state, notice.attempts) == (0, "sent", 2)
    assert len({got.headers["Idempotency-Key"] for got in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_several_workers_with_the_same_task_send_it_once(notice: Notice, receiver: Receiver) -> None:
    processes = [worker(notice.pk) for _ in range(4)]
    for process in processes:
        process.join(20)
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(receiver.got) == 1
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("sent", 1)


def test_a_worker_that_was_presumed_dead_does_not_overwrite_what_became_of_it(
    notice: Notice, receiver: Receiver
) -> None:
    def overtake() -> None:
        if len(receiver.got) == 1:  # the lease runs out while the receiver thinks
            Notice.objects.update(lease_until=clock.now() - timedelta(seconds=1))
            with ThreadPoolExecutor(1) as pool:
                pool.submit(tasks.deliver, notice.pk).result(20)
            connections.close_all()

    receiver.first = overtake
    receiver.answers = [(200, {}, b""), (500, {}, b"late")]
    tasks.deliver(notice.pk)
    notice.refresh_from_db()
    assert (notice.state, notice.error, notice.attempts) == ("sent", "", 2)
