"""Quiet mode, no-exec mode, and the immediate look after a report, against a lab in FRR-K8s mode.

frr-k8s writes BGPSessionStates every two minutes or when FRR was reloaded, without a time in them (metallb/frr-k8s,
internal/controller, `--poll-interval`); the lab does so here only when a test writes one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from alarms.conditions.facts import Facts
from alarms.conditions.sessions import unknown
from alarms.models import Kind, Rule
from clusters import clock
from clusters.models import Cluster, StatusObject
from clusters.observing import REPORTED, decide
from clusters.sync import status
from clusters.sync.streams import StatusStream
from dashboard import lookup, observe, tasks
from intent.kinds import STATUS_KINDS
from lab.apiserver import User, write_kubeconfig
from lab.apiserver.auth import Rule as Right
from lab.apiserver.auth import all_but_exec
from speakers import live
from speakers.models import Gap, Session, Speaker, Transition
from speakers.selectors import freshness, sessions
from tests.speakers.lab import Observer, RunningLab, observing
from tests.speakers.observing import a_minute_passes, asked, choose, look
from tests.stores.clock import differ
from tests.waiting import eventually

ONE, TWO = "compute-1.example.com", "compute-2.example.com"
TOR = "10.1.0.1"
BARRED, BARELY = "barred-token", "barely-token"
KIND = STATUS_KINDS[REPORTED]
RESOURCE = f"{KIND.plural}.{KIND.group}"


@pytest.fixture(scope="module")
def _lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    reads = Right(("list", "watch"), ("nmstate.io",))
    users = {
        BARRED: User("barred", (*all_but_exec(), reads)),
        BARELY: User("barely", (*(replace(rule, verbs=("list", "watch")) for rule in all_but_exec()[1:]),)),
    }
    running = RunningLab(
        tmp_path_factory.mktemp("k8s"), nodes=4, mode="frr-k8s", seed_peers=True, node_poll=0.5, session_poll=1.0,
        users=users,
    )  # fmt: skip
    eventually(lambda: _reported(running), timeout=60)
    running.call(running.lab.reports.stop)  # from now on only tests write reports
    yield running
    running.close()


def _reported(running: RunningLab) -> bool:
    """Whether the sessions of all nodes are."""
    told = [obj.get("status") or {} for obj in running.call(running.lab.store.list, RESOURCE)]
    up = {one["node"] for one in told if one.get("bgpStatus") == "Established" and one.get("peer") == TOR}
    return len(up) == 4 and any(one.get("vrf") == "storage" for one in told)


@pytest.fixture
def seen(_lab: RunningLab, db: None, redis_url: str) -> Iterator[Observer]:
    """bgpui at work, every session where it stays, and each of them reported as it is."""
    with observing(_lab, patience=2.0) as observer:
        eventually(lambda: observer.sweep() and observer.settled())
        for row in Session.objects.all():
            report(observer, row.node, row.neighbor, row.state, row.vrf)
        look(observer)
        yield observer
        for node in (ONE, TWO):
            _lab.call(observer.lab.store.patch_status, "nodes", "", node, {"conditions": _ready(ready=True)})


def _ready(*, ready: bool) -> list[dict[str, str]]:
    return [{"type": "Ready", "status": "True" if ready else "False"}]


def report(observer: Observer, node: str, neighbor: str, state: str, vrf: str = "default") -> None:
    """Write what frr-k8s would."""
    store, running = observer.lab.store, observer.running
    vrf = "" if vrf == "default" else vrf
    for obj in running.call(store.list, RESOURCE):
        told = obj.get("status") or {}
        if (told.get("node"), told.get("vrf", "")) == (node, vrf) and _address(told["peer"]) == neighbor:
            place = obj["metadata"]["namespace"], obj["metadata"]["name"]
            running.call(store.patch_status, RESOURCE, *place, {**told, "bgpStatus": state})
            return
    told = {"node": node, "peer": neighbor, "vrf": vrf, "bgpStatus": state, "bfdStatus": "N/A"}
    metadata = {"name": f"{node}-again", "namespace": observer.cluster.frr_namespace}
    running.call(store.add, {"apiVersion": KIND.api_version, "kind": REPORTED, "metadata": metadata})
    running.call(store.patch_status, RESOURCE, metadata["namespace"], metadata["name"], told)


def _address(peer: str) -> str:
    return status._of_session({"status": {"peer": peer}})["peer"]


def become(observer: Observer, token: str, folder: Path) -> None:
    """Go on with the rights of somebody else."""
    write_kubeconfig(folder / "kubeconfig", observer.lab.url, token, observer.lab.server.ca_pem)
    observer.close()
    Cluster.objects.filter(pk=observer.cluster.pk).update(
        kubeconfig=str(folder / "kubeconfig"), permissions_at=None, discovered_at=None
    )
    observer.cluster.refresh_from_db()
    observer.relist()
    look(observer)


def unforeseen(observer: Observer) -> None:
    """A review of access promises what the API server then refuses."""
    Cluster.objects.update(permissions=[one | {"allowed": True} for one in observer.cluster.permissions])
    observer.cluster.refresh_from_db()


def test_a_report_that_changes_has_its_node_asked_at_once_and_no_other(seen: Observer) -> None:
    stream = StatusStream(KIND, seen.cluster.frr_namespace)
    assert seen.hears(stream, lambda: report(seen, ONE, TOR, "Connect"))
    Speaker.objects.update(asked_at=clock.now() - timedelta(seconds=5))
    before = asked(seen)
    tasks.sweep_told(seen.cluster.pk)
    after = asked(seen)
    assert (after[ONE] > before[ONE], after[TWO] == before[TWO]) == (True, True)
    tasks.sweep_told(seen.cluster.pk)
    assert asked(seen) == after  # it was told once


def test_a_quiet_cluster_is_asked_once_a_minute_and_nothing_is_called_old(seen: Observer) -> None:
    choose(seen, "quiet")
    seen.sweep()
    assert seen.cluster.observing == "quiet"
    before = asked(seen)
    for _ in range(3):
        assert seen.sweep().unanswered == 0
    assert asked(seen) == before
    lately = clock.now() - timedelta(seconds=55)
    Speaker.objects.update(asked_at=lately, observed_at=lately)
    seen.sweep()
    assert seen.session(ONE, TOR).state == "Established"
    assert set(seen.health().values()) <= {"up", "down", "degraded"}
    fresh = freshness(cluster=seen.cluster)
    assert (fresh.state, fresh.interval, fresh.quiet) == ("live", 60.0, 4)
    late = clock.now() + timedelta(seconds=200)
    assert {row.health for row in sessions(cluster=seen.cluster, now=late)} == {"unknown"}
    Speaker.objects.update(asked_at=clock.now() - timedelta(seconds=61))
    before = asked(seen)
    seen.sweep()
    assert all(asked(seen)[node] > before[node] for node in before)


def test_in_quiet_mode_a_report_counts_until_the_node_may_be_asked(seen: Observer) -> None:
    choose(seen, "quiet")
    seen.sweep()
    shut = Session.objects.get(neighbor="10.1.0.4")
    before = asked(seen)
    report(seen, ONE, TOR, "Idle")
    look(seen)
    tasks.sweep_told(seen.cluster.pk)
    seen.sweep()
    row = seen.session(ONE, TOR)
    assert (row.state, row.reason, seen.health()[ONE, "default", TOR]) == ("Idle", "only-reported", "down")
    assert Session.objects.get(pk=shut.pk).cause == shut.cause  # FRR said more of it
    assert asked(seen) == before
    assert Transition.objects.filter(node=ONE, neighbor=TOR).latest("at").new_state == "Idle"
    Speaker.objects.update(asked_at=clock.now() - timedelta(seconds=61))
    seen.sweep()
    assert seen.session(ONE, TOR).state == "Established"


def test_a_report_is_not_newer_than_the_answer_because_another_clock_is_ahead(
    seen: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the watcher, which says when a report was seen, beside that of the database, by which FRR was asked."""
    differ(monkeypatch, timedelta(minutes=-5))
    Speaker.objects.update(attempted_at=None, asked_at=None, observed_at=None)
    choose(seen, "quiet")
    report(seen, ONE, TOR, "Idle")
    look(seen)
    seen.sweep()
    assert seen.session(ONE, TOR).state == "Established"
    seen.sweep()
    assert seen.session(ONE, TOR).state == "Established"


