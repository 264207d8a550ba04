"""A short run of `make soak`, always the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.demo import ROOT

ROUNDS = os.environ.get("SOAK_ROUNDS") or "2"


def test_nothing_wrong_is_shown_while_things_break(tmp_path: Path) -> None:
    """The demo's processes beside a lab in which pods, FRR, routers, the API server and processes fail."""
    told = {"SOAK_SEED": "11", "SOAK_ROUNDS": ROUNDS, "SOAK_DIR": str(tmp_path / "soak"), "NODES": "4"}
    command = [sys.executable, "-m", "tests.soak"]
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, **told}, capture_output=True, text=True, check=False)
    print(run.stdout)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-3000:]
    assert f" {ROUNDS} rounds, " in run.stdout
