"""Processes die during the countdown of a change on trial: it is reverted all the same, and once."""

from __future__ import annotations

import signal
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clusters import clock
from clusters.models import ChangeSet, Trial
from clusters.tasks import watch_trials
from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office
from tests.clusters.sets import accept, carry, some_peer, wanted
from tests.demo import Demo
from tests.faults.actions import PEER, SPEC, edit, in_cluster, send, settle
from tests.waiting import eventually

_OVERDUE = "UPDATE clusters_trial SET deadline = '2020-01-01 00:00:00+00:00' WHERE state = 'running'"


def time_is_over(demo: Demo) -> None:
    """Move the deadline in the row, in whichever database the demo has."""
    found = Path(f"/proc/{demo.process.pid}/environ").read_bytes().decode().split("\0")
    url = next((entry.partition("=")[2] for entry in found if entry.startswith("BGPUI_DATABASE_URL=")), "")
    if url:
        with psycopg.connect(url) as server:
            server.execute(_OVERDUE)
        return
    with sqlite3.connect(demo.folder / "bgpui.sqlite3", timeout=30) as database:
        database.execute(_OVERDUE.replace("+00:00", ""))


@pytest.fixture
def generation(fragile: Demo) -> int:
    """The peer exists with a holdTime of 90 s."""
    assert edit(fragile, 90).status_code in {200, 201, 202}
    return settle(fragile, 90)


def on_trial(demo: Demo) -> dict[str, Any]:
    """The peer with another holdTime, in force."""
    body = {"spec": {**SPEC, "holdTime": "60s"}}
    answer = demo.api("PATCH", f"{PEER}?safe_apply=1h&wait=30s", json=body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    assert (made["state"], made["trial"]["state"]) == ("applied", "running")
    return made


def test_a_change_on_trial_is_reverted_once_whatever_dies_during_the_countdown(fragile: Demo, generation: int) -> None:
    made = on_trial(fragile)
    for process in ("worker-apply", "beat", "redis"):
        send(fragile, process, signal.SIGKILL)
    send(fragile, "lab", signal.SIGSTOP)  # the API server
    try:
        time_is_over(fragile)

        def turned() -> bool:
            trial = fragile.api("GET", f"trials/{made['id']}/").json()
            return bool(trial["state"] == "reverted" and trial["reason"] == "Nobody confirmed within 1 h.")

        eventually(turned, timeout=60)
        send(fragile, "worker-apply", signal.SIGKILL)  # in the middle of the revert, which the API server holds up
    finally:
        send(fragile, "lab", signal.SIGCONT)

    def reverted() -> bool:
        return bool(fragile.api("GET", f"changesets/{made['id']}/").json()["state"] == "rolled_back")

    eventually(reverted, timeout=60)
    live = in_cluster(fragile)
    assert live is not None
    # One write to change it and one to change it back: a third would have counted on.
    assert (live["spec"]["holdTime"], live["metadata"]["generation"]) == ("90s", generation + 2)
    told = fragile.api("GET", "changes/?name=fragile&page_size=2").json()["results"]
    assert [one["message"].partition(":")[0] for one in told] == ["Reverted", ""]


def test_an_api_server_that_restarts_during_the_revert(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1))
    office.look()
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), window=timedelta(minutes=5))
    assert carry(change_set) == ChangeSet.State.APPLIED
    before = kube.peer("tor-1")["metadata"]["generation"]
    kube.stop()
    try:
        Trial.objects.update(deadline=clock.now() - timedelta(seconds=1))
        watch_trials()
        assert carry(change_set, turns=2) == ChangeSet.State.ROLLING_BACK
    finally:
        kube.start()
    watch_trials()
    assert carry(change_set) == ChangeSet.State.ROLLED_BACK
    assert (kube.spec("tor-1")["peerASN"], kube.peer("tor-1")["metadata"]["generation"]) == (64600, before + 1)