@pytest.mark.parametrize("missing", ["stream", "objects", "kind"])
def test_quiet_mode_falls_back_and_says_why(seen: Observer, missing: str) -> None:
    choose(seen, "quiet")
    seen.sweep()
    if missing == "stream":
        look(seen, live=False)
    elif missing == "objects":
        StatusObject.objects.filter(kind=REPORTED).delete()
    else:
        Cluster.objects.update(mode="frr")
        seen.cluster.refresh_from_db()
    before = asked(seen)
    seen.sweep()
    assert seen.cluster.observing == "sweep"
    assert seen.cluster.observing_why.startswith("Quiet mode needs")
    assert all(asked(seen)[node] > before[node] for node in before)
    assert not Speaker.objects.exclude(every=0).exists()


@pytest.mark.parametrize("found", [True, False])
def test_without_exec_reports_are_all_that_is_known(seen: Observer, tmp_path: Path, *, found: bool) -> None:
    if found:
        become(seen, BARRED, tmp_path)
    else:
        choose(seen, "no-exec")
    report(seen, ONE, TOR, "OpenSent")
    gone = StatusObject.objects.filter(kind=REPORTED, node=TWO, peer=TOR).get()
    seen.running.call(seen.lab.store.delete, RESOURCE, gone.namespace, gone.name)
    look(seen)
    before = asked(seen)
    assert seen.sweep().unanswered == 0
    assert asked(seen) == before
    assert seen.cluster.observing == "no-exec"
    assert ("Grant get and create on pods/exec" in seen.cluster.observing_why) is found
    health = seen.health()
    assert health[ONE, "default", TOR] == "down"
    assert health[TWO, "default", TOR] == "unknown"
    assert "absent" not in health.values()
    row = seen.session(ONE, "2001:db8:1::10")
    assert (row.state, row.prefixes_sent, row.remote_as) == ("Established", None, None)
    assert Speaker.objects.get(node=ONE).source == "status"
    lost = Transition.objects.filter(node=TWO, neighbor=TOR).latest("at")
    assert (lost.old_state, lost.new_state) == ("Established", "Unknown")
    Cluster.objects.update(permissions_at=None, discovered_at=None)
    seen.cluster.refresh_from_db()
    seen.relist()
    wanted = {one["optional"] for one in seen.cluster.permissions if one["subresource"] == "exec"}
    assert wanted == {not found}  # what was not chosen is offered to be granted


