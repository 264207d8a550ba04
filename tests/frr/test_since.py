"""FRR sets the time of its last reset where a session ends, or a neighbor is made, and at no attempt to connect."""

from __future__ import annotations

import time

import pytest

from tests.frr.cluster import COMPUTE_1, RealCluster, peer
from tests.waiting import eventually

pytestmark = pytest.mark.frr
ROUTER, NOBODY = "10.1.0.1", "10.1.0.250"


def last_reset(cluster: RealCluster, address: str) -> tuple[float, float]:
    """Between which times it was, as FRR says it by a clock of whole seconds, after some attempts to connect."""

    def told() -> tuple[float, float]:
        asked = time.time()
        facts, answered = cluster.neighbors(COMPUTE_1)["default", address], time.time()
        ago = facts["lastResetTimerMsecs"] / 1000
        assert ago >= 4
        return asked - ago - 1, answered - ago + 1

    return eventually(told)


def test_what_was_down_at_the_first_look_was_so_since_frrs_last_reset(cluster: RealCluster) -> None:
    began = time.time()
    spec = {"peerASN": 64601, "connectTime": "1s"}
    cluster.begin(peer("router", ROUTER, **spec), peer("nobody", NOBODY, **spec))
    cluster.reaches(ROUTER, "Established")
    up = time.time()
    cluster.change(ROUTER, shutdown="maintenance")
    try:
        eventually(lambda: cluster.neighbors(COMPUTE_1)["default", ROUTER]["bgpState"] != "Established")
        down = time.time()
        first, last = last_reset(cluster, ROUTER)
        assert first <= down
        assert last >= up
    finally:
        cluster.change(ROUTER, shutdown=None)
    first, last = last_reset(cluster, NOBODY)
    assert first <= up
    assert last >= began
