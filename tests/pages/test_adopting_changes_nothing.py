"""First connect, looking again, watching and reading every page leave what exists as it is, to the byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client

from clusters.models import Change, Cluster
from clusters.registry import resource_models, rows_of
from clusters.sync.relist import relist
from tests.clusters.cluster import RESOURCES, RunningCluster, node, peer
from tests.clusters.watching import Watcher
from tests.kinds import SPECS, example
from tests.pages.conftest import Browser
from tests.waiting import eventually


@pytest.fixture
def furnished(kube: RunningCluster) -> RunningCluster:
    """Objects of every kind, written by people and tools in every way, some of them broken or looked after."""
    for kind in SPECS:
        kube.kubectl("apply", manifest=example(kind))
    kube.kubectl("apply", "--server-side", manifest=peer("server-side", peerAddress="192.0.2.71"))
    kube.kubectl("create", manifest=peer("inline", peerAddress="192.0.2.72", password="hunter2-inline"))
    kube.kubectl("label", "bgppeer", "server-side", "team=net")
    argo = peer("argo", peerAddress="192.0.2.73")
    argo["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:metallb-system/argo"}
    kube.add(argo, manager="argocd-controller")
    helm = peer("helm", peerAddress="192.0.2.74", labels={"app.kubernetes.io/managed-by": "Helm"})
    helm["metadata"]["finalizers"] = ["example.com/kept"]
    kube.add(helm, node("node-1"), manager="helm")
    return kube


def _bytes(kube: RunningCluster) -> dict[str, str]:
    """All that the API server stores, resourceVersions, generations and managedFields with it."""
    return {
        f"{resource} {found['metadata']['name']}": json.dumps(found, sort_keys=True)
        for resource in RESOURCES
        for found in kube.call(kube.server.store.list, resource)
    }


def test_what_exists_is_adopted_without_changing_a_byte_of_it(
    browser: Browser, live_cluster: Cluster, furnished: RunningCluster, tmp_path: Path
) -> None:
    before = _bytes(furnished)
    watcher = Watcher(tmp_path, {"lab": furnished.kubeconfig})
    watcher.start()
    try:
        eventually(watcher.all_live)
        eventually(lambda: len(watcher.peers()) == 5)
        assert watcher.stop() == 0
    finally:
        watcher.close()
    for _ in range(2):
        live_cluster.refresh_from_db()
        relist(live_cluster)
    admin = browser("admin")
    for path in _pages(admin):
        assert admin.get(path).status_code == 200, path
    assert _bytes(furnished) == before
    assert not Change.objects.exists()
    assert watcher.rows("SELECT 1 FROM clusters_change") == []


def _pages(admin: Client) -> list[str]:
    """What reads the objects: lists, each object's page and its form, deletion, export, home, and REST."""
    rows = [row for kind in resource_models() for row in rows_of(kind).select_related("cluster")]
    assert len(rows) == len(SPECS) + 4
    one = [row.get_absolute_url() for row in rows]
    many = sorted({path.split("lab/")[0] for path in one})
    forms = [f"{path}{verb}/" for path in one for verb in ("edit", "delete")]
    rest = sorted({f"/api/v1/{row.KIND.plural}/" for row in rows})
    rest += [f"/api/v1/{row.KIND.plural}/lab/{row.namespace}/{row.name}/" for row in rows]
    return ["/", "/clusters/", "/clusters/lab/", "/export/?cluster=lab&format=yaml", *many, *one, *forms, *rest]
