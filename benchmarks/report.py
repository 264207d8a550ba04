"""Where figures go: the terminal, and by name into var/bench.json."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

BENCH_FILE = Path(os.environ.get("BENCH_FILE", "var/bench.json"))


def known(name: str) -> float | None:
    """A figure that was taken before."""
    figures = json.loads(BENCH_FILE.read_text()) if BENCH_FILE.exists() else {}
    return float(figures[name]["value"]) if name in figures else None


def record(name: str, value: float, unit: str, what: str) -> None:
    """Print one figure and keep it under its name; `what` says what was measured and against what."""
    BENCH_FILE.parent.mkdir(parents=True, exist_ok=True)
    figures = json.loads(BENCH_FILE.read_text()) if BENCH_FILE.exists() else {}
    figures[name] = {
        "value": round(value, 4),
        "unit": unit,
        "what": what,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}",
    }
    BENCH_FILE.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    print(f"{name:36} {value:12.3f} {unit:8} {what}", flush=True)
