"""Django in this process, with a database of its own that goes with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def django_ready(**settings: str) -> Iterator[Path]:
    """Its folder; models may be imported from now on. settings: more of the environment."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(BGPUI_VAR_DIR=folder, DJANGO_SETTINGS_MODULE="bgpui.settings", BGPUI_LOG_LEVEL="ERROR")
        os.environ["BENCH_FILE"] = str(Path(os.environ.get("BENCH_FILE", "var/bench.json")).resolve())
        os.environ.update(settings)
        import django

        django.setup()
        yield Path(folder)
