"""Redis absent at the start and flushed, PostgreSQL killed under everybody, and clocks that differ by five minutes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
import requests

from lab.redis import EmbeddedRedis
from tests.demo import ROOT, Demo, start
from tests.faults.actions import edit, send, settle
from tests.faults.closing import There, truthful
from tests.stores import postgres
from tests.waiting import eventually

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
ACCEPTED = {200, 201, 202}


class Stores:
    """PostgreSQL and a Redis that belong to the test, and the demo that runs on them."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)  # the server's account has to get through
        self.postgres, self.redis = postgres.Postgres(folder / "postgres"), EmbeddedRedis(folder / "redis.sock")
        self._folder = folder / "demo"

    def start(self) -> Demo:
        """Without Redis at first: it comes when a worker has looked for it in vain."""
        self.postgres.start()
        come = threading.Thread(target=self._redis_comes)
        come.start()
        addresses = {"BGPUI_DATABASE_URL": self.postgres.url(), "BGPUI_REDIS_URL": self.redis.url}
        demo = start(self._folder, BGPUI_API_TIMEOUT="2", **addresses)
        come.join()
        return demo

    def _redis_comes(self) -> None:
        log = self._folder / "logs" / "worker-apply.log"
        eventually(lambda: log.exists() and "annot connect" in log.read_text(), timeout=90)
        self.redis.start()

    def close(self) -> None:
        self.redis.stop()
        self.postgres.close()


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    folder = Path(tempfile.mkdtemp(prefix="bgpui-faults-"))
    found = Stores(folder)
    yield found
    found.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def running(stores: Stores) -> Iterator[Demo]:
    demo = stores.start()
    yield demo
    demo.stop(60)


@pytest.fixture
def generation(running: Demo) -> int:
    """The peer exists and is in sync."""
    eventually(lambda: edit(running, 90).status_code in ACCEPTED, timeout=30, interval=0.5)
    return settle(running, 90)


def test_redis_that_comes_later_than_everybody_is_found(running: Demo, generation: int) -> None:
    assert edit(running, 91).status_code in ACCEPTED
    assert settle(running, 91) == generation + 1


def test_a_flushed_redis_loses_no_edit(running: Demo, stores: Stores, generation: int) -> None:
    send(running, "worker-apply", signal.SIGSTOP)
    try:
        assert edit(running, 92).status_code in ACCEPTED
        with redis.Redis.from_url(stores.redis.url) as client:
            client.flushall()
    finally:
        send(running, "worker-apply", signal.SIGCONT)
    assert settle(running, 92) == generation + 1


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.06, 0.15, 0.4])
def test_postgresql_killed_in_the_middle_of_a_transaction(
    running: Demo, stores: Stores, generation: int, moment: float
) -> None:
    """What was answered with success is in force once; what was not has either happened as a whole or not at all."""
    with ThreadPoolExecutor(1) as person:
        answer = person.submit(_try, running, 93)
        time.sleep(moment)  # not a wait: the kill shall hit different steps
        stores.postgres.stop(kill=True)
        stores.postgres.start()
        accepted = answer.result() in ACCEPTED

    def told() -> int:
        row = running.api("GET", "bgppeers/lab/metallb-system/fragile/").json()
        truthful(There(running))
        return 93 if row["spec"]["holdTime"] == "93s" else 90

    stands = eventually(told, timeout=45, interval=0.3)
    assert stands == 93 or not accepted
    assert settle(running, stands) == generation + (stands == 93)


def _try(demo: Demo, hold_time: int) -> int:
    """The status, 0 = no answer."""
    try:
        return edit(demo, hold_time).status_code
    except requests.RequestException:
        return 0


@contextmanager
def _worker_at(demo: Demo, offset: str) -> Iterator[None]:
    """A worker for edits as the demo's own, on a machine whose clock is wrong."""
    own = int((demo.folder / "pids" / "worker-apply").read_text())
    command = Path(f"/proc/{own}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    environment = dict(line.split(b"=", 1) for line in Path(f"/proc/{own}/environ").read_bytes().split(b"\0") if line)
    environment |= {b"LD_PRELOAD": os.fsencode(FAKETIME or ""), b"FAKETIME": offset.encode()}
    environment[b"FAKETIME_DONT_FAKE_MONOTONIC"] = b"1"
    words = [b"apply@elsewhere" if word.startswith(b"apply@") else word for word in command]
    with (demo.folder / "logs" / "elsewhere.log").open("ab") as log:
        process = subprocess.Popen(words, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed: apt-get install -y libfaketime")
@pytest.mark.parametrize("offset", ["+300s", "-300s"])
def test_a_worker_whose_clock_is_five_minutes_off(running: Demo, generation: int, offset: str) -> None:
    """Alone, as one that takes over from one with the right time, and together with it."""
    with _worker_at(running, offset):
        send(running, "worker-apply", signal.SIGSTOP)
        try:
            assert edit(running, 94).status_code in ACCEPTED
            assert settle(running, 94) == generation + 1
        finally:
            send(running, "worker-apply", signal.SIGCONT)
        for number in range(1, 5):
            assert edit(running, 94 + number).status_code in ACCEPTED
            assert settle(running, 94 + number) == generation + 1 + number