@pytest.mark.parametrize(("took", "relist"), [(5.0, 5.0), (0.1, 55.0)], ids=["slow", "rare"])
def test_reports_that_are_read_rarely_are_as_old_as_they_may_be(
    seen: Observer, settings: Settings, took: float, relist: float
) -> None:
    settings.BGPUI_RELIST_INTERVAL = relist
    choose(seen, "no-exec")
    look(seen, live=False)
    Cluster.objects.update(readonly_took=took)
    seen.cluster.refresh_from_db()
    seen.sweep()
    heard = Speaker.objects.get(node=ONE).observed_at
    assert heard is not None

    def health(seconds: float) -> set[str]:
        rows = sessions(cluster=seen.cluster, now=heard + timedelta(seconds=seconds))
        return {row.health for row in rows.filter(node=ONE, neighbor=TOR)}

    assert (health(65), health(100), health(250)) == ({"up"}, {"late"}, {"unknown"})
    assert freshness(cluster=seen.cluster, now=heard + timedelta(seconds=65)).state == "live"
    for ago, gaps in ((65, 0), (300, 4)):
        before = clock.now() - timedelta(seconds=ago)
        Speaker.objects.update(observed_at=before, attempted_at=before)
        Cluster.objects.update(readonly_at=clock.now())
        seen.cluster.refresh_from_db()
        seen.sweep()
        assert Gap.objects.count() == gaps


