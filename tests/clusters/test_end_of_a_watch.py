"""The end of a watch in a slow database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from clusters import clock
from clusters.models import Cluster
from clusters.watching.cluster import ClusterWatch


def test_a_heartbeat_that_is_being_written_does_not_outlive_the_end(transactional_db: None) -> None:
    row = Cluster.objects.create(name="lab", kubeconfig="/nonexistent", discovered_at=clock.now())
    begun, go_on, written = threading.Event(), threading.Event(), threading.Event()

    def slow(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        heartbeat = sql.startswith("UPDATE") and "watched_at" in sql
        if heartbeat:
            begun.set()
            assert go_on.wait(60)
        result = execute(sql, params, many, context)
        if heartbeat:
            written.set()
        return result

    def opened(connection: BaseDatabaseWrapper, **_: Any) -> None:
        connection.execute_wrappers.append(slow)

    async def ends_meanwhile() -> None:
        watch = asyncio.ensure_future(ClusterWatch(row).run())
        assert await asyncio.to_thread(begun.wait, 60)
        watch.cancel()
        await asyncio.wait((watch,), timeout=0.3)
        go_on.set()
        await asyncio.wait((watch,))
        assert await asyncio.to_thread(written.wait, 60)

    connection_created.connect(opened)
    try:
        asyncio.run(ends_meanwhile())
    finally:
        connection_created.disconnect(opened)
    row.refresh_from_db()
    assert row.watched_at is not None
    assert row.streams == []
