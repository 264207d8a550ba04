"""Fixtures for all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from lab.redis import EmbeddedRedis
from tests.demo import Demo, start
from tests.settings import REDIS_SOCKET, RUN_DIR


@pytest.fixture(scope="session", autouse=True)
def _run_dir() -> Iterator[None]:
    yield
    shutil.rmtree(RUN_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a real Redis that belongs to this test process."""
    if "TEST_REDIS_URL" in os.environ:
        yield os.environ["TEST_REDIS_URL"]
        return
    server = EmbeddedRedis(REDIS_SOCKET)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One running demo for all tests that may share it."""
    running = start(tmp_path_factory.mktemp("demo"))
    yield running
    running.stop()
