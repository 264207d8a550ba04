"""What tests on real FRR share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.frr.netns import available
from tests.frr.breaking import PASSWORDS, WHOLE, whole_again
from tests.frr.cluster import RealCluster
from tests.frr.comparing import differences
from tests.frr.observed import observed_lab
from tests.speakers.lab import Observer, RunningLab, observing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need real FRR are skipped where there is none, with the way to get it."""
    here = Path(__file__).parent
    real = [item for item in items if item.path.is_relative_to(here) and item.get_closest_marker("frr")]
    why_not = available() if real else None
    for item in real if why_not else ():
        item.add_marker(pytest.mark.skip(reason=f"real FRR: {why_not}"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[RealCluster]:
    """A cluster that all tests share, since starting it takes seconds; each test says what is applied."""
    cluster = RealCluster()
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def broken(cluster: RealCluster) -> RealCluster:
    """A cluster in which nothing differs, to be broken; a test that changes no object leaves it so, unless it fails."""
    if cluster.snapshot is not WHOLE or differences(cluster):
        cluster.restart()
        cluster.take(WHOLE, PASSWORDS)
        whole_again(cluster)
    return cluster


@pytest.fixture(scope="package")
def _observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    running = observed_lab(tmp_path_factory.mktemp("observed"))
    yield running
    running.close()


@pytest.fixture
def observed(_observed: RunningLab, db: None, redis_url: str) -> Iterator[Observer]:
    """bgpui at work on it."""
    with observing(_observed) as observer:
        yield observer
