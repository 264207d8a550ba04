"""/metrics: every family with its labels, the same queries however much there is, and nobody who may not see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from bgpui.env import ClusterSetting
from bgpui.models import token_create
from bgpui.roles import role_give
from clusters import clock, services
from clusters.models import ChangeSet, Cluster, Credential, Lease
from clusters.nudges import connection as redis_connection
from peers.models import BGPPeer
from speakers import totals
from speakers.models import Session, Speaker, Transition
from tests.speakers.seen import DOWN, UP, intended, seen, swept

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


@pytest.fixture
def viewer(db: None) -> Client:
    user = User.objects.create_user("prometheus")
    role_give(user=user, role="viewer")
    _token, key = token_create(user=user, name="scrape", read_only=True)
    return Client(headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def cluster(db: None, settings: Settings) -> Cluster:
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", "/nonexistent", ""),)
    (row,) = services.clusters_sync_from_settings()
    now = clock.now()
    Cluster.objects.update(mode="frr-k8s", metallb_version="v0.16.1", connected_at=now, watched_at=now, event_lag=0.25)
    Cluster.objects.update(streams=[{"name": "BGPPeer", "live": True}, {"name": "Node", "live": False}])
    return row


def scraped(client: Client) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        found.setdefault(family.name, {})
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found[f"bgpui_{name}"].get(tuple(sorted(labels.items())))


def test_sessions_transitions_and_prefixes_are_counted(viewer: Client, cluster: Cluster) -> None:
    now = clock.now()
    wanted = {"node-1": [intended("node-1"), intended("node-1", "10.0.0.9", "red")], "node-2": []}
    sights = [
        seen("node-1", now, {("default", "10.0.0.1"): UP, ("red", "10.0.0.9"): DOWN}),
        seen("node-2", now, {("default", "10.0.0.1"): UP}),
    ]
    swept(cluster=cluster, observations=sights, expected=wanted)
    peer = Session.objects.get(vrf="red").peer
    found = scraped(viewer)
    assert value(found, "session_states", cluster="lab", vrf="default", state="Established") == 2
    assert value(found, "sessions", cluster="lab", vrf="default", health="up") == 1
    assert value(found, "sessions", cluster="lab", vrf="default", health="orphan") == 1
    assert value(found, "sessions", cluster="lab", vrf="red", health="down") == 1
    assert value(found, "sessions", cluster="lab", vrf="red", health="up") == 0
    assert value(found, "sessions_intended", cluster="lab", vrf="red", peer=peer) == 1
    assert value(found, "sessions_up", cluster="lab", vrf="red", peer=peer) == 0
    assert value(found, "prefixes_sent", cluster="lab", vrf="default") == 6
    assert value(found, "prefixes_received", cluster="lab", vrf="default") == 4
    assert value(found, "session_transitions_total", cluster="lab", vrf="default", state="Established") == 2
    degraded = UP | {"peerBfdInfo": {"status": "Down"}}
    for seconds, fields in ((10, degraded), (20, UP), (30, UP | {"connectionsEstablished": 2})):
        sight = seen("node-2", now + timedelta(seconds=seconds), {("default", "10.0.0.1"): fields})
        swept(cluster=cluster, observations=[sight], expected=wanted)
    found = scraped(viewer)  # it stayed up but for the last time
    assert value(found, "session_transitions_total", cluster="lab", vrf="default", state="Established") == 3
    Transition.objects.all().delete()  # the history is kept for some time; a counter never goes back
    assert value(scraped(viewer), "session_transitions_total", cluster="lab", vrf="red", state="Active") == 1
    assert value(found, "speakers", cluster="lab", freshness="absent") == 2  # these nodes have no pod
    Speaker.objects.update(pod="frr", observed_at=now - timedelta(hours=1))
    found = scraped(viewer)
    assert value(found, "speakers", cluster="lab", freshness="unknown") == 2
    assert value(found, "sessions_up", cluster="lab", vrf="default", peer=peer) == 0


def test_sweeps_are_told_by_their_slowest_shard(viewer: Client, cluster: Cluster, settings: Settings) -> None:
    began = clock.now() - timedelta(seconds=7)
    for shard, unanswered in ((0, 1), (1, 2), (1, 0)):
        totals.sweep_write(cluster, shard, began, nodes=10, unanswered=unanswered)
    totals.sweep_fail(cluster)
    found = scraped(viewer)
    assert value(found, "sweep_nodes", cluster="lab") == 20
    assert value(found, "sweep_nodes_unanswered", cluster="lab") == 1
    assert value(found, "sweep_unanswered_total", cluster="lab") == 3
    assert value(found, "sweeps_total", cluster="lab") == 1
    assert value(found, "sweep_failures_total", cluster="lab") == 1
    assert value(found, "sweep_duration_seconds", cluster="lab") == pytest.approx(7, abs=3)
    assert value(found, "sweep_last_timestamp_seconds", cluster="lab") == pytest.approx(began.timestamp() + 7, abs=3)
    assert value(found, "sweep_stopped_seconds") == 35
    totals.shards_keep(cluster, 1)
    settings.BGPUI_SWEEP_INTERVAL = 600
    found = scraped(viewer)
    assert value(found, "sweep_nodes", cluster="lab") == 10
    assert value(found, "sweep_stopped_seconds") == 3.5 * 600


def test_clusters_streams_edits_and_queues(viewer: Client, cluster: Cluster, redis_url: str) -> None:
    place = {"cluster": cluster, "namespace": "metallb-system"}
    for name, state in (("a", "pending"), ("b", "rejected"), ("c", "conflict"), ("d", "in_sync")):
        BGPPeer.objects.create(**place, name=name, sync_state=state)
    ChangeSet.objects.create(cluster=cluster, source="api")
    ends = clock.now() + timedelta(days=3)
    Credential.objects.create(cluster=cluster, server="x", kind="token", expires_at=ends, stored_at=clock.now())
    redis_connection().rpush("observe", "a task")
    found = scraped(viewer)
    assert value(found, "cluster_reachable", cluster="lab") == 1
    assert value(found, "cluster_credentials_expire_timestamp_seconds", cluster="lab") == pytest.approx(
        ends.timestamp()
    )
    info = {"mode": "frr-k8s", "metallb_version": "v0.16.1", "kubernetes_version": ""}
    assert value(found, "cluster_info", cluster="lab", **info) == 1
    for state, number in (("pending", 1), ("rejected", 1), ("conflict", 1), ("deleting", 0)):
        assert value(found, "edits", cluster="lab", state=state) == number
    assert value(found, "changesets_open", cluster="lab") == 1
    assert value(found, "watch_streams", cluster="lab", state="live") == 1
    assert value(found, "watch_streams", cluster="lab", state="not_live") == 1
    assert value(found, "watch_live", cluster="lab") == 1
    assert value(found, "watch_event_lag_seconds", cluster="lab") == 0.25
    assert value(found, "queue_length", queue="observe") == 1
    assert value(found, "queue_length", queue="apply") == 0
    Lease.objects.create(name="watch", holder="host:7", beats=1, beaten_at=clock.now())
    assert value(scraped(viewer), "watch_leader_info", holder="host:7") == 1
    Cluster.objects.update(error="gone")
    assert value(scraped(viewer), "cluster_reachable", cluster="lab") == 0


def test_sessions_by_themselves_only_if_asked_for(viewer: Client, cluster: Cluster, settings: Settings) -> None:
    swept(cluster=cluster, observations=[seen("n", clock.now(), {("default", "10.0.0.1"): UP})], expected={})
    assert "bgpui_session_up" not in scraped(viewer)
    settings.BGPUI_METRICS_SESSIONS = True
    labels = {"cluster": "lab", "node": "n", "vrf": "default", "neighbor": "10.0.0.1", "peer": ""}
    assert value(scraped(viewer), "session_prefixes_sent", **labels) == 3


def test_a_scrape_costs_the_same_queries_however_much_there_is(viewer: Client, cluster: Cluster) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen_queries:
            scraped(viewer)
        return len(seen_queries)

    scraped(viewer)  # the token's use is noted once a minute
    few = queries()
    for number in range(5):
        row = Cluster.objects.create(name=f"c{number}", source="added", label="x")
        neighbors = {("default", f"10.0.{number}.{n}"): UP for n in range(20)}
        sights = [seen(f"node-{n}", clock.now(), neighbors) for n in range(5)]
        swept(cluster=row, observations=sights, expected={})
        totals.sweep_write(row, 0, clock.now(), nodes=5, unanswered=0)
        BGPPeer.objects.create(cluster=row, namespace="m", name="a", sync_state="pending")
    assert queries() == few <= 16


def test_hostile_names_are_escaped(viewer: Client, cluster: Cluster) -> None:
    vrf = 'a"\\b'
    swept(cluster=cluster, observations=[seen("n", clock.now(), {(vrf, "10.0.0.1"): UP})], expected={})
    assert value(scraped(viewer), "sessions", cluster="lab", vrf=vrf, health="orphan") == 1


@pytest.mark.parametrize(("role", "code"), [("viewer", 200), ("editor", 200), ("", 403)])
def test_a_token_of_a_viewer_is_enough(db: None, role: str, code: int) -> None:
    user = User.objects.create_user("someone")
    if role:
        role_give(user=user, role=role)
    _token, key = token_create(user=user, name="scrape")
    assert Client(headers={"Authorization": f"Bearer {key}"}).get("/metrics").status_code == code


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic YTpi", f"Bearer {'x' * 500}"])
def test_nobody_else_sees_anything_unless_the_settings_open_it(db: None, settings: Settings, header: str) -> None:
    client = Client(headers={"Authorization": header} if header else {})
    answer = client.get("/metrics")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="bgpui"')
    assert "bgpui_" not in answer.text
    assert client.post("/metrics").status_code == 405
    settings.BGPUI_METRICS_OPEN = True
    assert "bgpui_redis_up" in client.get("/metrics").text


@pytest.mark.parametrize("path", ["/metrics", "/healthz"])
def test_machines_come_by_address_and_in_plain_http(viewer: Client, settings: Settings, path: str) -> None:
    """As kubelet's probes and Prometheus' pod targets do: the Host header is the pod's address and port."""
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["bgp.example"], True
    assert viewer.get(path, headers={"Host": "10.244.1.7:8000"}).status_code == 200
    assert viewer.get("/", headers={"Host": "10.244.1.7:8000"}).status_code == 400


def test_openmetrics_is_spoken_to_who_prefers_it(viewer: Client, cluster: Cluster) -> None:
    accept = "application/openmetrics-text;version=1.0.0"
    answer = viewer.get("/metrics", headers={"Accept": accept, "Accept-Encoding": "gzip"})
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    assert answer["Content-Encoding"] == "gzip"
