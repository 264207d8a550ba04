"""A PostgreSQL of Debian's package, in a folder and on a port of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from lab.ports import free_port
from tests.waiting import eventually

MISSING = "PostgreSQL is not installed: apt-get update && apt-get install -y postgresql"
_USER = "bgpui"
# As the official image does it: a language's collation, which sorts otherwise than bytes, and passwords by SCRAM.
_CLUSTER = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "-A", "scram-sha-256")
# Nothing here outlives the machine's power, but all of it a killed server.
_OPTIONS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "log_min_messages": "warning"}


def programs() -> Path | None:
    """The folder with initdb and postgres, of the newest version; None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return next((path for path in reversed(found) if (path / "initdb").exists()), None)


class Postgres:
    """A server that may be killed and started again. It never runs as root: PostgreSQL refuses that."""

    def __init__(self, folder: Path) -> None:
        bin_folder = programs()
        if bin_folder is None:
            raise RuntimeError(MISSING)
        self._bin, self._folder, self._data = bin_folder, folder, folder / "data"
        self._password, self.port = secrets.token_urlsafe(16), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._as = ["setpriv", "--pdeathsig=QUIT"]  # whoever is killed leaves no server behind
        folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            self._as += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(folder, "postgres", "postgres")

    def url(self, database: str = "postgres") -> str:
        """What BGPUI_DATABASE_URL takes."""
        return f"postgres://{_USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start and wait until it answers; the first time make its data."""
        if not self._data.exists():
            self._init()
        options = _OPTIONS | {"listen_addresses": "127.0.0.1", "port": str(self.port)}
        options["unix_socket_directories"] = str(self._folder)
        settings = (part for name, value in options.items() for part in ("-c", f"{name}={value}"))
        with (self._folder / "postgres.log").open("ab") as log:
            command = [*self._as, str(self._bin / "postgres"), "-D", str(self._data), *settings]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)
        eventually(self._answers, timeout=30)

    def stop(self, *, kill: bool = False) -> None:
        """End it with all its connections; `kill` gives it no time to write anything."""
        if self._process is not None:
            # Fast or immediate shutdown: https://www.postgresql.org/docs/current/server-shutdown.html
            self._process.send_signal(signal.SIGQUIT if kill else signal.SIGINT)
            self._process.wait(30)
            self._process = None

    def close(self) -> None:
        """End it and remove its data."""
        self.stop(kill=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _init(self) -> None:
        password = self._folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        if os.getuid() == 0:
            shutil.chown(password, "postgres", "postgres")
        command = [*self._as, str(self._bin / "initdb"), "-D", str(self._data), "-U", _USER, f"--pwfile={password}"]
        subprocess.run([*command, *_CLUSTER, "--no-sync"], check=True, capture_output=True, cwd=self._folder)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "postgres.log").read_text()[-2000:]
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
