"""helm, the reference implementation of Compose and promtool, built from Go modules once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_MODULES = Path(__file__).parent / "go"
_NAMES = {"cmd": "compose"}  # what Go calls the command of compose-go
# Rules need no service discovery, whose clients of every cloud are most of what promtool is built from.
_FLAGS = ("-ldflags=-s -w", "-tags=remove_all_sd")


def folder() -> Path:
    """Where the programs of this very go.mod are kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    text = b"".join((_MODULES / name).read_bytes() for name in ("go.mod", "go.sum"))
    return cache / "bgpui" / "deploy-tools" / hashlib.sha256(text).hexdigest()[:16]


def program(name: str) -> Path:
    """One of them; the test that needs it is skipped where it is not built."""
    path = folder() / name
    if not path.exists():
        pytest.skip(f"{name} is not built: put Go 1.26 or newer on PATH and run `make deploy-tools`")
    return path


def main() -> int:
    """Build what is not there. 0 with loud words where there is no Go: the tests that need it are skipped then."""
    kept = folder()
    if not kept.exists():
        if shutil.which("go") is None:
            sys.stderr.write("NOT BUILT: helm, compose and promtool, which tests use: there is no Go toolchain\n")
            return 0
        part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
        part.mkdir(parents=True)
        subprocess.run(["go", "build", *_FLAGS, "-o", f"{part}{os.sep}", "tool"], cwd=_MODULES, check=True)
        for made, name in _NAMES.items():
            (part / made).rename(part / name)
        part.rename(kept)
    sys.stdout.write(f"deploy tools: {kept}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
