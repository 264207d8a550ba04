"""kill -9 at every step of an apply, two workers with the same task, and beat twice, each in processes of their own."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection

from clusters import clock, tasks
from clusters.sync import outbox
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster, peer
from tests.clusters.conftest import Office
from tests.clusters.edits import accept
from tests.faults.closing import ENDS, Here, in_force_once
from tests.faults.dying import Worker, database_file
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
# Each reads first; an update moves the fields that a person's tool holds before it applies.
REQUESTS = {"create": ("get", "create"), "update": ("get", "patch", "patch"), "delete": ("get", "delete")}
STEPS = [(edit, number) for edit, verbs in REQUESTS.items() for number in range(len(verbs))]


@pytest.fixture(autouse=True)
def _shared(transactional_db: None, redis_url: str, tmp_path: Path) -> Iterator[None]:
    with database_file(tmp_path / "bgpui.sqlite3"):
        yield


def meet(kube: RunningCluster, edit: str, number: int, moment: str, call: Callable[[], object]) -> None:
    """Call at this moment of the edit's request with this number."""
    callback: dict[str, Any] = {moment: call}
    if number:
        kube.server.faults.add(Fault(resource="bgppeers", count=number))
    kube.server.faults.add(Fault(resource="bgppeers", verb=REQUESTS[edit][number], **callback))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("edit", "number"), STEPS)
def test_a_worker_killed_around_each_of_its_requests(
    kube: RunningCluster, office: Office, world: Here, edit: str, number: int, moment: str
) -> None:
    """As the request comes in, and when it has taken effect, before the answer."""
    row = accept(kube, office, edit)
    worker = Worker(office.cluster, "BGPPeer", row.pk)
    meet(kube, edit, number, moment, worker.kill)
    worker.start()
    assert worker.wait() == -signal.SIGKILL
    assert outbox.left_over(clock.now()) == [], "the lease of the dead holds"
    world.settle()
    in_force_once(world, *ENDS[edit])


@pytest.mark.parametrize("edit", REQUESTS)
def test_a_worker_killed_between_the_answer_and_the_outcome(
    kube: RunningCluster, office: Office, world: Here, edit: str
) -> None:
    """The outcome cannot be written, since somebody else holds the database."""
    row = accept(kube, office, edit)
    worker = Worker(office.cluster, "BGPPeer", row.pk)
    locked = threading.Event()

    with ThreadPoolExecutor(1) as other:  # a connection of its own

        def lock() -> None:
            other.submit(_lock).result()
            locked.set()

        meet(kube, edit, len(REQUESTS[edit]) - 1, "after", lock)
        worker.start()
        assert locked.wait(20)
        time.sleep(0.3)  # not a wait: the answer shall have come to the worker
        worker.kill()
        assert worker.wait() == -signal.SIGKILL
        other.submit(_unlock).result()
    row.refresh_from_db()
    # PostgreSQL carries out a statement that it has been sent, though nobody is there any more to hear of it.
    assert row.pending or connection.vendor == "postgresql"
    world.settle()
    in_force_once(world, *ENDS[edit])


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
        if connection.vendor != "sqlite":
            cursor.execute("LOCK TABLE peers_bgppeer IN EXCLUSIVE MODE")


def _unlock() -> None:
    connection.cursor().execute("ROLLBACK")
    connection.close()


@pytest.mark.parametrize("edit", REQUESTS)
def test_a_worker_killed_before_it_claims_and_one_that_has_just_written_the_outcome(
    kube: RunningCluster, office: Office, world: Here, edit: str
) -> None:
    row = accept(kube, office, edit)
    early = Worker(office.cluster, "BGPPeer", row.pk)
    early.start()
    early.kill()
    early.wait()
    BGPPeer.objects.update(lease_until=None)
    late = Worker(office.cluster, "BGPPeer", row.pk)
    late.start()
    eventually(lambda: not any(each.pending for each in BGPPeer.objects.all()), interval=0.001)
    late.kill()
    late.wait()
    in_force_once(world, *ENDS[edit])
    world.settle()
    in_force_once(world, *ENDS[edit])


@pytest.mark.parametrize("edit", REQUESTS)
def test_workers_that_have_the_same_task_at_the_same_time_write_once(
    kube: RunningCluster, office: Office, world: Here, edit: str
) -> None:
    row = accept(kube, office, edit)
    workers = [Worker(office.cluster, "BGPPeer", row.pk) for _ in range(4)]
    kube.server.faults.add(Fault(resource="bgppeers", delay=0.1, count=2))
    for worker in workers:
        worker.start()
    assert [worker.wait() for worker in workers] == [0] * len(workers)
    in_force_once(world, *ENDS[edit])


@pytest.mark.parametrize("edit", REQUESTS)
def test_a_worker_that_was_presumed_dead_and_its_successor_write_once(
    kube: RunningCluster, office: Office, world: Here, edit: str
) -> None:
    """The first one's last request is late; the second one does it all, and then the first one's is served."""
    row = accept(kube, office, edit)
    first, second = (Worker(office.cluster, "BGPPeer", row.pk) for _ in range(2))
    come = threading.Event()
    last = len(REQUESTS[edit]) - 1
    kube.server.faults.add(Fault(resource="bgppeers", count=last))
    kube.server.faults.add(Fault(resource="bgppeers", delay=1.0, before=come.set))
    first.start()
    assert come.wait(20)
    BGPPeer.objects.update(lease_until=clock.now())
    second.start()
    assert second.wait() == 0
    assert first.wait() == 0
    in_force_once(world, *ENDS[edit])


def test_beat_that_runs_twice_gives_every_task_twice_and_each_edit_is_written_once(
    kube: RunningCluster, office: Office, world: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [office.save(peer(f"tor-{n}", peerAddress=f"192.0.2.{n}", peerASN=64700)) for n in range(1, 4)]
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(current_app, "send_task", lambda _name, args, **_more: sent.append(args))
    tasks.sweep_outbox()
    tasks.sweep_outbox()
    assert sorted(sent) == sorted(("BGPPeer", row.pk) for row in rows for _ in range(2))
    workers = [Worker(office.cluster, kind, pk) for kind, pk in sent]
    for worker in workers:
        worker.start()
    assert {worker.wait() for worker in workers} == {0}
    for number in range(1, 4):
        in_force_once(world, {"peerASN": 64700}, 1, name=f"tor-{number}")
