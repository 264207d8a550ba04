"""The demo's processes are kept up, end in order, and do not outlive their supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.demo import DemoError, Options
from lab.processes import ProcessError
from lab.supervisor import Supervisor
from tests.lab.until import until
from tests.waiting import eventually

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


def pid_of(folder: Path, name: str) -> int:
    """The process id that the supervisor noted, 0 before."""
    path = folder / "pids" / name
    return int(path.read_text() or 0) if path.exists() else 0


def alive(pid: int) -> bool:
    """True while a process runs (a zombie does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def test_a_process_that_is_killed_is_started_again(tmp_path: Path) -> None:
    children = Supervisor(tmp_path)
    children.keep("worker", SLEEP, os.environ)
    await until(lambda: pid_of(tmp_path, "worker"))
    first = pid_of(tmp_path, "worker")
    os.kill(first, signal.SIGKILL)
    await until(lambda: pid_of(tmp_path, "worker") not in {0, first})
    await children.stop()
    assert not alive(pid_of(tmp_path, "worker"))


async def test_a_process_that_does_not_stay_up_ends_the_supervision_with_its_last_words(tmp_path: Path) -> None:
    children = Supervisor(tmp_path)
    children.keep("web", [sys.executable, "-c", "print('no such table'); raise SystemExit(3)"], os.environ)
    with pytest.raises(ProcessError, match=r"web ended with exit code 3, 5 times in a row(.|\n)*no such table"):
        await children.failure()
    await children.stop()


async def test_a_step_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="migrate ended with exit code 2"):
        await Supervisor(tmp_path).once("migrate", [sys.executable, "-c", "raise SystemExit(2)"], os.environ)


async def test_a_process_that_ignores_the_end_is_killed_and_the_ground_goes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.supervisor._PATIENCE", 0.2)
    children = Supervisor(tmp_path)
    children.keep("web", STUBBORN, os.environ)
    children.keep("redis", SLEEP, os.environ)
    log = tmp_path / "logs" / "web.log"
    await until(lambda: log.exists() and log.read_text() and pid_of(tmp_path, "redis"))
    web, redis = pid_of(tmp_path, "web"), pid_of(tmp_path, "redis")
    stopping = asyncio.ensure_future(children.stop("redis"))
    await until(lambda: not alive(web))
    await stopping
    assert not alive(redis)


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, os, pathlib
from lab.supervisor import Supervisor
async def main():
    children = Supervisor(pathlib.Path({str(tmp_path)!r}))
    children.keep("worker", {SLEEP!r}, os.environ)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    supervisor = subprocess.Popen([sys.executable, "-c", program])
    worker = eventually(lambda: pid_of(tmp_path, "worker"))
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: not alive(worker))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PORT": "http"}, "PORT is 'http'; it may be a number from 1 to 65535"),
        ({"NODES": "0"}, "NODES is '0'"),
        ({"MODE": "native"}, "MODE is 'native'; it may be frr or frr-k8s"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_words(environment: dict[str, str], words: str) -> None:
    with pytest.raises(DemoError, match=words):
        Options.read(environment)


def test_a_demo_says_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = {**os.environ, "PORT": str(taken.getsockname()[1]), "DEMO_DIR": str(tmp_path)}
        ended = subprocess.run(
            [sys.executable, "-m", "lab", "demo"], env=environment, capture_output=True, text=True, check=False
        )
    assert ended.returncode == 1
    assert "is taken" in ended.stderr
    assert "Traceback" not in ended.stderr


def serve(folder: Path) -> subprocess.Popen[str]:
    """`python -m lab serve`, ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lab", "serve", "--dir", str(folder), "--nodes", "2"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("lab https://127.0.0.1:")
    return process


def test_a_lab_that_is_served_again_answers_on_the_same_port_even_after_a_kill(tmp_path: Path) -> None:
    first = serve(tmp_path)
    kubeconfig = (tmp_path / "kubeconfig").read_text()
    first.kill()
    first.wait()
    second = serve(tmp_path)
    assert (tmp_path / "kubeconfig").read_text() == kubeconfig
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0
    assert not (tmp_path / "ready").exists()
