"""Watches: what a client is told, from where on, and for how long."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import Any

import aiohttp
import pytest

from lab.apiserver import storage
from tests.lab.apiserver.conftest import NAMESPACE, ROUTERS, RunningServer, router
from tests.waiting import eventually

MERGE = "application/merge-patch+json"


class Watcher:
    """A client on a loop of its own thread that collects events."""

    def __init__(self, api: RunningServer, path: str = ROUTERS, accept: str = "application/json", **query: str) -> None:
        self.events: list[dict[str, Any]] = []
        self._url, self._query, self._tls = api.server.url + path, {"watch": "1", **query}, api.tls()
        self._headers = {"Authorization": "Bearer admin-token", "Accept": accept}
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._collect()), daemon=True)
        self._thread.start()
        assert self._started.wait(10)

    async def _collect(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        with contextlib.suppress(asyncio.CancelledError):
            async with (
                aiohttp.ClientSession(headers=self._headers) as session,
                session.get(self._url, params=self._query, ssl=self._tls) as answer,
            ):
                self._started.set()
                async for line in answer.content:
                    self.events.append(json.loads(line))

    @property
    def seen(self) -> list[tuple[str, str]]:
        return [(event["type"], event["object"]["metadata"].get("name", "")) for event in self.events]

    def finish(self) -> None:
        """Wait until the server ends the stream."""
        self._thread.join(10)
        assert not self._thread.is_alive()

    def close(self) -> None:
        assert self._task is not None
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)


def version(api: RunningServer) -> str:
    return str(api.request("GET", ROUTERS).body["metadata"]["resourceVersion"])


@pytest.fixture
def changed(api: RunningServer) -> RunningServer:
    api.request("POST", ROUTERS, router("r0"))
    return api


def change(api: RunningServer) -> None:
    api.request("POST", ROUTERS, router("r1"))
    api.request("PATCH", f"{ROUTERS}/r1", {"spec": {"port": 5}}, media=MERGE)
    api.request("DELETE", f"{ROUTERS}/r1")


CHANGES = [("ADDED", "r1"), ("MODIFIED", "r1"), ("DELETED", "r1")]


def test_a_watch_from_a_list_tells_later_changes_only(changed: RunningServer) -> None:
    watcher = Watcher(changed, resourceVersion=version(changed))
    change(changed)
    eventually(lambda: watcher.seen == CHANGES)
    watcher.close()


def test_a_watch_tells_what_happened_since_a_version(changed: RunningServer) -> None:
    before = version(changed)
    change(changed)
    watcher = Watcher(changed, resourceVersion=before)
    eventually(lambda: watcher.seen == CHANGES)
    watcher.close()


def test_a_watch_without_version_starts_with_what_there_is(changed: RunningServer) -> None:
    watcher = Watcher(changed)
    eventually(lambda: watcher.seen == [("ADDED", "r0")])
    watcher.close()


def test_initial_events_end_with_a_marked_bookmark(changed: RunningServer) -> None:
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    watcher = Watcher(changed, **query)
    eventually(lambda: watcher.seen[:2] == [("ADDED", "r0"), ("BOOKMARK", "")])
    watcher.close()
    assert watcher.events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_ends_in_time_with_a_bookmark(changed: RunningServer) -> None:
    watcher = Watcher(changed, resourceVersion=version(changed), timeoutSeconds="1", allowWatchBookmarks="true")
    watcher.finish()
    assert [event["type"] for event in watcher.events] == ["BOOKMARK"]
    assert watcher.events[0]["object"]["metadata"]["resourceVersion"] == version(changed)


def test_a_version_from_before_the_history_is_expired(changed: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "HISTORY", 2)
    before = version(changed)
    change(changed)
    watcher = Watcher(changed, resourceVersion=before)
    watcher.finish()
    status = watcher.events[0]["object"]
    assert (watcher.events[0]["type"], status["code"], status["reason"]) == ("ERROR", 410, "Expired")
    assert status["message"].startswith(f"too old resource version: {before} (")


def test_a_selector_turns_changes_into_comings_and_goings(changed: RunningServer) -> None:
    watcher = Watcher(changed, resourceVersion=version(changed), labelSelector="in=yes")
    for labels in ({"in": "yes"}, {"in": "yes", "a": "b"}, {"in": "no"}):
        changed.request("PATCH", f"{ROUTERS}/r0", {"metadata": {"labels": labels}}, media=MERGE)
    eventually(lambda: watcher.seen == [("ADDED", "r0"), ("MODIFIED", "r0"), ("DELETED", "r0")])
    watcher.close()


def test_a_watch_of_one_namespace_is_blind_to_others(changed: RunningServer) -> None:
    watcher = Watcher(changed, path=ROUTERS.replace(NAMESPACE, "default"), resourceVersion=version(changed))
    change(changed)
    body = router("here")
    body["metadata"]["namespace"] = "default"
    changed.request("POST", ROUTERS.replace(NAMESPACE, "default"), body)
    eventually(lambda: watcher.seen == [("ADDED", "here")])
    changed.request("DELETE", ROUTERS.replace(NAMESPACE, "default") + "/here")
    watcher.close()


def test_a_watch_in_an_older_version_shows_that_version(changed: RunningServer) -> None:
    watcher = Watcher(changed, path=ROUTERS.replace("/v2/", "/v1/"))
    eventually(lambda: watcher.events)
    watcher.close()
    assert watcher.events[0]["object"]["apiVersion"] == "lab.test/v1"


def test_a_watch_as_table_has_rows(changed: RunningServer) -> None:
    watcher = Watcher(changed, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    eventually(lambda: watcher.events)
    watcher.close()
    assert watcher.events[0]["object"]["rows"][0]["cells"][0] == "r0"


def test_a_client_that_left_is_forgotten(changed: RunningServer) -> None:
    table = changed.server._storage.table(changed.server.store.registry.find("routers"))
    before = len(table.listeners)
    watcher = Watcher(changed, resourceVersion=version(changed))
    eventually(lambda: len(table.listeners) == before + 1)
    watcher.close()
    eventually(lambda: len(table.listeners) == before)
