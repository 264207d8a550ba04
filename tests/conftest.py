"""Fixtures for all tests."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import connection
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from clusters.nudges import connection as redis_connection
from lab.redis import EmbeddedRedis
from pools.loadbalancers import telling
from speakers import extent
from tests.cluster.choice import BORROWED, REAL, end_tenancy
from tests.demo import Demo, start
from tests.settings import REDIS_URL, RUN_DIR
from tests.stores.clock import StandingClocks
from tests.stores.redis import Redis

# EXAMPLES: of each property; `make long` draws more. Machines are shared: no example fails for being slow.
settings.register_profile("bgpui", deadline=None, max_examples=int(os.environ.get("EXAMPLES", "50")))
settings.load_profile("bgpui")

_left_out = pytest.StashKey[Counter[str]]()


def pytest_report_header() -> list[str]:
    """Say whose cluster is used."""
    return [f"API server: that of KUBECONFIG={os.environ['KUBECONFIG']}"] if BORROWED else []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Against a real API server, leave out what needs the embedded one's own ways."""
    if not REAL:
        return
    marks = {item: item.get_closest_marker("embedded") for item in items}
    out = [item for item in items if marks[item]]
    config.stash[_left_out] = Counter(str(mark.args[0]) for mark in marks.values() if mark)
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if not marks[item]]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many tests were left out, and why."""
    reasons = config.stash.get(_left_out, Counter())
    if reasons:
        terminalreporter.section(f"left out on a real API server: {reasons.total()} tests")
        for reason, count in reasons.most_common():
            terminalreporter.write_line(f"{count:4} {reason}")


@pytest.fixture(scope="session", autouse=True)
def _run_dir() -> Iterator[None]:
    yield
    end_tenancy()
    shutil.rmtree(RUN_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, which a thread that still holds a connection does not keep from being dropped."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """What is taken back after a test gives its keys to the rows of the next one."""
    extent._kept.clear()
    telling._kept.clear()


@pytest.fixture
def clocks(db: None) -> Iterator[StandingClocks]:
    """The clocks, which stand still when told to."""
    found = StandingClocks()
    yield found
    found.go_on()


@pytest.fixture(scope="session")
def _redis() -> Iterator[str]:
    server = Redis(REDIS_URL) if REDIS_URL.startswith("redis:") else EmbeddedRedis(RUN_DIR / "redis.sock")
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def redis_url(_redis: str) -> Iterator[str]:
    """URL of a real Redis that belongs to this test process, empty: other tests have asked, sent tasks, and counted."""
    redis_connection().flushdb()
    yield _redis
    redis_connection().flushdb()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One running demo for all tests that may share it."""
    running = start(tmp_path_factory.mktemp("demo"))
    yield running
    running.stop()
