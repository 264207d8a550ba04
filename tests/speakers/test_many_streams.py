"""Two hundred open streams in one web process: no database connection is held, and Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.ports import free_port, listens
from lab.redis import EmbeddedRedis
from tests.demo import ROOT
from tests.waiting import eventually

pytestmark = pytest.mark.faults
STREAMS = 200
_TOKEN = """
from django.contrib.auth.models import User
from bgpui.models import token_create
print("token:" + token_create(user=User.objects.create_superuser("admin"), name="streams")[1])
"""


class Web:
    """A web process of its own, with its own database and Redis."""

    def __init__(self, folder: Path) -> None:
        self.redis = EmbeddedRedis(folder / "redis.sock")
        self.redis.start()
        self.database = folder / "bgpui.sqlite3"
        own = {"BGPUI_VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "bgpui.settings", "BGPUI_SECRET_KEY": "s" * 50}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BGPUI_")}
        self.environment = inherited | own
        self.run("manage.py", "migrate", "--verbosity", "0")
        self.token = self.run("manage.py", "shell", "--verbosity", "0", "--command", _TOKEN).split("token:")[1].strip()
        self.port = free_port()
        options = ["--port", str(self.port), "--log-level", "warning", "--timeout-graceful-shutdown", "2"]
        command = [sys.executable, "-m", "uvicorn", "bgpui.asgi:application", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment)
        eventually(lambda: listens(self.port))

    def run(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def stream(self) -> socket.socket:
        """Open a stream; returns when its first bytes are there."""
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        request = f"GET /events/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n\r\n"
        opened.sendall(request.encode())
        answer = b""
        while b"retry: " not in answer:
            answer += opened.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        return opened

    def open_databases(self) -> int:
        """How often the process has the database's file open."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        return sum(os.path.realpath(entry) == str(self.database) for entry in folder.iterdir())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.redis.stop()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    running = Web(tmp_path)
    yield running
    running.close()


def test_ctrl_c_ends_the_server_and_the_streams_held_no_database_connection(web: Web) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(web.stream()) for _ in range(STREAMS)]
        assert web.open_databases() == 0
        web.process.send_signal(signal.SIGINT)
        web.process.wait(20)
        for stream in streams:
            while stream.recv(4096):
                pass
