"""People, kubectl, a GitOps manager, watches, workers in every order: nothing lost, nothing twice, nothing untrue."""

from __future__ import annotations

import logging
import os
import time

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office
from tests.faults.machine import Interleaving

RUNS = int(os.environ.get("INTERLEAVINGS", "150"))
STEPS = 30


def test_in_every_order_each_accepted_edit_is_in_force_once_or_told(
    kube: RunningCluster, office: Office, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    Interleaving.kube, Interleaving.cluster = kube, office.cluster
    Interleaving.runs = Interleaving.steps = 0
    began = time.monotonic()
    caplog.set_level(logging.ERROR, "clusters")
    chosen = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(Interleaving, settings=chosen)
    took = time.monotonic() - began
    with capsys.disabled():
        print(f" {Interleaving.runs} random interleavings, {Interleaving.steps} steps, {took:.0f} s", end=" ")
