"""Log lines around a change: those of this neighbor alone, bounded, without passwords."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.logs import log_answer
from lab.apiserver import write_kubeconfig
from lab.frr.fleet import RealSpeakers
from lab.routers import Listening
from speakers import live
from speakers.frr.logs import LINES, around, concerning
from speakers.models import Session
from tests.speakers.conftest import WATCHER
from tests.speakers.lab import Observer, RunningLab, observing
from tests.waiting import eventually

FRR = b"""2026/11/25 18:37:34.123 BGP: %ADJCHANGE: neighbor 10.1.0.1(tor) in vrf default Down
2026/11/25 18:37:35.123 BGP: %ADJCHANGE: neighbor 10.1.0.1(tor) in vrf storage Down
2026/11/25 18:37:36.123 BGP: %ADJCHANGE: neighbor 10.1.0.10(tor) in vrf default Down
2026/11/25 18:37:37.123 BGP: %NOTIFICATION: sent to neighbor 10.1.0.1 4/0 (Hold Timer Expired) 0 bytes
2026/11/25 18:37:38.123 BGP: neighbor 10.1.0.1 password s3cret\x1b[31m
"""
NODE = "compute-1.example.com"
SPEAKER = b"""{"ts":"2026-11-25T18:37:34Z","level":"info","peer":"tor-a","msg":"peer added"}
{"ts":"2026-11-25T18:37:35Z","level":"info","peer":"tor-ab","msg":"peer added"}
{"ts":"2026-11-25T18:37:36Z","level":"error","msg":"configuration is refused"}
"""


def test_only_lines_of_the_neighbor_in_its_vrf_are_kept_without_passwords() -> None:
    lines = concerning(FRR, neighbor="10.1.0.1", vrf="default")
    assert [line[11:23] for line in lines] == ["18:37:34.123", "18:37:37.123", "18:37:38.123"]
    assert "s3cret" not in str(lines)
    assert "\x1b" not in str(lines)
    assert len(concerning(FRR, neighbor="10.1.0.1", vrf="storage")) == 3
    assert concerning(b"neighbor fd00::12 Down\nneighbor fd00::1 Up\n", neighbor="fd00::1") == ["neighbor fd00::1 Up"]


def test_the_speaker_is_heard_about_the_peer_and_about_errors() -> None:
    lines = concerning(SPEAKER, neighbor="10.1.0.1", peer="tor-a", frr=False)
    assert [line[7:26] for line in lines] == ["2026-11-25T18:37:34", "2026-11-25T18:37:36"]


def test_of_many_lines_those_nearest_to_the_change_are_kept() -> None:
    start = datetime(2026, 11, 25, tzinfo=UTC)
    lines = [f"{start + timedelta(seconds=second):%Y/%m/%d %H:%M:%S} BGP: line {second}" for second in range(1000)]
    kept = around(lines, start + timedelta(seconds=600))
    assert len(kept) == LINES
    assert (kept[0][-3:], kept[-1][-3:]) == ("500", "699")
    assert around(lines, start + timedelta(days=9))[-1] == lines[-1]
    assert around(["no time"] * 300, start) == ["no time"] * LINES


@pytest.fixture
def observer(rung: RunningLab, redis_url: str, db: None) -> Iterator[Observer]:
    with observing(rung) as observer:
        yield observer


def test_the_nodes_log_says_what_happened_to_the_session(observer: Observer) -> None:
    def row() -> Session:
        observer.sweep()
        return Session.objects.select_related("speaker", "cluster").get(node=NODE, vrf="default", neighbor="10.1.0.1")

    eventually(lambda: row().state == "Established", timeout=90, interval=0.5)
    if isinstance(observer.lab.speakers, RealSpeakers):
        node, line = observer.lab.speakers.node(row().node), "bgp log-neighbor-changes"
        observer.running.do(node.vtysh("configure terminal", "router bgp 64500", line))
    observer.running.call(observer.lab.routers.change, "10.1.0.1", listening=Listening.REFUSED)
    eventually(lambda: row().state != "Established", timeout=90, interval=0.5)

    log_answer(row())
    observer.running.call(observer.lab.routers.change, "10.1.0.1", listening=Listening.OPEN)

    answer = live.command_get(row().pk, "log")
    assert answer is not None
    assert answer.ok, answer.error
    assert "%ADJCHANGE: neighbor 10.1.0.1(" in answer.text
    assert "Down" in answer.text
    assert "10.1.0.10" not in answer.text
    assert answer.command.startswith("oc logs -n metallb-system ")


def test_a_missing_right_is_said_with_its_name(observer: Observer, tmp_path: Path) -> None:
    observer.sweep()
    lab = observer.lab
    write_kubeconfig(tmp_path / "kubeconfig", lab.url, WATCHER, lab.server.ca_pem)
    observer.close()
    observer.cluster.kubeconfig = str(tmp_path / "kubeconfig")
    observer.cluster.save()
    row = Session.objects.select_related("speaker", "cluster").get(node=NODE, vrf="default", neighbor="10.1.0.1")

    log_answer(row)

    answer = live.command_get(row.pk, "log")
    assert answer is not None
    assert not answer.ok
    assert "get on pods/log in namespace metallb-system" in answer.error


@pytest.fixture
def frr_k8s(redis_url: str, db: None, tmp_path: Path) -> Iterator[Observer]:
    """A cluster in FRR-K8s mode whose containers say who they are when their log is read."""
    running = RunningLab(tmp_path / "lab", nodes=1, mode="frr-k8s", frr_namespace="openshift-frr-k8s", seed_peers=True)

    async def log(namespace: str, pod: str, container: str, _follow: bool) -> bytes:
        frr = await running.lab.containers.log(namespace, pod, container, _follow)
        words = {"level": "error", "msg": f"{container} of {namespace}", "password": "s3cret"}
        return frr or f"{words}\n".replace("'", '"').encode()

    running.lab.server.logs = log
    with observing(running) as observer:
        yield observer
    running.close()


def test_in_frr_k8s_mode_frr_its_controller_and_metallbs_speaker_are_heard(frr_k8s: Observer) -> None:
    def row() -> Session:
        frr_k8s.sweep()
        return Session.objects.select_related("speaker", "cluster").get(node=NODE, vrf="default", neighbor="10.1.0.1")

    eventually(lambda: row().state == "Established", timeout=90, interval=0.5)

    log_answer(row())

    answer = live.command_get(row().pk, "log")
    assert answer is not None
    assert answer.ok, answer.error
    heads = [line.split(", ")[1].rstrip(" —") for line in answer.text.splitlines() if line.startswith("— ")]
    assert heads == ["frr", "controller", "reloader", "speaker"]
    assert "%ADJCHANGE: neighbor 10.1.0.1(" in answer.text
    assert "controller of openshift-frr-k8s" in answer.text
    assert "speaker of metallb-system" in answer.text
    assert "s3cret" not in answer.text
    assert answer.command.startswith("oc logs -n openshift-frr-k8s ")
