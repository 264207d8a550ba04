"""Processes without a port show that their loops turn, by a file that a probe looks at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo import ROOT
from tests.settings import REDIS_URL
from tests.waiting import eventually

_CELERY = ["-m", "celery", "-A", "bgpui.celery"]
_PROCESSES = {
    "worker": [*_CELERY, "worker", "--queues", "nothing", "--pool", "threads", "--without-mingle", "--without-gossip"],
    "beat": [*_CELERY, "beat"],
    "watch": ["manage.py", "watch"],
}


@pytest.mark.parametrize("process", _PROCESSES)
def test_the_file_is_there_as_soon_as_the_loop_turns(process: str, tmp_path: Path, redis_url: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BGPUI_", "DJANGO_"))}
    file = tmp_path / "alive"
    own = {"BGPUI_VAR_DIR": str(tmp_path), "BGPUI_REDIS_URL": REDIS_URL, "BGPUI_ALIVE": str(file)}
    log = (tmp_path / "log").open("wb")
    command = [sys.executable, *_PROCESSES[process]]
    running = subprocess.Popen(command, cwd=ROOT, env=kept | own, stdout=log, stderr=log)
    try:
        eventually(file.exists, timeout=30)
    finally:
        running.kill()
        running.wait(20)
