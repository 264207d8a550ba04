"""Whether the event streams of a cluster are looked after, on pages and in REST; a dead watcher is seen as such."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from clusters import clock
from clusters.models import Cluster
from clusters.sync.readonly import readonly_follow
from clusters.watched import reading_is_watched
from tests.clusters.cluster import RunningCluster, service


def stream(name: str, *, live: bool = True, readonly: bool = True, error: str = "") -> dict[str, Any]:
    return {"name": name, "live": live, "readonly": readonly, "error": error}


def told(cluster: Cluster, *streams: dict[str, Any], ago: float = 0.0) -> None:
    """What a watcher wrote some seconds ago."""
    now = clock.now()
    Cluster.objects.filter(pk=cluster.pk).update(
        streams=list(streams), watched_at=now - timedelta(seconds=ago), event_at=now, event_lag=0.034
    )


@pytest.mark.parametrize(
    ("streams", "ago", "state", "words"),
    [
        ([stream("nodes"), stream("services")], 1.0, "live", 'data-h="live">live'),
        ([stream("nodes"), stream("services", live=False, error="<no> right")], 1.0, "partly", "some are missing"),
        ([stream("nodes"), stream("services")], 60.0, "lost", "no event stream</span>"),
        ([], 1.0, "lost", "no event stream</span>"),
        ([stream("nodes", live=False, error="away")], 1.0, "lost", "no event stream</span>"),
    ],
)
def test_the_state_of_the_streams(
    viewer: Client, cluster: Cluster, streams: list[dict[str, Any]], ago: float, state: str, words: str
) -> None:
    told(cluster, *streams, ago=ago)
    for path in ("/clusters/", "/clusters/lab/"):
        page = viewer.get(path).text
        assert words in page
        assert ("since <time" in page) is (state == "lost")
        assert "in the rows after 0.03 s" in page
        assert "<no> right" not in page
    assert ("services: &lt;no&gt; right" in page) is (state == "partly")
    assert ("manage.py watch" in page) is (state == "lost")
    answer = viewer.get("/api/v1/clusters/lab/").json()
    assert (answer["watching"], answer["event_lag"], answer["streams"]) == (state, 0.034, streams)


def test_where_nobody_ever_watched_the_way_out_is_said(viewer: Client, cluster: Cluster) -> None:
    assert "no event stream</span>" in viewer.get("/clusters/").text
    assert "manage.py watch" in viewer.get("/clusters/lab/").text
    assert viewer.get("/api/v1/clusters/lab/").json()["watching"] == "never"


def test_what_is_only_read_is_looked_at_rarely_while_its_streams_are_live(
    live_cluster: Cluster, kube: RunningCluster
) -> None:
    from clusters.doors import door_of

    if kube.call(kube.server.store.get, "namespaces", "", "shop") is None:
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": "shop", "labels": {"tier": "front"}}})
    readonly_follow(live_cluster, door_of(live_cluster))
    kube.add(service("web"))
    told(live_cluster, stream("services"), stream("bgppeers", readonly=False, live=False))
    live_cluster.refresh_from_db()
    assert reading_is_watched(live_cluster)
    readonly_follow(live_cluster, door_of(live_cluster))
    assert not live_cluster.services.exists()
    told(live_cluster, stream("services"), stream("nodes"), ago=60.0)
    live_cluster.refresh_from_db()
    readonly_follow(live_cluster, door_of(live_cluster))
    assert live_cluster.services.exists()


def test_streams_of_an_api_server_that_hangs_are_not_called_live(viewer: Client, cluster: Cluster) -> None:
    told(cluster, stream("nodes"), stream("services"))
    Cluster.objects.update(silent_since=clock.now() + timedelta(seconds=1))  # after the last event
    for path in ("/clusters/", "/clusters/lab/"):
        page = viewer.get(path).text
        assert "the API server does not answer" in page
        assert 'data-h="live">live' not in page
    cluster.refresh_from_db()
    assert not reading_is_watched(cluster)
    assert viewer.get("/api/v1/clusters/lab/").json()["watching"] == "silent"
    told(cluster, stream("nodes"))  # an event came
    Cluster.objects.update(silent_since=clock.now() - timedelta(minutes=1))
    assert viewer.get("/api/v1/clusters/lab/").json()["watching"] == "live"
