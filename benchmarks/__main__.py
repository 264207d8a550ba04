"""`python -m benchmarks [name ...]`: run all benchmarks, or those that are named, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))


def main(wanted: list[str]) -> int:
    """Exit code 0 if every benchmark ran to its end, 2 for an unknown name."""
    chosen = [name if name.startswith("bench_") else f"bench_{name}" for name in wanted] or NAMES
    if unknown := set(chosen) - set(NAMES):
        print(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    return max(subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode for name in chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
