"""Random clusters on real FRR: it accepts what is rendered, and then nothing differs from what is intended."""

from __future__ import annotations

import os

import pytest

from tests.frr.cluster import RealCluster
from tests.frr.comparing import differences
from tests.frr.drawn import PASSWORDS, drawn
from tests.waiting import eventually

pytestmark = pytest.mark.frr
NUMBER = int(os.environ.get("CONFIGURATIONS", "3"))
RELOADED = 20  # each of these takes the place of the one before, which takes FRR's reloader long
SEED = int(os.environ.get("CONFIGURATIONS_SEED", "6"))


def test_what_is_rendered_is_accepted_and_then_nothing_differs(
    cluster: RealCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    prefixes = sessions = 0
    for seed in range(SEED, SEED + NUMBER):
        found = drawn(seed)
        if seed % RELOADED:
            cluster.restart()
        cluster.take(found.snapshot, PASSWORDS)
        assert not any(cluster.fleet.refusals.values()), (seed, cluster.fleet.refusals)
        eventually(lambda: _same(cluster, seed), timeout=90, interval=0.5)  # noqa: B023
        told = cluster.sizes()
        sessions, prefixes = sessions + told[0], prefixes + told[1]
    with capsys.disabled():
        print(f"\n{NUMBER} configurations from seed {SEED}: {sessions} sessions, {prefixes} prefixes, no difference")


def _same(cluster: RealCluster, seed: int) -> bool:
    lines = differences(cluster)
    assert not lines, (seed, lines[:6])
    return True
