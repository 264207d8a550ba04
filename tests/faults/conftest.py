"""A demo of its own for tests that break it, with short limits so that recovery is quick to see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office, _kube, kube, office
from tests.demo import Demo, start
from tests.faults.closing import Here

__all__ = ["_kube", "fragile", "kube", "office", "world"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is marked `faults`."""
    for item in items:
        if "tests/faults/" in item.nodeid:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def world(kube: RunningCluster, office: Office) -> Here:
    """What the rows say and what is in the cluster."""
    return Here(kube, office)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running demo that may be broken, and is whole again after each test."""
    demo = start(tmp_path_factory.mktemp("fragile"), BGPUI_API_TIMEOUT="2")
    yield demo
    demo.stop()
