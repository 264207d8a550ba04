"""A cluster behind a real API server, users of every role, and a client of the REST API."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from bgpui.env import ClusterSetting
from bgpui.models import token_create
from bgpui.roles import role_give
from clusters import clock, services
from clusters.models import Cluster, Node
from clusters.sync import apply, outbox
from clusters.sync.changesets.carry import apply_set
from intent.kinds import KINDS
from lab.apiserver import ApiServer, write_kubeconfig
from lab.crds import crds
from tests.api.manifests import NAMESPACE
from tests.cluster.choice import api_server

_KINDS = (*(kind.plural for kind in KINDS.values()), "secrets")


@dataclass
class Kube:
    """A Kubernetes API server on an event loop of its own thread."""

    server: ApiServer
    loop: asyncio.AbstractEventLoop
    kubeconfig: Path

    def call(self, function: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Call something of the server on its loop."""

        async def on_loop() -> Any:
            return function(*args, **more)

        return asyncio.run_coroutine_threadsafe(on_loop(), self.loop).result(10)

    def get(self, resource: str, name: str) -> Any:
        """An object as it stands there, None if there is none."""
        return self.call(self.server.store.get, resource, NAMESPACE, name)

    def clear(self) -> None:
        """Back to an empty cluster without faults."""
        self.call(self.server.faults.clear)
        for resource in _KINDS:
            for found in self.call(self.server.store.list, resource, NAMESPACE):
                self.call(self.server.store.delete, resource, NAMESPACE, found["metadata"]["name"])


@pytest.fixture(scope="session")
def kube_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = api_server(None, {"secret": "bgpui"}, tls=False)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(60)
    path = tmp_path_factory.mktemp("kube") / "kubeconfig"
    kube = Kube(server, loop, write_kubeconfig(path, server.url, "secret", server.ca_pem))
    for crd in crds():
        kube.call(server.store.add, crd)
    kube.call(server.store.create, "namespaces", {"metadata": {"name": NAMESPACE}})
    yield kube
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    server.close()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def kube(kube_session: Kube) -> Kube:
    """The API server, empty."""
    kube_session.clear()
    return kube_session


@pytest.fixture
def cluster(db: None, settings: Settings) -> Cluster:
    """A cluster that is connected, with two nodes; nothing answers at its address."""
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", "/nonexistent", ""),)
    (row,) = services.clusters_sync_from_settings()
    row.mode, row.metallb_version, row.namespace, row.connected_at = "frr", "0.16.1", NAMESPACE, clock.now()
    row.save()
    for index in range(2):
        Node.objects.create(cluster=row, name=f"node-{index}", uid=str(index), addresses=[f"192.0.2.1{index}"])
    return row


@pytest.fixture
def live_cluster(cluster: Cluster, kube: Kube, settings: Settings) -> Cluster:
    """The same cluster behind the API server."""
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", str(kube.kubeconfig), ""),)
    (row,) = services.clusters_sync_from_settings()
    return row


@pytest.fixture
def work() -> Callable[[], None]:
    """What a worker does: bring everything that is pending into the cluster."""

    def run() -> None:
        for kind, pk in outbox.left_over(clock.now()):
            apply.apply_pending(kind, pk)
        for pk in outbox.sets_left_over(clock.now()):
            apply_set(pk)

    return run


@pytest.fixture
def worker(work: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that works while a request waits."""
    monkeypatch.setattr("clusters.api.waiting.sleep", lambda _seconds: work())


@pytest.fixture
def user(db: None) -> Callable[..., User]:
    """Makes a user of a role."""

    def make(role: str, name: str = "") -> User:
        made = User.objects.create_user(name or f"a-{role or 'stranger'}", password="correct horse battery")
        if role:
            role_give(user=made, role=role)
        return made

    return make


@pytest.fixture
def as_role(user: Callable[..., User]) -> Callable[[str], APIClient]:
    """Makes a client with a token of a new user of a role; "" = of a user without one."""

    def make(role: str) -> APIClient:
        _token, key = token_create(user=user(role), name="test")
        return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")

    return make


@pytest.fixture
def api(as_role: Callable[[str], APIClient]) -> APIClient:
    """An editor's client."""
    return as_role("editor")
