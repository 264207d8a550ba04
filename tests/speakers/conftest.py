"""A running lab with the demo's peers, shared by the tests of this folder; each gets its own rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from clusters.nudges import connection
from tests.speakers.lab import Observer, RunningLab
from tests.waiting import eventually


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    running = RunningLab(tmp_path_factory.mktemp("lab"), nodes=4, mode="frr", seed_peers=True)
    yield running
    running.close()


@pytest.fixture
def observer(_running: RunningLab, db: None, redis_url: str, settings: Settings) -> Iterator[Observer]:
    """bgpui at work on the lab, after every session has come to where it stays."""
    settings.BGPUI_EXEC_TIMEOUT = 2.0
    connection().flushdb()
    observer = Observer(_running)
    observer.relist()
    eventually(lambda: observer.sweep() and observer.settled(), timeout=60)
    yield observer
    _running.lab.faults.clear()
    observer.close()
