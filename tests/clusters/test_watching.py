"""`manage.py watch` beside real API servers: it follows, goes on after whatever breaks, and ends when told."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from lab.apiserver import Fault, storage
from tests.clusters.cluster import NAMESPACE, RunningCluster, endpoints, node, peer, service
from tests.clusters.watching import Watcher
from tests.waiting import eventually

pytestmark = pytest.mark.faults
PEERS = "bgppeers.metallb.io"


@pytest.fixture
def watcher(kube: RunningCluster, tmp_path: Path) -> Iterator[Watcher]:
    """A watcher of the cluster, with all its streams."""
    if kube.call(kube.server.store.get, "namespaces", "", "shop") is None:
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": "shop", "labels": {"tier": "front"}}})
    kube.add(peer())
    running = Watcher(tmp_path, {"lab": kube.kubeconfig})
    running.start()
    try:
        eventually(running.all_live, timeout=120)
        yield running
    finally:
        running.close()


def follows(kube: RunningCluster, watcher: Watcher, asn: int) -> None:
    """Change a peer, and wait for its row."""
    kube.patch_peer("tor-1", {"peerASN": asn})
    eventually(lambda: watcher.peers().get("tor-1") == asn)


def test_all_that_changes_comes_to_the_rows_and_the_end_is_clean(kube: RunningCluster, watcher: Watcher) -> None:
    follows(kube, watcher, 64700)
    kube.add(peer("tor-2", peerAddress="192.0.2.2"), node("node-1"))
    kube.add(service("web", "203.0.113.7"), endpoints("web", "node-1"))
    eventually(lambda: watcher.rows("SELECT endpoint_nodes FROM clusters_service") == [('["node-1"]',)])
    eventually(lambda: watcher.rows("SELECT name FROM clusters_node") == [("node-1",)])
    eventually(lambda: watcher.peers() == {"tor-1": 64700, "tor-2": 64600})
    kube.patch_peer("tor-2", {"peerAddress": "192.0.2.1"})
    eventually(lambda: watcher.rows("SELECT severity FROM peers_bgppeer") == [("error",), ("error",)])
    kube.kubectl("delete", "bgppeer", "tor-2")
    eventually(lambda: watcher.rows("SELECT name, severity FROM peers_bgppeer") == [("tor-1", "")])
    eventually(lambda: watcher.rows("SELECT 1 FROM clusters_cluster WHERE event_at IS NOT NULL AND event_lag > 0"))
    assert watcher.stop() == 0
    assert watcher.streams() == {}
    assert "Traceback" not in watcher.log.read_text()


def test_what_changed_while_nobody_watched_comes_with_the_start(kube: RunningCluster, watcher: Watcher) -> None:
    watcher.stop(signal.SIGKILL)
    kube.patch_peer("tor-1", {"peerASN": 64701})
    kube.add(peer("tor-2", peerAddress="192.0.2.2"))
    watcher.start()
    eventually(lambda: watcher.peers() == {"tor-1": 64701, "tor-2": 64600})


def test_a_restarted_server_that_forgot_its_events_is_looked_at_anew(kube: RunningCluster, watcher: Watcher) -> None:
    kube.stop()
    kube.start()  # its history is gone: older versions are answered with 410
    kube.patch_peer("tor-1", {"peerASN": 64702})
    eventually(lambda: watcher.peers() == {"tor-1": 64702})
    follows(kube, watcher, 64703)
    eventually(watcher.all_live)


def test_a_watcher_that_was_too_slow_is_told_410_and_looks_anew(
    kube: RunningCluster, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "HISTORY", 5)
    kube.stop()
    kube.start()
    kube.server.faults.add(Fault(verb="watch", resource="bgppeers", drop="before", count=2))
    for number in range(40):
        kube.patch_peer("tor-1", {"peerASN": 64710 + number})
    eventually(lambda: watcher.peers() == {"tor-1": 64749})
    follows(kube, watcher, 64750)


def test_a_burst_is_followed_to_its_end(kube: RunningCluster, watcher: Watcher) -> None:
    for number in range(300):
        kube.patch_peer("tor-1", {"peerASN": 65000 + number})
    eventually(lambda: watcher.peers() == {"tor-1": 65299})
    revisions = watcher.rows("SELECT count(*) FROM clusters_change WHERE kind = 'BGPPeer'")
    assert revisions == [(300,)]


def test_a_token_that_is_replaced_is_read_anew(kube: RunningCluster, tmp_path: Path) -> None:
    document = yaml.safe_load(kube.kubeconfig.read_text())
    token, kubeconfig = tmp_path / "token", tmp_path / "renewed.yaml"
    token.write_text("old-token")
    document["users"][0]["user"] = {"tokenFile": "token"}
    kubeconfig.write_text(yaml.safe_dump(document))
    kube.server.tokens.add("old-token", "bgpui")
    kube.add(peer())
    (tmp_path / "w").mkdir()
    watcher = Watcher(tmp_path / "w", {"lab": kubeconfig})
    watcher.start()
    try:
        eventually(watcher.all_live)
        kube.server.tokens.add("new-token", "bgpui")
        token.write_text("new-token")
        kube.server.faults.add(Fault(verb="watch", resource="bgppeers", code=401))
        kube.server.tokens.remove("old-token")
        kube.stop()
        kube.start()
        kube.patch_peer("tor-1", {"peerASN": 64720})
        eventually(lambda: watcher.peers() == {"tor-1": 64720})
        eventually(watcher.all_live)
    finally:
        watcher.close()


def test_a_cluster_that_is_away_slows_no_other_one(kube: RunningCluster, tmp_path: Path) -> None:
    kube.add(peer())
    with socket.socket() as silent:  # takes connections and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        document = yaml.safe_load(kube.kubeconfig.read_text())
        document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{silent.getsockname()[1]}"
        away = tmp_path / "away.yaml"
        away.write_text(yaml.safe_dump(document))
        watcher = Watcher(tmp_path, {"away": away, "lab": kube.kubeconfig})
        watcher.start()
        try:
            eventually(watcher.all_live)
            eventually(lambda: watcher.streams("away"))
            for number in range(10):
                before = datetime.now(UTC)
                follows(kube, watcher, 64730 + number)
                assert (datetime.now(UTC) - before).total_seconds() < 5  # a request to the other one takes 2 s to fail
            assert not any(watcher.streams("away").values())
            assert watcher.stop() == 0
        finally:
            watcher.close()


def test_an_object_that_cannot_be_followed_stops_its_own_stream_only(kube: RunningCluster, watcher: Watcher) -> None:
    with_trigger = (
        "CREATE TRIGGER refuse BEFORE INSERT ON clusters_node BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
    )
    watcher.rows(with_trigger)
    kube.add(node("node-1"))
    eventually(lambda: watcher.streams()["nodes"] is False)
    follows(kube, watcher, 64740)
    assert [name for name, live in watcher.streams().items() if not live] == ["nodes"]
    watcher.rows("DROP TRIGGER refuse")
    eventually(lambda: watcher.rows("SELECT name FROM clusters_node") == [("node-1",)])
    eventually(watcher.all_live)


def test_deleted_and_made_anew_under_the_same_name(kube: RunningCluster, watcher: Watcher) -> None:
    for number in range(5):
        kube.call(kube.server.store.delete, PEERS, NAMESPACE, "tor-1")
        kube.add(peer(peerASN=64760 + number))
    uid = kube.peer("tor-1")["metadata"]["uid"]
    eventually(lambda: watcher.rows("SELECT uid, peer_asn FROM peers_bgppeer") == [(uid, 64764)])
