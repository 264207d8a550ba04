"""People, kubectl, a GitOps manager, watches, workers in every order: nothing lost, nothing twice, nothing untrue."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from clusters.kube.client import Door
from clusters.kube.kinds import Served, path
from clusters.kube.writing import APPLY, writing
from clusters.manifest import Object
from clusters.sync.decide import Decision, Step, decide
from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office
from tests.faults.machine import Interleaving

RUNS = int(os.environ.get("INTERLEAVINGS", "150"))
STEPS = 30


def test_in_every_order_each_accepted_edit_is_in_force_once_or_told(
    kube: RunningCluster, office: Office, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    Interleaving.kube, Interleaving.cluster = kube, office.cluster
    Interleaving.runs = 0
    began = time.monotonic()

    def told(runs: int) -> None:
        with capsys.disabled():
            print(f"\n{runs} random interleavings, {time.monotonic() - began:.0f} s", end=" ", flush=True)

    Interleaving.progress = staticmethod(told)
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
    told(Interleaving.runs)


def _run(*steps: Callable[[Interleaving], object]) -> None:
    """One order of steps, to its end."""
    machine = Interleaving()
    try:
        for step in steps:
            step(machine)
            machine.nothing_is_said_that_is_not_so()
    except AssertionError:
        machine.abandon()
        raise
    machine.teardown()


def test_an_apply_that_would_not_mind_what_stands_is_seen(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same order with the product as it is, and with an apply that has lost its preconditions."""
    Interleaving.kube, Interleaving.cluster = kube, office.cluster

    def order() -> None:
        _run(
            lambda it: it.save(name="tor-1", fields={"holdTime"}),
            lambda it: it.work(name="tor-1"),
            lambda it: it.save(
                name="tor-1", fields={"team"}
            ),  # the first apply, which moves the fields of the creation
            lambda it: it.work(name="tor-1"),
            lambda it: it.save(name="tor-1", fields={"peerASN"}),
            lambda it: it.somebody_in_between("edit", "tor-1", "holdTime", "before", "patch"),
            lambda it: it.work(name="tor-1"),
        )

    order()

    def careless(door: Door, kind: Served, manifest: Mapping[str, Any], **_: str) -> Object:
        newest = door.get(kind, manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        assert newest is not None
        where = path(kind, manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        return door.strip(door._request("PATCH", where, writing() | {"force": "true"}, manifest, APPLY))

    monkeypatch.setattr(Door, "apply", careless)
    with pytest.raises(AssertionError, match="overwrote what nobody had seen"):
        order()


def test_an_edit_that_would_bring_back_what_is_gone_is_seen(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    Interleaving.kube, Interleaving.cluster = kube, office.cluster

    def order() -> None:
        _run(
            lambda it: it.somebody("client_side_apply", "tor-1", "holdTime"),
            lambda it: it.look(),
            lambda it: it.save(name="tor-1", fields={"peerASN"}),
            lambda it: it.somebody("delete", "tor-1", "holdTime"),
            lambda it: it.work(name="tor-1"),
        )

    order()
    monkeypatch.setattr(
        "clusters.sync.apply.decide", lambda edit, live: Decision(Step.CREATE) if live is None else decide(edit, live)
    )
    with pytest.raises(AssertionError, match="back again"):
        order()
