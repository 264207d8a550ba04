"""Rows of nodes that come, go, or lose their pod; history that is old enough to go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from clusters import clock
from clusters.models import Cluster, NodeEvent
from clusters.observing import QUIET_INTERVAL
from speakers import services
from speakers.models import Session, Speaker, Transition
from speakers.pods import speakers_back, speakers_sync
from speakers.services import Written, observations_write
from speakers.sweep import Observation
from tests.speakers.seen import DOWN, T0, UP, after, intended, missed, seen, session, speaker, swept
from tests.speakers.seen import cluster as make_cluster
from tests.stores.clock import StandingClocks, differ

pytestmark = pytest.mark.django_db
ONE = ("default", "10.0.0.1")


@pytest.fixture
def cluster() -> Cluster:
    return make_cluster()


def write(cluster: Cluster, *observations: Observation) -> Written:
    expected = {one.node: [intended(one.node)] for one in observations}
    return swept(cluster=cluster, observations=observations, expected=expected)


def test_nodes_that_are_gone_take_their_sessions_with_them(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    differ(monkeypatch, timedelta(minutes=-5))
    write(cluster, seen("node-1", T0, {ONE: UP}), seen("node-2", T0, {ONE: UP}))
    pod = Speaker(node="node-2", pod="speaker-2", pod_uid="u2", namespace="metallb-system")
    speakers_sync(cluster=cluster, pods=[pod], nodes=[])
    assert [row.node for row in Session.objects.all()] == ["node-2"]
    assert Speaker.objects.get().pod == "speaker-2"
    gone = Transition.objects.get(node="node-1", new_state="")
    assert gone.at <= clock.now()  # that of the database, as all other lines of the history


def test_an_answer_that_comes_after_its_node_has_gone_does_not_bring_it_back(cluster: Cluster) -> None:
    """A shard of the last round may still wait for it while this round finds that the cluster has it no more."""
    write(cluster, seen("node-1", T0, {ONE: UP}), seen("node-2", T0, {ONE: UP}))
    speakers_sync(cluster=cluster, pods=[], nodes=["node-2"])
    gone = Transition.objects.count()
    late = [seen("node-1", after(5), {ONE: UP}), missed("node-1", after(6)), seen("node-2", after(5), {ONE: UP})]
    expected = {node: [intended(node)] for node in ("node-1", "node-2")}
    for one in late:
        observations_write(cluster=cluster, observations=[one], expected=expected)
    assert [(row.node, row.observed_at) for row in Speaker.objects.all()] == [("node-2", after(5))]
    assert [row.node for row in Session.objects.all()] == ["node-2"]
    assert Transition.objects.count() == gone


def test_a_node_that_should_have_a_speaker_but_lost_its_pod_keeps_its_sessions(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    speakers_sync(cluster=cluster, pods=[], nodes=["node-1"])
    assert Speaker.objects.get().pod == ""
    assert session().state == "Established"


@pytest.mark.parametrize(
    "moved", [{"pod_uid": "new"}, {"restarts": 1}, {"ready": "4/4"}, {"phase": "Running"}, {"container": "frr2"}]
)
def test_a_pod_that_began_anew_is_asked_at_once(cluster: Cluster, moved: dict[str, Any]) -> None:
    """A reboot keeps a pod and its uid: its containers are restarted (Kubernetes, "Pod Lifecycle", restarts)."""
    known = {"pod": "pod-node-1", "namespace": "metallb-system", "pod_uid": "old", "container": "frr", "ready": "3/4"}
    row = speaker(cluster, "node-1", pod_uid="old", ready="3/4", retry_at=after(300), attempted_at=T0, misses=9)
    speakers_sync(cluster=cluster, pods=[Speaker(node="node-1", **known, image="other")], nodes=[])
    row.refresh_from_db()
    assert (row.image, row.retry_at, row.misses) == ("other", after(300), 9)
    speakers_sync(cluster=cluster, pods=[Speaker(node="node-1", **known | moved)], nodes=[])
    row.refresh_from_db()
    assert (row.retry_at, row.misses) == (None, 3), "should it not answer yet, its back-off begins anew"


@pytest.mark.parametrize("kind", ["node-ready", "node-network-back"])
def test_a_node_that_came_back_is_asked_once_for_each_time(cluster: Cluster, kind: str) -> None:
    row = speaker(cluster, "node-1", retry_at=after(300), attempted_at=T0, misses=9)

    def backed_off(at: float, what: str, node: str = "node-1") -> bool:
        NodeEvent.objects.create(cluster=cluster, node=node, at=after(at), kind=what)
        speakers_back(cluster=cluster, nodes=["node-1"])
        speakers_back(cluster=cluster)
        row.refresh_from_db()
        return row.retry_at is not None

    assert backed_off(-1, kind), "it was asked since"
    assert backed_off(1, "node-labels")
    assert backed_off(1, kind, node="node-2")
    assert not backed_off(2, kind)
    Speaker.objects.update(retry_at=after(400), attempted_at=after(3))
    assert backed_off(3, "node-cordoned"), "it was asked, and did not answer"


def test_what_is_answered_after_the_clock_was_set_back_counts(cluster: Cluster, clocks: StandingClocks) -> None:
    pod = {"node": "node-1", "pod": "pod-node-1", "namespace": "metallb-system"}
    clocks.stand(after(3600))
    speakers_sync(cluster=cluster, pods=[Speaker(**pod)], nodes=[])
    write(cluster, seen("node-1", after(3600), {ONE: UP}))
    Speaker.objects.update(retry_at=after(3900))
    clocks.stand(T0)
    speakers_sync(cluster=cluster, pods=[Speaker(**pod)], nodes=[])
    write(cluster, seen("node-1", T0, {ONE: DOWN}))
    row = Speaker.objects.get()
    assert (row.observed_at, row.attempted_at, row.retry_at) == (T0, T0, None)
    assert session().state == "Active"
    for at in (5, 6, 7):
        write(cluster, missed("node-1", after(at)))
    row.refresh_from_db()
    clocks.stand(after(7))
    speakers_sync(cluster=cluster, pods=[Speaker(**pod)], nodes=[])
    assert Speaker.objects.get().retry_at == row.retry_at is not None, "a back-off is no time that went wrong"


def test_what_is_only_reported_is_as_rare_as_its_reading_in_quiet_mode_too(cluster: Cluster) -> None:
    cluster.observing, cluster.readonly_took = Cluster.Observing.QUIET, 200.0
    answer = seen("node-1", T0, {ONE: UP})
    write(cluster, replace(answer, source=Speaker.Source.STATUS))
    assert Speaker.objects.get().every >= cluster.readonly_took
    write(cluster, replace(answer, at=after(1)))
    assert Speaker.objects.get().every == QUIET_INTERVAL


def test_speakers_that_did_not_change_are_not_written(cluster: Cluster) -> None:
    pods = [Speaker(node=f"node-{n}", pod=f"pod-{n}", pod_uid=str(n)) for n in range(3)]
    assert speakers_sync(cluster=cluster, pods=pods, nodes=[]) == 3
    assert speakers_sync(cluster=cluster, pods=pods, nodes=[]) == 0


def test_old_history_is_deleted(cluster: Cluster) -> None:
    write(cluster, seen("node-1", T0, {ONE: UP}))
    write(cluster, seen("node-1", after(100), {ONE: DOWN}))
    assert services.observed_expire(before=after(50)) == 1
    assert Transition.objects.get().new_state == "Active"
