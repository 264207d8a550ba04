"""The Celery tasks, run in place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from pytest_django import Settings

from bgpui.env import ClusterSetting
from clusters import nudges, tasks
from clusters.alone import alone
from clusters.models import Cluster, SyncState
from tests.clusters.cluster import RunningCluster, node, peer
from tests.clusters.conftest import Office
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What open pages were told."""
    heard: list[tuple[str, str]] = []
    monkeypatch.setattr(nudges, "nudge", lambda event, cluster="": heard.append((event, cluster)))
    return heard


def test_an_applied_edit_is_judged_and_told(kube: RunningCluster, office: Office, told: list[tuple[str, str]]) -> None:
    kube.add(peer("tor-1"), node("node-1"))
    office.look()
    row = office.save(peer("tor-2", peerAddress="192.0.2.2", passwordSecret={"namespace": "other"}))
    tasks.apply_resource("BGPPeer", row.pk)
    row.refresh_from_db()
    assert (row.sync_state, row.severity) == (SyncState.IN_SYNC, "warning")
    assert told == [("resources", "lab")]
    tasks.apply_resource("BGPPeer", row.pk)
    assert told == [("resources", "lab")]


def test_of_many_edits_the_last_one_is_judged(kube: RunningCluster, office: Office, monkeypatch: Any) -> None:
    judged: list[str] = []
    monkeypatch.setattr(tasks, "findings_write", lambda cluster: judged.append(cluster.name))
    rows = [office.save(peer(f"tor-{n}", peerAddress=f"192.0.2.{n}")) for n in range(1, 4)]
    for row in rows:
        tasks.apply_resource("BGPPeer", row.pk)
    assert judged == ["lab"]


def test_a_row_that_is_gone_is_no_error(db: None, told: list[tuple[str, str]]) -> None:
    tasks.apply_resource("BGPPeer", 1)
    assert told == []


def test_clusters_come_from_the_settings(kube: RunningCluster, db: None, settings: Settings, monkeypatch: Any) -> None:
    settings.BGPUI_CLUSTERS = (ClusterSetting(name="east", kubeconfig=str(kube.kubeconfig), context=""),)
    looked: list[Any] = []
    monkeypatch.setattr(
        tasks.relist_cluster, "apply_async", lambda args, **more: looked.append((args, more["expires"]))
    )
    tasks.relist_clusters()
    tasks.relist_clusters()
    cluster = Cluster.objects.get()
    assert (cluster.name, cluster.kubeconfig) == ("east", str(kube.kubeconfig))
    assert looked == [((cluster.pk,), settings.BGPUI_RELIST_INTERVAL)] * 2
    kube.add(peer())
    tasks.relist_cluster(cluster.pk)
    assert cluster.bgppeers.count() == 1


def test_a_look_does_not_overlap_itself(kube: RunningCluster, office: Office, redis_url: str) -> None:
    kube.add(peer())
    with alone(f"relist:{office.cluster.pk}"):
        tasks.relist_cluster(office.cluster.pk)
        assert office.cluster.bgppeers.count() == 0
    tasks.relist_cluster(office.cluster.pk)
    assert office.cluster.bgppeers.count() == 1


def test_who_takes_longer_than_a_killed_worker_may_blind_us_keeps_the_lock(redis_url: str, settings: Settings) -> None:
    settings.BGPUI_SWEEP_INTERVAL = 0.5
    left: list[int] = [2000]
    with alone("long"):

        def renewed() -> bool:
            left.append(nudges.connection().pttl("bgpui:lock:long"))
            return left[-1] > left[-2]

        assert eventually(renewed)


def test_sweeps_and_edits_do_not_wait_behind_a_slow_api_server(settings: Settings) -> None:
    current_app.loader.import_default_modules()
    tasks_of_ours = [name for name in current_app.tasks if not name.startswith("celery.")]
    queues = {name: current_app.amqp.router.route({}, name)["queue"].name for name in tasks_of_ours}
    relists = {f"clusters.tasks.{name}" for name in ("relist_clusters", "relist_cluster", "relist_silent")}
    slow = relists | {"dashboard.tasks.compare_cluster"}
    assert {name for name, queue in queues.items() if queue == "relist"} == slow
    compose = (Path(settings.BASE_DIR) / "docker-compose.yml").read_text()
    served = re.findall(r'"worker", "--queues", "([\w,]+)"', compose)
    assert set(",".join(served).split(",")) == set(queues.values())


def test_a_quiet_look_tells_nobody(kube: RunningCluster, office: Office, told: list[tuple[str, str]]) -> None:
    tasks.relist_cluster(office.cluster.pk)
    assert told == [("resources", "lab")]
    tasks.relist_cluster(office.cluster.pk)
    assert told == [("resources", "lab")]
    tasks.relist_cluster(office.cluster.pk + 1)
