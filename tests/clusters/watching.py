"""`manage.py watch` as its own process, with a database of its own, and what its rows say."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.demo import ROOT


class Watcher:
    """The process and its SQLite file. clusters: kubeconfigs by name; twin: another process that shares the file."""

    def __init__(
        self, folder: Path, clusters: Mapping[str, Path], *, twin: Watcher | None = None, **environment: str
    ) -> None:
        self._folder, self.log = folder, folder / ("twin.log" if twin else "watch.log")
        names = ",".join(f"{name}={path}" for name, path in clusters.items())
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BGPUI_", "DJANGO_"))}
        self._environment = kept | {"BGPUI_VAR_DIR": str(folder), "BGPUI_CLUSTERS": names, "BGPUI_API_TIMEOUT": "2"}
        self._environment |= {"BGPUI_SECRET_KEY": "k" * 40, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        if twin is None:
            subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=self._environment, check=True)

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "watch", "--takeover", "3"]
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def leader(self) -> int:
        """The process that holds the lease, 0 = none."""
        found = self.rows("SELECT holder FROM clusters_lease")
        return int(found[0][0].rpartition(":")[2] or 0) if found else 0

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(60)
        self._process = None
        return code

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)

    def django(self, statement: str) -> None:
        """What another process of bgpui does meanwhile."""
        command = [sys.executable, "manage.py", "shell", "-v0", "-c"]
        code = f"from clusters.models import Cluster; {statement}"
        subprocess.run([*command, code], cwd=ROOT, env=self._environment, check=True)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self._folder / "bgpui.sqlite3", timeout=20) as database:
            return database.execute(query, values).fetchall()

    def peers(self, cluster: str = "lab") -> dict[str, int]:
        """The AS of each BGPPeer's router."""
        query = "SELECT p.name, p.peer_asn FROM peers_bgppeer p JOIN clusters_cluster c ON c.id = p.cluster_id"
        return dict(self.rows(f"{query} WHERE c.name = ?", cluster))

    def streams(self, cluster: str = "lab") -> dict[str, bool]:
        """Whether each stream is live."""
        found = self.rows("SELECT streams FROM clusters_cluster WHERE name = ?", cluster)
        return {stream["name"]: stream["live"] for stream in json.loads(found[0][0])} if found else {}

    def all_live(self, cluster: str = "lab") -> bool:
        streams = self.streams(cluster)
        return bool(streams) and all(streams.values())
