"""A running lab with the demo's peers, shared by the tests of this folder; each gets its own rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.apiserver import User
from lab.apiserver.auth import Rule
from lab.frr.netns import available
from tests.speakers.lab import Observer, RunningLab, observing
from tests.waiting import eventually

WATCHER = "watcher-token"  # of somebody who may not read logs


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    running = RunningLab(tmp_path_factory.mktemp("lab"), nodes=4, mode="frr", seed_peers=True)
    yield running
    running.close()


@pytest.fixture(scope="session", params=["simulated", pytest.param("frr", marks=pytest.mark.frr)])
def rung(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """The same lab on simulated speakers and on real FRR, which takes long to start; tests leave it as it was."""
    if request.param == "frr" and (why_not := available()):
        pytest.skip(f"real FRR: {why_not}")
    users = {WATCHER: User("watcher", (Rule(groups=("",), resources=("pods", "pods/exec")),))}
    folder = tmp_path_factory.mktemp("rung")
    running = RunningLab(folder, nodes=3, seed_peers=True, speakers=request.param, users=users)
    yield running
    running.close()


@pytest.fixture
def observer(_running: RunningLab, db: None, redis_url: str) -> Iterator[Observer]:
    """bgpui at work on the lab, after every session has come to where it stays."""
    with observing(_running, patience=2.0) as observer:
        eventually(lambda: observer.sweep() and observer.settled())
        yield observer
        _running.lab.faults.clear()
