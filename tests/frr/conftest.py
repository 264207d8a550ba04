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


@pytest.fixture(scope="session")
def cluster() -> Iterator[RealCluster]:
    """A cluster that all tests share, since starting it takes seconds; each test says what is applied."""
    cluster = RealCluster()
    cluster.start()
    yield cluster
    cluster.stop()
