"""Workers that may be killed: forks of this process that run the product's own task on a database that both see."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections

from clusters import tasks
from clusters.doors import door_close
from clusters.models import Cluster

_forks = multiprocessing.get_context("fork")


@contextmanager
def database_file(path: Path) -> Iterator[None]:
    """The test's SQLite database in a file, where other processes find it too; one on a server is there already."""
    connection = connections["default"]
    if connection.vendor != "sqlite":
        yield
        return
    before = connection.settings_dict["NAME"]
    connection.ensure_connection()
    with sqlite3.connect(path) as copy:
        connection.connection.backup(copy)
    kept, connection.connection = connection.connection, None  # the database in memory lives as long as this does
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"], connection.connection = before, kept


class Worker:
    """A process that carries out one task: apply_resource with the row's kind and number."""

    def __init__(self, cluster: Cluster, kind: str, pk: int) -> None:
        door_close(cluster)
        connections.close_all()
        self._process = _forks.Process(target=_work, args=(kind, pk))

    def start(self) -> None:
        self._process.start()

    def kill(self) -> None:
        """kill -9; may be called from any thread."""
        if self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGKILL)

    def wait(self) -> int:
        """The exit code; minus the signal that ended it."""
        self._process.join(20)
        assert self._process.exitcode is not None, "the worker does not end"
        return self._process.exitcode


def _work(kind: str, pk: int) -> None:
    tasks.apply_resource(kind, pk)
