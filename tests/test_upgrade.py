"""An upgrade from the release before keeps every row and the history, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.demo import ROOT, new_database


def test_rows_and_history_survive_an_upgrade(tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("BGPUI_", "DJANGO_"))}
    own |= {"BGPUI_VAR_DIR": str(tmp_path)}
    if "TEST_DATABASE_URL" in os.environ:
        own |= {"BGPUI_DATABASE_URL": new_database(os.environ["TEST_DATABASE_URL"])}
    command = [sys.executable, "-m", "tests.upgrading"]
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "23 kinds of rows migrated" in done.stdout
