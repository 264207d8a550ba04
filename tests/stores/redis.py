"""A Redis of Debian's package, on a TCP port and with a password."""

from __future__ import annotations

import subprocess
from urllib.parse import urlsplit

import redis

from lab.redis import PROGRAM
from tests.waiting import eventually


class Redis:
    """A server on the address of a URL, with its password. It keeps nothing on disk."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        where = urlsplit(self.url)
        listen = ["--bind", str(where.hostname), "--port", str(where.port), "--requirepass", str(where.password)]
        command = ["setpriv", "--pdeathsig=KILL", PROGRAM, *listen, "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(self._answers)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError("Redis did not start")
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
