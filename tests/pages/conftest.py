"""Browsers of every role, and a cluster to look at: rows alone, or a real API server behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from bgpui.env import ClusterSetting
from bgpui.roles import role_give
from clusters import clock, services
from clusters.models import Cluster, Node
from clusters.sync.apply import apply_pending
from clusters.sync.relist import relist
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster

Browser = Callable[[str], Client]


@pytest.fixture(scope="session")
def _kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    running = RunningCluster(tmp_path_factory.mktemp("cluster"))
    yield running
    running.close()


@pytest.fixture
def kube(_kube: RunningCluster) -> Iterator[RunningCluster]:
    """An API server without objects."""
    _kube.clear()
    yield _kube
    _kube.clear()


@pytest.fixture
def cluster(db: None, settings: Settings) -> Cluster:
    """A connected cluster with three nodes; nothing answers at its address."""
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", "/nonexistent", ""),)
    (row,) = services.clusters_sync_from_settings()
    now = clock.now()
    row.mode, row.metallb_version, row.namespace = "frr", "0.16.1", NAMESPACE
    row.connected_at = row.checked_at = now
    row.save()
    for index in range(3):
        labels = {"kubernetes.io/hostname": f"node-{index}", "rack": str(index)}
        Node.objects.create(cluster=row, name=f"node-{index}", uid=str(index), labels=labels)
    return row


@pytest.fixture
def live_cluster(cluster: Cluster, kube: RunningCluster, settings: Settings) -> Cluster:
    """The same cluster behind the API server."""
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", str(kube.kubeconfig), ""),)
    settings.BGPUI_API_TIMEOUT = 5.0
    (row,) = services.clusters_sync_from_settings()
    return row


@pytest.fixture
def browser(db: None) -> Browser:
    """A browser in which a user of this role is logged in; "" = one without a role."""

    def make(role: str) -> Client:
        user, made = User.objects.get_or_create(username=f"a-{role or 'stranger'}")
        if made and role:
            role_give(user=user, role=role)
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def viewer(browser: Browser) -> Client:
    return browser("viewer")


@pytest.fixture
def editor(browser: Browser) -> Client:
    return browser("editor")


@pytest.fixture
def work() -> Callable[[Cluster], None]:
    """What the workers do: bring what is pending into the cluster, and look at it again."""

    def run(cluster: Cluster) -> None:
        for pk in list(BGPPeer.objects.filter(cluster=cluster).values_list("pk", flat=True)):
            apply_pending("BGPPeer", pk)
        cluster.refresh_from_db()
        relist(cluster)

    return run
