"""`bgpui status`: the problems straight from the cluster, and a way out where they cannot be told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bgpui import cli
from bgpui.status import Row, Status
from clusters.kube.discovery import Problem
from lab.apiserver import User, write_kubeconfig
from lab.containers import PodFault
from tests.speakers.lab import RunningLab
from tests.waiting import eventually

ONE = "compute-1.example.com"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    users = {"nobody-token": User("nobody", ())}
    lab = RunningLab(tmp_path_factory.mktemp("lab"), nodes=3, mode="frr-k8s", seed_peers=True, users=users)
    yield lab
    lab.close()


def run(running: RunningLab, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["status", "--kubeconfig", str(running.lab.kubeconfig), *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def report(running: RunningLab, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(running, capsys, "-o", "json", *arguments)[1])
    return found


def settle(running: RunningLab, capsys: pytest.CaptureFixture[str]) -> None:
    def settled() -> bool:
        found = report(running, capsys)
        reasons = {row["reason"] for row in found["sessions"]}
        return {"administrative-shutdown-received", "bad-peer-as-sent"} <= reasons and found["counts"]["up"] >= 15

    eventually(settled, timeout=60)


def test_problems_come_with_their_cause(running: RunningLab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(running, capsys)
    code, out, err = run(running, capsys)
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0].split() == ["NODE", "VRF", "NEIGHBOR", "PEER", "STATE", "HEALTH", "SINCE", "CAUSE"]
    (core,) = [line for line in lines if " core-1 " in line]
    assert re.search(r" down +at least \d+ (s|min) +.*Administrative Shutdown received", core), core
    (blue,) = [line for line in lines if " edge-blue " in line]
    assert re.match(r"compute-\d.example.com, compute-\d.example.com and 1 more +ens4vrf .* 3 down ", blue), blue
    assert not any(" tor-a " in line for line in lines)
    assert lines[-1].endswith("3 of 3 nodes answered; frr-k8s mode, MetalLB v0.16.1 in metallb-system")


def test_all_sessions_and_one_vrf(running: RunningLab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(running, capsys)
    found = report(running, capsys, "--all")
    everything = found["sessions"]
    assert {row["vrf"] for row in everything} == {"default", "ens4vrf", "storage"}
    assert all(row["since"] for row in everything if row["health"] == "up")
    assert sum(one["sessions"] for one in found["problems"]) == sum(row["health"] != "up" for row in everything)
    (blue,) = [one for one in found["problems"] if "edge-blue" in {each["peer"] for each in one["neighbors"]}]
    assert (blue["kind"], blue["sessions"], len(blue["nodes"]), blue["at_least"]) == ("router", 3, 3, True)
    assert len(run(running, capsys, "--all")[1].splitlines()) >= len(everything) + 1, "a line for each"
    storage = report(running, capsys, "--all", "--vrf", "storage")
    assert {row["vrf"] for row in storage["sessions"]} == {"storage"}
    assert sum(storage["counts"].values()) == len(storage["sessions"])


def test_a_vrf_that_there_is_not_is_said_beside_those_that_there_are(
    running: RunningLab, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(running, capsys, "--vrf", "nosuch")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "No BGPPeer and no session has VRF nosuch.",
        "Known VRFs: default, ens4vrf, storage.",
    ]
    assert report(running, capsys, "--vrf", "nosuch")["way_out"] == "Known VRFs: default, ens4vrf, storage."


def test_a_silent_node_is_unknown_and_not_up(running: RunningLab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(running, capsys)
    running.lab.faults[ONE] = PodFault.FAILED
    found = report(running, capsys, "--all")
    running.lab.faults.clear()
    mine = [row for row in found["sessions"] if row["node"] == ONE]
    assert {row["health"] for row in mine} == {"unknown"}
    assert {row["cause"] for row in mine} == {"Exiting: failed to connect to any daemons."}
    assert found["nodes"] == {"asked": 3, "answered": 2}


@pytest.mark.parametrize(
    ("healths", "asked", "notes", "code"),
    [
        (("up", "up"), 1, [], 0),
        ((), 1, [], 0),
        (("up", "down"), 1, [], 1),
        (("up", "orphan"), 1, [], 1),
        (("degraded", "unknown"), 1, [], 1),
        (("absent",), 1, [Problem("no rights", "")], 1),
        (("up", "unknown"), 1, [], 2),
        (("up",), 1, [Problem("no rights", "")], 2),
        ((), 0, [], 2),
    ],
)
def test_the_exit_code(healths: tuple[str, ...], asked: int, notes: list[Problem], code: int) -> None:
    rows = [Row("node", "default", "10.0.0.1", "tor", "", health, "", "", None) for health in healths]
    assert Status("frr", "", "", asked=asked, rows=rows, notes=notes).exit_code == code


def test_without_the_definitions_it_shows_what_frr_has_and_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lab = RunningLab(tmp_path, nodes=1, seed_peers=True)
    eventually(lambda: report(lab, capsys)["counts"]["up"] > 3)
    lab.call(lab.lab.store.delete, "customresourcedefinitions", "", "bgppeers.metallb.io")
    found = report(lab, capsys, "--all")
    lab.close()
    assert found["counts"]["orphan"] == 0
    assert found["notes"][0]["way_out"] == "Install MetalLB with its CustomResourceDefinitions."


def test_missing_rights_are_said_with_the_roles_that_grant_them(
    running: RunningLab, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lab = running.lab
    write_kubeconfig(tmp_path / "kubeconfig", lab.url, "nobody-token", lab.server.ca_pem)
    code = cli.main(["status", "--kubeconfig", str(tmp_path / "kubeconfig")])
    printed = capsys.readouterr()
    assert code == 2
    assert "pods" in printed.err
    assert "Let an administrator apply this:" in printed.err
    assert "kind: ClusterRole" in printed.out
    assert "pods/exec" in printed.out


def test_a_cluster_without_metallb_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bare = RunningLab(tmp_path, nodes=0)
    code, out, err = run(bare, capsys)
    bare.close()
    assert (code, out) == (2, "")
    assert "No MetalLB was found" in err
    assert "Install MetalLB" in err


def test_a_cluster_that_cannot_be_reached_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["status", "--kubeconfig", str(tmp_path / "nosuch")]) == 2
    assert "Name a kubeconfig" in capsys.readouterr().err
    assert cli.main(["status", "--kubeconfig", str(tmp_path / "nosuch"), "-o", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["way_out"].startswith("Name a kubeconfig")


def test_it_needs_no_django_celery_or_redis() -> None:
    script = "import sys, bgpui.cli; sys.exit(' '.join({'django', 'celery', 'redis'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stderr.strip(), done.returncode) == ("", 0)
