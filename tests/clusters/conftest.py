"""A running cluster without objects, and its row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from bgpui.env import ClusterSetting
from clusters.models import Cluster, Resource
from clusters.services import resource_delete, resource_save
from clusters.sync.apply import apply_pending
from clusters.sync.claim import Fate
from clusters.sync.relist import relist
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster


@pytest.fixture(scope="session")
def _kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    running = RunningCluster(tmp_path_factory.mktemp("cluster"))
    yield running
    running.close()


@pytest.fixture
def kube(_kube: RunningCluster, settings: Settings) -> Iterator[RunningCluster]:
    """The cluster, empty."""
    settings.BGPUI_API_TIMEOUT = 3.0
    _kube.clear()
    yield _kube
    _kube.clear()


class Office:
    """bgpui at work on one cluster, without Celery between."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def save(self, manifest: dict[str, Any], **more: Any) -> Resource:
        where = {"namespace": NAMESPACE, "name": manifest["metadata"]["name"], "kind": manifest["kind"]}
        return resource_save(cluster=self.cluster, manifest=manifest, actor=None, source="api", **where, **more)

    def delete(self, row: Resource, **more: Any) -> Resource:
        return resource_delete(row=row, actor=None, source="api", **more)

    def work(self, row: Resource) -> list[Fate]:
        """What a worker does with the row; it is read anew after that, if it is still there."""
        fates = apply_pending(row.KIND.kind, row.pk)
        if type(row)._default_manager.filter(pk=row.pk).exists():
            row.refresh_from_db()
        return fates

    def look(self) -> bool:
        self.cluster.refresh_from_db()
        return relist(self.cluster)

    def row(self, name: str = "tor-1") -> BGPPeer:
        return BGPPeer.objects.select_related("cluster").get(cluster=self.cluster, namespace=NAMESPACE, name=name)


@pytest.fixture
def office(db: None, kube: RunningCluster, settings: Settings) -> Office:
    """bgpui connected to the cluster."""
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", str(kube.kubeconfig), ""),)
    return Office(Cluster.objects.create(name="lab", kubeconfig=str(kube.kubeconfig)))
