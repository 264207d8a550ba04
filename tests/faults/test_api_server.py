"""The API server is away, slow, or answers badly, at each request of an edit: in the end the edit is in force once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from bgpui.env import ClusterSetting
from clusters import clock
from clusters.models import SyncState
from clusters.sync.claim import Fate
from lab.apiserver import Fault
from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office
from tests.clusters.edits import WRITES, accept
from tests.faults.closing import ENDS, Here, in_force_once, refused
from tests.waiting import eventually

PASSING: dict[str, dict[str, Any]] = {
    "409": {"code": 409, "status": {"kind": "Status", "reason": "Conflict", "message": "try again", "code": 409}},
    "410": {"code": 410},
    "429": {"code": 429, "retry_after": 17},
    "500": {"code": 500},
    "503": {"code": 503},
    "504": {"code": 504},
    "dropped before": {"drop": "before"},
    "dropped after": {"drop": "after"},
    "cut short": {"truncate": 20},
}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("verb", ["get", "write"])
@pytest.mark.parametrize("edit", WRITES)
def test_what_passes_leaves_the_edit_in_force_once(
    kube: RunningCluster, office: Office, world: Here, edit: str, verb: str, fault: str
) -> None:
    row = accept(kube, office, edit)
    kube.server.faults.add(Fault(verb="get" if verb == "get" else WRITES[edit], resource="bgppeers", **PASSING[fault]))
    office.work(row)
    assert kube.server.faults.happened
    world.settle()
    in_force_once(world, *ENDS[edit])


@pytest.mark.parametrize("edit", WRITES)
def test_the_pause_that_a_busy_server_asks_for_is_kept(kube: RunningCluster, office: Office, edit: str) -> None:
    row = accept(kube, office, edit)
    kube.server.faults.add(Fault(verb=WRITES[edit], resource="bgppeers", code=429, retry_after=17))
    assert office.work(row) == [Fate.LATER]
    assert row.retry_at is not None
    assert 15 < (row.retry_at - clock.now()).total_seconds() <= 17
    asked = len(kube.server.faults.happened)
    assert office.work(row) == []
    assert len(kube.server.faults.happened) == asked


@pytest.mark.parametrize("edit", WRITES)
def test_a_write_that_takes_effect_after_it_was_given_up_acts_once(
    kube: RunningCluster, office: Office, world: Here, settings: Settings, tmp_path: Path, edit: str
) -> None:
    """A real API server carries out what it has begun, also for a client that has gone."""
    settings.BGPUI_API_TIMEOUT = 0.2
    hasty = tmp_path / "kubeconfig"  # a door of its own, with this limit
    hasty.write_text(kube.kubeconfig.read_text())
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", str(hasty), ""),)
    office.cluster.kubeconfig = str(hasty)
    office.cluster.save()
    row = accept(kube, office, edit)
    late: list[int] = []
    kube.server.faults.add(
        Fault(verb=WRITES[edit], resource="bgppeers", delay=0.6, lasting=True, after=lambda: late.append(1))
    )
    assert office.work(row) == [Fate.LATER]
    assert "did not answer in time" in office.row().sync_message
    world.settle()
    in_force_once(world, *ENDS[edit])
    eventually(lambda: late)
    world.settle()
    in_force_once(world, *ENDS[edit])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("edit", WRITES)
def test_a_server_that_ends_in_the_middle_of_an_apply(
    kube: RunningCluster, office: Office, world: Here, edit: str, moment: str
) -> None:
    """It is stopped before the write took effect, or between that and the answer."""
    row = accept(kube, office, edit)
    ending: list[asyncio.Task[None]] = []

    def stop() -> None:
        ending.append(asyncio.ensure_future(kube.server.stop()))

    ends: dict[str, Any] = {moment: stop, "drop": moment}
    kube.server.faults.add(Fault(verb=WRITES[edit], resource="bgppeers", **ends))
    try:
        assert office.work(row) == [Fate.LATER]
        office.look()
        row.refresh_from_db()
        assert row.pending
        assert row.sync_message
        office.cluster.refresh_from_db()
        assert "cannot be reached" in office.cluster.error
    finally:
        eventually(lambda: ending and ending[0].done())
        kube.start()
    world.settle()
    in_force_once(world, *ENDS[edit])


@pytest.mark.parametrize("edit", WRITES)
def test_what_is_invalid_is_refused_in_the_servers_words(
    kube: RunningCluster, office: Office, world: Here, edit: str
) -> None:
    row = accept(kube, office, edit)
    words = 'BGPPeer.metallb.io "tor-1" is invalid: spec.holdTime: Invalid value'
    status = {"kind": "Status", "reason": "Invalid", "message": words, "code": 422}
    kube.server.faults.add(Fault(verb=WRITES[edit], resource="bgppeers", code=422, status=status))
    assert office.work(row) == [Fate.REJECTED]
    world.settle()
    refused(world, "rejected", words, 0 if edit == "create" else 1)


@pytest.mark.parametrize("edit", WRITES)
def test_a_webhook_that_denies_and_one_that_does_not_answer_are_told_apart(
    kube: RunningCluster, office: Office, world: Here, edit: str
) -> None:
    """The API server's words: admission's webhook dispatcher, apiserver/pkg/admission/plugin/webhook/errors."""
    row = accept(kube, office, edit)
    name = "bgppeersvalidationwebhook.metallb.io"
    silent = f'Internal error occurred: failed calling webhook "{name}": failed to call webhook: connection refused'
    denied = f'admission webhook "{name}" denied the request: duplicate router'
    for code, reason, words in ((500, "InternalError", silent), (403, "Forbidden", denied)):
        status = {"kind": "Status", "reason": reason, "message": words, "code": code}
        kube.server.faults.add(Fault(verb=WRITES[edit], resource="bgppeers", code=code, status=status))
    assert office.work(row) == [Fate.LATER]
    waits = SyncState.DELETING if edit == "delete" else SyncState.PENDING
    assert (row.sync_state, row.pending) == (waits, True)
    assert silent in row.sync_message
    assert "does not answer" in row.sync_message
    assert "bgpui tries again" in row.sync_message
    assert "MetalLB's controller" in row.sync_message
    world.settle()
    refused(world, "rejected", denied, 0 if edit == "create" else 1)
