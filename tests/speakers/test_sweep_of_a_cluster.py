"""From the API server to the rows, over real WebSockets, against simulated speakers; nothing between is replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest
from pytest_django.fixtures import Settings

from clusters.alone import alone
from clusters.models import Cluster
from dashboard import observe, tasks
from dashboard.filters import Filters
from dashboard.problems import problems
from lab.containers import PodFault
from peers.models import BGPPeer
from speakers import live, sweep
from speakers.counts import Counts
from speakers.frr import commands
from speakers.models import Session, Speaker, Transition
from speakers.redundancy import redundancy
from speakers.selectors import sessions, speakers
from speakers.services import Written
from speakers.sweep import Observation
from tests.speakers.lab import Observer, RunningLab, observing
from tests.waiting import eventually

ONE, TWO = "compute-1.example.com", "compute-2.example.com"


def test_every_intended_session_has_a_row_with_its_state_and_reason(observer: Observer) -> None:
    states = {
        (row.neighbor, row.vrf): (row.peer, row.state == "Established", row.reason)
        for row in Session.objects.filter(intended=True)
        if row.neighbor in {"10.1.0.1", "10.1.0.4", "10.3.0.2", "192.168.140.2", "2001:db8:1::10"}
    }
    assert states == {
        ("10.1.0.1", "default"): ("tor-a", True, ""),
        ("2001:db8:1::10", "default"): ("rr-v6", True, ""),
        ("10.1.0.4", "default"): ("core-1", False, "administrative-shutdown-received"),
        ("192.168.140.2", "ens4vrf"): ("edge-blue", False, "no-answer-or-password"),
        ("10.3.0.2", "storage"): ("storage-b", False, "bad-peer-as-sent"),
    }
    assert {row.intended for row in Session.objects.all()} == {True}


def test_speakers_say_where_frr_runs(observer: Observer) -> None:
    found = speakers(cluster=observer.cluster)
    assert {row.node: row.freshness for row in found} == {f"compute-{n}.example.com": "live" for n in range(1, 5)}
    assert {(row.namespace, row.container, row.ready, row.phase) for row in found} == {
        ("metallb-system", "frr", "4/4", "Running")
    }
    assert all(row.frr_version and row.pod.startswith("speaker-") for row in found)


def test_peers_know_how_many_of_their_sessions_are_up(observer: Observer) -> None:
    counts = {
        peer.name: (peer.sessions_intended, peer.sessions_up, peer.sessions_degraded, peer.sessions_down)
        for peer in BGPPeer.objects.all()
    }
    assert counts["tor-a"] == (4, 4, 0, 0)
    assert counts["core-1"] == (1, 0, 0, 1)


def test_a_second_sweep_of_a_quiet_cluster_writes_no_session(observer: Observer) -> None:
    def quiet() -> bool:
        written = observer.sweep()
        return (written.sessions, written.transitions, written.speakers) == (0, 0, 4)

    eventually(quiet)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (PodFault.HANG, "no answer within 2 s"),
        (PodFault.GARBAGE, ""),
        (PodFault.HALF, "not the JSON that FRR prints"),
        (PodFault.HUGE, "the command wrote more than"),
        (PodFault.EMPTY, "vtysh printed no JSON"),
        (PodFault.PAGE, "<html>"),
        (PodFault.FAILED, "Exiting: failed to connect to any daemons."),
        (PodFault.UNREACHED, "the node's kubelet cannot be reached: no route to host"),
    ],
)
def test_a_node_that_answers_badly_is_late_with_the_reason_and_nobody_else_is(
    observer: Observer, fault: PodFault, words: str
) -> None:
    before = {key: row for key, row in observer.health().items() if key[0] != TWO}
    observer.lab.faults[TWO] = fault
    observer.sweep()
    heard = Speaker.objects.get(node=TWO)
    assert heard.misses == 1
    assert heard.error.startswith(words)
    assert heard.error
    assert {health for (node, _, _), health in observer.health().items() if node == TWO} == {"late"}
    assert {key: row for key, row in observer.health().items() if key[0] != TWO} == before
    assert observer.session(TWO, "10.1.0.1").state == "Established"
    for _ in range(2):
        observer.sweep()
    assert {health for (node, _, _), health in observer.health().items() if node == TWO} == {"unknown"}
    observer.lab.faults.clear()
    Speaker.objects.update(retry_at=None)
    observer.sweep()
    assert Speaker.objects.get(node=TWO).misses == 0
    assert observer.health()[TWO, "default", "10.1.0.1"] == "up"


def test_nodes_whose_kubelets_are_out_of_reach_are_one_row(observer: Observer) -> None:
    observer.lab.faults.update(dict.fromkeys((ONE, TWO), PodFault.UNREACHED))
    observer.sweep()
    filters = Filters()
    counts = Counts.of(filters)
    rows = problems(counts, {observer.cluster.pk: observer.cluster}, filters, {}, (), redundancy(counts))
    (row,) = (row for row in rows if row.kind == "speaker")
    assert (row.nodes, row.detail) == ([ONE, TWO], "the node's kubelet cannot be reached: no route to host")


def test_who_answers_is_written_while_a_silent_node_is_still_awaited(
    observer: Observer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, float] = {}
    real = observe.shard_write

    def noted(cluster: Cluster, observations: Sequence[Observation], expected: observe.Expected) -> Written:
        done = real(cluster, observations, expected)
        written.update({seen.node: monotonic() for seen in observations})
        return done

    monkeypatch.setattr(observe, "shard_write", noted)
    settings.BGPUI_EXEC_TIMEOUT = 5.0
    observer.lab.faults[TWO] = PodFault.HANG
    begun = monotonic()
    observer.sweep()
    assert set(written) == {f"compute-{n}.example.com" for n in range(1, 5)}
    assert written[TWO] - begun >= 5
    assert max(at for node, at in written.items() if node != TWO) - begun < 4


def test_many_answers_are_written_in_batches_each_once(observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "BATCH", 3)
    batches: list[list[str]] = []
    real = observe.shard_write

    def noted(cluster: Cluster, observations: Sequence[Observation], expected: observe.Expected) -> Written:
        batches.append([seen.node for seen in observations])
        return real(cluster, observations, expected)

    monkeypatch.setattr(observe, "shard_write", noted)
    observer.sweep()
    assert [len(batch) for batch in batches] == [0, 3, 1]
    assert sorted(node for batch in batches for node in batch) == [f"compute-{n}.example.com" for n in range(1, 5)]


def test_a_node_that_is_backed_off_is_not_asked(observer: Observer) -> None:
    observer.lab.faults[TWO] = PodFault.FAILED
    for _ in range(5):
        observer.sweep()
    assert Speaker.objects.get(node=TWO).misses == 3


def test_a_cluster_that_does_not_answer_is_late_everywhere_and_loses_nothing(observer: Observer) -> None:
    before = set(observer.health())
    cluster = observer.cluster
    cluster.kubeconfig = str(Path(cluster.kubeconfig).with_name("elsewhere"))
    Path(cluster.kubeconfig).write_text(
        observer.lab.kubeconfig.read_text().replace(observer.lab.url, "https://127.0.0.1:9")
    )
    assert observe.cluster_nodes(cluster) is None
    assert set(observer.health()) == before
    assert set(observer.health().values()) == {"late"}
    assert Session.objects.filter(intended=True).count() == len(before)


def test_a_cluster_that_was_away_for_long_is_whole_again_with_the_first_sweep(observer: Observer) -> None:
    before, known = observer.health(), observer.cluster.kubeconfig
    away = Path(known).with_name("away")
    away.write_text(Path(known).read_text().replace(observer.lab.url, "https://127.0.0.1:9"))
    observer.cluster.kubeconfig = str(away)
    for _ in range(6):
        observe.cluster_nodes(observer.cluster)
    assert set(observer.health().values()) == {"unknown"}
    observer.cluster.kubeconfig = known
    observer.sweep()
    assert observer.health() == before


def test_a_pod_that_is_gone_is_a_miss_and_its_successor_is_found(observer: Observer) -> None:
    old = Speaker.objects.get(node=ONE)
    observer.running.call(observer.lab.world.delete_pod, ONE)
    seen = observe.nodes_look(observer.cluster, [ONE])  # as if it vanished after the pods were listed
    assert seen.turned == 1
    assert observer.health()[ONE, "default", "10.1.0.1"] == "late"

    def replaced() -> bool:
        observer.sweep()
        new = Speaker.objects.get(node=ONE)
        return new.pod_uid != old.pod_uid and new.misses == 0

    eventually(replaced)
    eventually(lambda: observer.sweep() and observer.health()[ONE, "default", "10.1.0.1"] == "up")
    flap = Transition.objects.filter(node=ONE, neighbor="10.1.0.1").latest("at")
    assert flap.new_state == "Established"


def test_a_session_is_seen_in_full(observer: Observer) -> None:
    found = live.session_detail(observer.session(ONE, "10.1.0.1"))
    assert found is not None
    assert found.neighbor.established
    assert {message.name for message in found.neighbor.message_list} >= {"OPEN", "KEEPALIVE", "total"}
    assert [family.name for family in found.neighbor.family_list] == ["ipv4Unicast"]
    assert found.bfd is not None
    assert found.bfd.status == "up"
    assert live.session_detail(Session(cluster=observer.cluster, node=ONE, vrf="nosuch", neighbor="10.1.0.1")) is None


def test_questions_are_answered_into_redis(observer: Observer) -> None:
    row = observer.session(ONE, "192.168.140.1", "ens4vrf")
    assert live.command_get(row.pk, "neighbor") is None
    assert live.command_start(row.pk, "neighbor")
    assert not live.command_start(row.pk, "neighbor")
    assert live.command_pending(row.pk, "neighbor")
    tasks.show_neighbor(row.pk)
    tasks.show_routes(row.pk, "ipv4")
    told, table = live.command_get(row.pk, "neighbor"), live.command_get(row.pk, "ipv4")
    assert not live.command_pending(row.pk, "neighbor")
    assert told is not None
    assert told.ok
    assert told.text.startswith("BGP neighbor is 192.168.140.1")
    assert told.command.endswith("-c frr -- vtysh -c 'show bgp vrf ens4vrf neighbors 192.168.140.1'")
    assert table is not None
    assert table.table is not None
    assert table.table.vrf == "ens4vrf"


def test_a_question_that_cannot_be_asked_says_why(observer: Observer) -> None:
    row = observer.session(ONE, "10.1.0.1")
    observer.lab.faults[ONE] = PodFault.FAILED
    observe.command_answer(row, "neighbor", commands.neighbor(row.vrf, row.neighbor))
    answer = live.command_get(row.pk, "neighbor")
    assert answer is not None
    assert (answer.ok, answer.error) == (False, "Exiting: failed to connect to any daemons.")


def test_refresh_asks_one_node_now(observer: Observer) -> None:
    row = observer.session(ONE, "10.1.0.1")
    before = {heard.node: heard.observed_at for heard in Speaker.objects.all()}
    tasks.refresh_session(row.pk)
    after = {heard.node: heard.observed_at for heard in Speaker.objects.all()}
    assert [node for node in after if after[node] != before[node]] == [ONE]
    assert live.command_get(row.pk, "neighbor") is not None


def test_a_fleet_is_handed_out_in_shards_of_the_size_that_is_set(
    observer: Observer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BGPUI_SHARD_SIZE = 3
    sent: list[tuple[int, int, list[str]]] = []
    monkeypatch.setattr(tasks.sweep_shard, "apply_async", lambda arguments, **_: sent.append(arguments))
    tasks.sweep_cluster(observer.cluster.pk)
    assert [(number, len(nodes)) for _, number, nodes in sent] == [(0, 2), (1, 2)]
    assert sorted(node for _, _, nodes in sent for node in nodes) == [f"compute-{n}.example.com" for n in range(1, 5)]


@pytest.mark.parametrize(
    ("nodes", "sizes"),
    [
        (0, {0: 1}),
        (1, {1: 1}),
        (100, {100: 1}),
        (101, {51: 1, 50: 1}),
        (200, {100: 2}),
        (401, {101: 3, 98: 1}),
        (800, {200: 4}),
        (5000, {200: 25}),
    ],
)
def test_shards_are_large_where_there_are_enough_to_share(nodes: int, sizes: dict[int, int]) -> None:
    names = [str(number) for number in range(nodes)]
    shards = tasks.shards_of(names)
    assert Counter(map(len, shards)) == sizes
    assert [name for shard in shards for name in shard] == names


def test_a_sweep_does_not_overlap_itself(observer: Observer) -> None:
    with alone("sweep:1:0") as first, alone("sweep:1:0") as second, alone("sweep:1:1") as other:
        assert (first, second, other) == (True, False, True)
    with alone("sweep:1:0") as again:
        assert again


@pytest.mark.django_db
def test_frr_k8s_is_found_in_its_own_namespace(tmp_path: Path, redis_url: str) -> None:
    running = RunningLab(tmp_path, nodes=2, mode="frr-k8s", frr_namespace="openshift-frr-k8s", seed_peers=True)
    with closing(running), observing(running) as observer:
        assert observer.cluster.mode == "frr-k8s"
        eventually(lambda: observer.sweep() and observer.health().get((ONE, "default", "10.1.0.1")) == "up")
        assert set(Speaker.objects.values_list("namespace", flat=True)) == {"openshift-frr-k8s"}
        assert sessions(cluster=Cluster.objects.get()).filter(health="absent").count() == 0
