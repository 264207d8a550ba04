"""A sweep of 8,000 sessions and three editors share one SQLite file: nobody meets a locked database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo import ROOT

pytestmark = pytest.mark.faults


def test_nobody_meets_a_locked_database(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BGPUI_")}
    own = {"BGPUI_VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "bgpui.settings"}
    command = [sys.executable, "-m", "tests.speakers.editors_beside_sweep"]
    done = subprocess.run(
        command, cwd=ROOT, env=inherited | own, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 3  # edits that the slowest editor got through
