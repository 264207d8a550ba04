"""The state file: all objects as JSON, written in one step and not more often than needed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec

from lab.apiserver.metadata import key_of
from lab.apiserver.storage import Event, Storage

DELAY = 0.5
"""Seconds between a change and the file; changes in between share one write."""
_RESERVE = 10_000


class StateFile:
    """Keeps a file up to date with the storage."""

    def __init__(self, path: Path, storage: Storage) -> None:
        self._path, self._storage = path, storage
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def load(self) -> None:
        """Take over what an earlier run left. Definitions come first in the file."""
        if not self._path.exists():
            return
        state: dict[str, Any] = msgspec.json.decode(self._path.read_bytes())
        registry = self._storage.registry
        for manifest in state["objects"]:
            resource = registry.find_kind(manifest["apiVersion"], manifest["kind"])
            if resource is None:
                continue
            self._storage.load(resource, key_of(manifest), manifest)
            if resource.kind == "CustomResourceDefinition":
                registry.install(manifest)
        # A run that was killed may have handed out versions that the file does not know.
        self._storage.restart_at(state["resourceVersion"] + _RESERVE)

    def changed(self, _event: Event | None = None) -> None:
        """Write soon."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY, self._start)

    async def flush(self) -> None:
        """Write now; returns when the file is complete."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await self._writing
        await self._write()

    def _start(self) -> None:
        self._timer = None
        if self._writing is not None and not self._writing.done():
            self.changed()
        else:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        head = b'{"resourceVersion":%d,"objects":[\n' % self._storage.version
        pieces = [entry.raw for entry in self._storage.entries()]
        await asyncio.to_thread(self._replace, head, pieces)

    def _replace(self, head: bytes, pieces: list[bytes]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f"{self._path.name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(head + b",\n".join(pieces) + b"\n]}\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
