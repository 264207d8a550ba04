"""Processes die and come back: every accepted edit is in force once, and nothing is shown that nobody observed."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime

import pytest

from tests.demo import Demo
from tests.faults.actions import edit, healths, observed_at, send, settle
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def _whole(fragile: Demo) -> None:
    """The peer exists, is in sync, and the sweep runs."""
    assert edit(fragile, 90).status_code in {200, 201, 202}
    settle(fragile, 90)
    eventually(lambda: healths(fragile) == {"up"}, timeout=45)


def test_a_worker_killed_in_mid_sync_leaves_every_edit_in_force_once(fragile: Demo) -> None:
    generation = settle(fragile, 90)
    for number in range(1, 5):
        assert edit(fragile, 90 + number).status_code in {200, 202}
        time.sleep(0.02 * (number - 1))  # not a wait: the kill shall hit different steps of the apply
        send(fragile, "worker-apply", signal.SIGKILL)
        assert settle(fragile, 90 + number) == generation + number


def test_edits_are_accepted_and_kept_while_redis_is_away(fragile: Demo) -> None:
    generation = settle(fragile, 90)
    send(fragile, "redis", signal.SIGKILL)
    answer = edit(fragile, 95)
    assert answer.status_code in {200, 202}, answer.text
    assert settle(fragile, 95) == generation + 1
    restarted = datetime.now(UTC)
    eventually(lambda: observed_at(fragile) > restarted, timeout=45)


def test_an_api_server_that_is_away_for_20_s_loses_no_edit_and_greys_every_session(fragile: Demo) -> None:
    generation = settle(fragile, 90)
    send(fragile, "lab", signal.SIGSTOP)
    try:
        stopped = datetime.now(UTC)
        answer = edit(fragile, 96)
        assert answer.status_code == 202, answer.text
        assert answer.json()["sync"]["state"] == "pending"
        eventually(lambda: healths(fragile) == {"unknown"}, timeout=30)
        assert observed_at(fragile) <= datetime.now(UTC)
        time.sleep(max(0.0, 20 - (datetime.now(UTC) - stopped).total_seconds()))
        assert healths(fragile) == {"unknown"}
    finally:
        send(fragile, "lab", signal.SIGCONT)
    assert settle(fragile, 96) == generation + 1
    eventually(lambda: healths(fragile) == {"up"}, timeout=45)


def test_an_edit_deleted_by_others_while_the_worker_is_dead_is_not_resurrected(fragile: Demo) -> None:
    send(fragile, "worker-apply", signal.SIGSTOP)
    try:
        assert edit(fragile, 97).status_code == 202
        fragile.kubectl("delete", "bgppeer", "fragile", "-n", "metallb-system")
    finally:
        send(fragile, "worker-apply", signal.SIGKILL)

    def conflict() -> bool:
        row = fragile.api("GET", "bgppeers/lab/metallb-system/fragile/").json()
        return bool(row["sync"]["state"] == "conflict" and "deleted" in row["sync"]["message"])

    eventually(conflict, timeout=45)
    gone = fragile.kubectl("get", "bgppeer", "fragile", "-n", "metallb-system", check=False)
    assert "NotFound" in gone.stderr
    fragile.api("DELETE", "bgppeers/lab/metallb-system/fragile/?wait=30s")


def test_a_pod_that_goes_away_takes_its_sessions_out_of_up_until_its_successor_answers(fragile: Demo) -> None:
    speaker = next(s for s in fragile.api("GET", "speakers/").json()["results"] if s["node"].startswith("compute-3."))
    fragile.kubectl("delete", "pod", speaker["pod"], "-n", speaker["namespace"], "--wait=false")

    def succeeded() -> bool:
        found = next(s for s in fragile.api("GET", "speakers/").json()["results"] if s["node"] == speaker["node"])
        return bool(found["pod"] not in {"", speaker["pod"]} and found["freshness"] == "live")

    eventually(succeeded, timeout=45)
    eventually(lambda: {s["health"] for s in fragile.sessions(node=speaker["node"], peer="edge-far")} == {"up"})