def test_a_node_that_is_not_ready_is_not_known_by_old_reports(seen: Observer) -> None:
    choose(seen, "no-exec")
    seen.sweep()
    conditions = {"conditions": _ready(ready=False)}
    seen.running.call(seen.lab.store.patch_status, "nodes", "", ONE, conditions)
    seen.relist()
    look(seen)
    for _ in range(3):
        seen.sweep()
    assert seen.health()[ONE, "default", TOR] == "unknown"
    assert "not ready" in Speaker.objects.get(node=ONE).error
    assert seen.health()[TWO, "default", TOR] == "up"


def test_a_refusal_that_no_review_foresaw_is_taken_as_it_comes(seen: Observer, tmp_path: Path) -> None:
    become(seen, BARRED, tmp_path)
    unforeseen(seen)
    seen.sweep()
    assert seen.cluster.observing == "sweep"
    speaker = Speaker.objects.get(node=ONE)
    assert (speaker.source, speaker.misses) == ("status", 0)
    assert "we may not run commands in this pod" in speaker.error
    assert seen.health()[ONE, "default", TOR] == "up"
    before = asked(seen)
    seen.sweep()
    assert asked(seen) == before  # a refusal is audited, too
    assert Cluster.objects.get().permissions_at is None


@pytest.mark.parametrize(
    "facts", [{"pod": ""}, {"ready": "6/7"}, {"phase": "Failed"}], ids=["gone", "crashing", "failed"]
)
def test_reports_of_a_pod_that_does_not_run_are_old(seen: Observer, facts: dict[str, str]) -> None:
    """frr-k8s writes the states of its own node: where it does not run the last ones stay."""
    choose(seen, "no-exec")
    seen.sweep()
    Speaker.objects.filter(node=ONE).update(**facts)
    for _ in range(3):
        observe.nodes_look(seen.cluster, [ONE, TWO])
    assert seen.health()[ONE, "default", TOR] == "unknown"
    assert "pod with FRR" in Speaker.objects.get(node=ONE).error
    assert seen.health()[TWO, "default", TOR] == "up"


@pytest.mark.parametrize("way", ["sweep", "quiet"])
def test_a_refusal_says_nothing_of_a_node_that_is_not_ready(seen: Observer, tmp_path: Path, way: str) -> None:
    """Admission comes before the kubelet: a dead node refuses as a living one does."""
    become(seen, BARRED, tmp_path)
    choose(seen, way)
    unforeseen(seen)
    seen.sweep()
    assert seen.health()[ONE, "default", TOR] == "up"
    conditions = {"conditions": _ready(ready=False)}
    seen.running.call(seen.lab.store.patch_status, "nodes", "", ONE, conditions)
    seen.relist()
    look(seen)
    unforeseen(seen)
    for passed in (False, False, False, True, False):
        if passed:
            assert seen.health()[ONE, "default", TOR] == "unknown"
            a_minute_passes()
        before = asked(seen)
        seen.sweep()
        assert seen.cluster.observing == way
        assert (asked(seen)[TWO] > before[TWO]) is passed
    assert seen.health()[ONE, "default", TOR] == "unknown"
    assert "not ready" in Speaker.objects.get(node=ONE).error
    assert seen.health()[TWO, "default", TOR] == "up"
    seen.running.call(seen.lab.store.patch_status, "nodes", "", ONE, {"conditions": _ready(ready=True)})
    seen.relist()
    look(seen)
    unforeseen(seen)
    seen.sweep()
    assert seen.health()[ONE, "default", TOR] == "up"
    assert "not ready" not in Speaker.objects.get(node=ONE).error


