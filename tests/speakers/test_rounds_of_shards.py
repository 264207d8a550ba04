"""The peers' counts cost as much as a cluster is large: they are made once a round, by the last of its shards."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from clusters.alone import alone
from clusters.models import Cluster
from dashboard import observe, tasks
from dashboard.rounds import round_begin, shard_over
from peers.models import BGPPeer
from speakers.models import Session, Speaker
from tests.speakers.lab import Observer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
CLUSTER = 1_000_003  # no row has this number


def test_the_last_shard_counts_if_any_of_them_changed_something() -> None:
    assert not round_begin(CLUSTER, 3)
    over = [shard_over(CLUSTER, changed=changed) for changed in (False, True, False)]
    assert over == [False, False, True]
    assert not round_begin(CLUSTER, 2)
    assert [shard_over(CLUSTER, changed=False) for _ in range(2)] == [False, False]
    assert shard_over(CLUSTER, changed=True), "a shard outside of a round is its last one"


def test_what_a_shard_that_never_ended_left_is_counted_by_the_next_round() -> None:
    round_begin(CLUSTER, 2)
    assert not shard_over(CLUSTER, changed=True)
    assert round_begin(CLUSTER, 2)
    assert not round_begin(CLUSTER, 1)
    assert not shard_over(CLUSTER, changed=False)


def test_peers_are_counted_when_all_shards_are_through(observer: Observer) -> None:
    def up() -> int:
        return BGPPeer.objects.get(name="tor-a").sessions_up

    nodes = sorted({row.node for row in Session.objects.filter(peer="tor-a")})
    assert up() == len(nodes)
    Session.objects.filter(peer="tor-a").update(state=Session.State.IDLE)
    BGPPeer.objects.filter(name="tor-a").update(sessions_up=0)
    round_begin(observer.cluster.pk, len(nodes))
    for number, node in enumerate(nodes):
        assert up() == 0
        tasks.sweep_shard(observer.cluster.pk, number, [node])
    assert up() == len(nodes)


def test_each_shard_has_its_turn_where_workers_cannot_do_all_within_an_interval(
    observer: Observer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BGPUI_SHARD_SIZE = 1
    rounds = list[list[tuple[int, int, list[str]]]]()
    monkeypatch.setattr(tasks.sweep_shard, "apply_async", lambda shard, **_: rounds[-1].append(shard))
    nodes = sorted(Speaker.objects.values_list("node", flat=True))
    for _ in nodes[::2]:
        rounds.append([])
        tasks.shards_send(observer.cluster, nodes)
        assert sorted(node for _, _, shard in rounds[-1] for node in shard) == nodes
        for shard in rounds[-1][:2]:  # the others expire
            tasks.sweep_shard(*shard)
    asked = [node for each in rounds for _, _, shard in each[:2] for node in shard]
    assert sorted(asked) == nodes


def test_a_shard_that_is_still_at_it_counts_once(observer: Observer) -> None:
    pk = observer.cluster.pk
    round_begin(pk, 2)
    with alone(f"sweep:{pk}:0") as free:
        assert free
        tasks.sweep_shard(pk, 0, [])
        assert not shard_over(pk, changed=True), "the other one is still to come"
    assert shard_over(pk, changed=True)


def test_no_cluster_is_always_the_last_one(observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [Cluster.objects.create(name=name, source=Cluster.Source.ADDED) for name in ("other", "new")]
    rounds = list[list[int]]()
    monkeypatch.setattr(tasks.sweep_cluster, "apply_async", lambda pks, **_: rounds[-1].extend(pks))
    for _ in range(60):
        rounds.append([])
        tasks.sweep_clusters()
    every = {observer.cluster.pk, *(each.pk for each in others)}
    assert all(set(sent) == every for sent in rounds)
    assert {sent[-1] for sent in rounds} == every


def test_a_node_that_is_looked_at_between_takes_no_shard_from_the_round(observer: Observer) -> None:
    """As when an event stream tells of it."""
    round_begin(observer.cluster.pk, 1)
    observe.told_sweep(observer.cluster, list(Session.objects.values_list("node", flat=True)[:1]))
    assert shard_over(observer.cluster.pk, changed=True)
    round_begin(observer.cluster.pk, 2)
    Session.objects.update(state=Session.State.IDLE)
    observe.told_sweep(observer.cluster, sorted({row.node for row in Session.objects.all()}))
    assert not shard_over(observer.cluster.pk, changed=True), "one shard is still to come"
