"""Rows of nodes that come, go, or lose their pod; history that is old enough to go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clusters import clock
from clusters.models import Cluster
from speakers import services
from speakers.models import Session, Speaker, Transition
from speakers.pods import speakers_sync
from speakers.services import Written, observations_write
from speakers.sweep import Observation
from tests.speakers.seen import DOWN, T0, UP, after, intended, seen, session, speaker
from tests.speakers.seen import cluster as make_cluster
from tests.stores.clock import differ

pytestmark = pytest.mark.django_db
ONE = ("default", "10.0.0.1")


@pytest.fixture
def cluster() -> Cluster:
    return make_cluster()


def write(cluster: Cluster, *observations: Observation) -> Written:
    expected = {one.node: [intended(one.node)] for one in observations}
    return observations_write(cluster=cluster, observations=observations, expected=expected)


def test_nodes_that_are_gone_take_their_sessions_with_them(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    differ(monkeypatch, timedelta(minutes=-5))
    write(cluster, seen("node-1", T0, {ONE: UP}), seen("node-2", T0, {ONE: UP}))
    pod = Speaker(node="node-2", pod="speaker-2", pod_uid="u2", namespace="metallb-system")
    speakers_sync(cluster=cluster, pods=[pod], nodes=[])
    assert [row.node for row in Session.objects.all()] == ["node-2"]
    assert Speaker.objects.get().pod == "speaker-2"
    gone = Transition.objects.get(node="node-1", new_state="")
    assert gone.at <= clock.now()  # that of the database, as all other lines of the history


def test_a_node_that_should_have_a_speaker_but_lost_its_pod_keeps_its_sessions(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    speakers_sync(cluster=cluster, pods=[], nodes=["node-1"])
    assert Speaker.objects.get().pod == ""
    assert session().state == "Established"


def test_a_new_pod_is_asked_at_once(cluster: Cluster) -> None:
    row = speaker(cluster, "node-1", pod_uid="old", retry_at=after(300), misses=9)
    speakers_sync(cluster=cluster, pods=[Speaker(node="node-1", pod="new", pod_uid="new")], nodes=[])
    row.refresh_from_db()
    assert (row.pod, row.retry_at) == ("new", None)


def test_speakers_that_did_not_change_are_not_written(cluster: Cluster) -> None:
    pods = [Speaker(node=f"node-{n}", pod=f"pod-{n}", pod_uid=str(n)) for n in range(3)]
    assert speakers_sync(cluster=cluster, pods=pods, nodes=[]) == 3
    assert speakers_sync(cluster=cluster, pods=pods, nodes=[]) == 0


def test_old_history_is_deleted(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    write(cluster, seen("node-1", after(100), {ONE: DOWN}))
    assert services.observed_expire(before=after(50)) == 1
    assert Transition.objects.get().new_state == "Active"