def test_a_refusal_does_not_make_old_reports_new(seen: Observer, tmp_path: Path) -> None:
    become(seen, BARRED, tmp_path)
    unforeseen(seen)
    seen.sweep()
    look(seen, live=False)
    Cluster.objects.update(readonly_at=clock.now() - timedelta(hours=2))
    seen.cluster.refresh_from_db()
    a_minute_passes()
    before = Speaker.objects.get(node=ONE)
    seen.sweep()
    after = Speaker.objects.get(node=ONE)
    assert (after.observed_at, after.misses) == (before.observed_at, 0)
    times = asked(seen)
    assert times[ONE] > before.asked_at
    seen.sweep()
    assert asked(seen) == times


@pytest.mark.parametrize("mode", ["frr", "frr-k8s"])
def test_a_refusal_is_tried_once_a_minute_where_nothing_is_reported(seen: Observer, tmp_path: Path, mode: str) -> None:
    become(seen, BARRED, tmp_path)
    StatusObject.objects.filter(kind=REPORTED).delete()
    Cluster.objects.update(mode=mode)
    unforeseen(seen)
    for passed in (True, False, False, True, False):
        if passed:
            a_minute_passes()
        before = asked(seen)
        seen.sweep()
        assert seen.cluster.observing == "sweep"
        assert {asked(seen)[node] > before[node] for node in before} == {passed}
    assert set(Speaker.objects.values_list("source", "misses")) == {("vtysh", 2)}


def test_what_people_ask_is_not_asked_where_exec_is_not_wanted(seen: Observer) -> None:
    choose(seen, "no-exec")
    seen.sweep()
    row = Session.objects.select_related("speaker", "cluster").get(node=ONE, vrf="default", neighbor=TOR)
    tasks.show_routes(row.pk, "ipv4")
    answer = live.command_get(row.pk, "ipv4")
    assert answer is not None
    assert (answer.ok, answer.error) == (False, seen.cluster.observing_why)
    found = lookup.look_up(seen.cluster, "203.0.113.0/24")
    assert {why for _node, why in found.failed} == {seen.cluster.observing_why}
    before = Speaker.objects.get(node=ONE).observed_at
    observe.session_refresh(row)
    after = Speaker.objects.get(node=ONE)
    assert before is not None
    assert after.observed_at is not None
    assert after.observed_at > before
    assert after.asked_at == row.speaker.asked_at


def test_what_can_never_be_known_raises_no_alarm(seen: Observer, tmp_path: Path) -> None:
    choose(seen, "no-exec")
    Cluster.objects.update(mode="frr")
    seen.cluster.refresh_from_db()
    Speaker.objects.update(observed_at=None, misses=0)
    for _ in range(4):
        seen.sweep()
    assert seen.cluster.observing == "nothing"
    assert set(seen.health().values()) == {"unknown"}
    assert set(Speaker.objects.values_list("error", "misses")) == {(seen.cluster.observing_why, 0)}
    rule = Rule(kind=Kind.UNKNOWN)
    assert unknown(rule, Facts(clock.now(), [seen.cluster.pk])).found == ()
    Cluster.objects.update(observing="no-exec")
    assert unknown(rule, Facts(clock.now(), [seen.cluster.pk])).found


def test_the_mode_is_that_of_the_settings_unless_it_is_chosen(seen: Observer, settings: Settings) -> None:
    settings.BGPUI_OBSERVE = "no-exec"
    assert decide(seen.cluster).way == "no-exec"
    choose(seen, "sweep")
    assert decide(seen.cluster).way == "sweep"
