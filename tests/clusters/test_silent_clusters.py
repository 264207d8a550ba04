"""A cluster that takes connections and says nothing holds no worker: what is asked of it is counted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from pytest_django import Settings

from bgpui.env import ClusterSetting
from clusters import nudges, tasks
from clusters.models import ChangeSet, Cluster, SyncState
from clusters.services import clusters_sync_from_settings, resource_save
from clusters.sync import outbox
from dashboard import tasks as observing
from peers.models import BGPPeer
from speakers.models import Speaker, Sweep
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer


class Silence:
    """A server that counts who comes, and never answers."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._listening.getsockname()[1]}"

    @property
    def asked(self) -> int:
        return len(self._taken)

    def close(self) -> None:
        self._listening.close()
        for one in self._taken:
            one.close()

    def _take(self) -> None:
        while True:
            try:
                self._taken.append(self._listening.accept()[0])
            except OSError:
                return


@pytest.fixture
def silence() -> Iterator[Silence]:
    server = Silence()
    yield server
    server.close()


@pytest.fixture
def kubeconfig(silence: Silence, kube: RunningCluster, tmp_path: Path) -> Path:
    document = yaml.safe_load(kube.kubeconfig.read_text())
    document["clusters"][0]["cluster"]["server"] = silence.url
    path = tmp_path / "dark.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What is handed to workers."""
    found: list[tuple[str, int]] = []
    for name in ("relist_cluster", "relist_silent"):
        task = getattr(tasks, name)
        monkeypatch.setattr(task, "apply_async", lambda args, n=name, **_: found.append((n, *args)))

    def send(kind: str, pk: int) -> bool:
        found.append((kind, pk))
        return True

    monkeypatch.setattr(outbox, "send", send)
    monkeypatch.setattr(outbox, "send_set", lambda pk: send("set", pk))
    monkeypatch.setattr(nudges, "nudge", lambda *_: None)
    return found


def saved(cluster: Cluster, name: str) -> int:
    where: dict[str, Any] = {"kind": "BGPPeer", "namespace": NAMESPACE, "name": name, "manifest": peer(name)}
    return int(resource_save(cluster=cluster, actor=None, source="api", **where).pk)


class Waiting(NamedTuple):
    """Two clusters, one of which does not answer, and what waits there for an answer."""

    dark: Cluster
    lab: Cluster
    edit: int
    other: int
    opened: ChangeSet


@pytest.fixture
def waiting(
    transactional_db: None, redis_url: str, sent: object, kube: RunningCluster, kubeconfig: Path, settings: Settings
) -> Waiting:
    settings.BGPUI_API_TIMEOUT = 0.3
    settings.BGPUI_CLUSTERS = (
        ClusterSetting("dark", str(kubeconfig), ""),
        ClusterSetting("lab", str(kube.kubeconfig), ""),
    )
    dark, lab = clusters_sync_from_settings()
    Speaker.objects.create(cluster=dark, node="node-1", pod="frr", namespace=NAMESPACE)
    edit, other = saved(dark, "tor-1"), saved(lab, "tor-1")
    opened = ChangeSet.objects.create(cluster=dark, source="api")
    for one in (dark, lab):
        tasks.relist_cluster(one.pk)
    dark.refresh_from_db()
    assert dark.silent_since
    return Waiting(dark, lab, edit, other, opened)


def test_of_what_waits_for_a_cluster_that_does_not_answer_nothing_asks(
    kube: RunningCluster, silence: Silence, waiting: Waiting, sent: list[tuple[str, int]]
) -> None:
    dark, opened, asked = waiting.dark, waiting.opened, silence.asked
    sent.clear()
    tasks.sweep_outbox()
    assert sent == [("BGPPeer", waiting.other)]
    for _ in range(20):
        tasks.apply_resource("BGPPeer", waiting.edit)
        tasks.apply_changeset(opened.pk)
        observing.sweep_cluster(dark.pk)
        observing.refresh_session(0)
    assert silence.asked == asked
    row = BGPPeer.objects.get(pk=waiting.edit)
    opened.refresh_from_db()
    assert (row.sync_state, row.attempts, opened.state) == (SyncState.PENDING, 0, "pending")
    assert all("did not answer in time" in words for words in (dark.error, row.sync_message, opened.message))
    assert Sweep.objects.get(cluster=dark).failures == 20
    assert Speaker.objects.get(cluster=dark).error == dark.error[:500]

    tasks.apply_resource("BGPPeer", waiting.other)
    assert kube.peers() == ["tor-1"]  # the other one goes on


def test_only_looks_at_all_of_them_at_once_ask_and_an_answer_sends_on_what_waits(
    kube: RunningCluster, silence: Silence, kubeconfig: Path, waiting: Waiting, sent: list[tuple[str, int]]
) -> None:
    dark, asked = waiting.dark, silence.asked
    sent.clear()
    tasks.relist_clusters()
    assert sent == [("relist_cluster", waiting.lab.pk), ("relist_silent",)]
    assert silence.asked == asked
    tasks.relist_silent()
    assert silence.asked > asked

    kubeconfig.write_text(kube.kubeconfig.read_text())  # it answers again
    sent.clear()
    tasks.relist_silent()
    dark.refresh_from_db()
    assert dark.silent_since is None
    assert not dark.error
    assert {("BGPPeer", waiting.edit), ("set", waiting.opened.pk)} <= set(sent)


@pytest.mark.django_db
def test_a_refused_connection_costs_no_time_and_is_no_silence(kube: RunningCluster, settings: Settings) -> None:
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", str(kube.kubeconfig), ""),)
    (lab,) = clusters_sync_from_settings()
    kube.stop()
    try:
        tasks.relist_cluster(lab.pk)
    finally:
        kube.start()
    lab.refresh_from_db()
    assert (lab.silent_since, "refused" in lab.error) == (None, True)
