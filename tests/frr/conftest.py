"""What tests on real FRR share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.frr.netns import available
from tests.frr.cluster import RealCluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is one on real FRR."""
    here = Path(__file__).parent
    why_not = available()
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.frr)
            if why_not:
                item.add_marker(pytest.mark.skip(reason=f"real FRR: {why_not}"))


@pytest.fixture(scope="module")
def running() -> Iterator[RealCluster]:
    """A cluster that a module's tests share, since starting it takes seconds."""
    cluster = RealCluster()
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster(running: RealCluster) -> RealCluster:
    """The shared cluster without an object in it."""
    running.apply()
    return running
