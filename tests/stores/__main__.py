"""Runs pytest, with these arguments, on PostgreSQL and Redis instead of SQLite and the embedded Redis."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.stores import postgres

_REDIS = "Redis is not installed: apt-get update && apt-get install -y redis-server"


def main(arguments: list[str]) -> int:
    """pytest's exit code; 0 with loud words where the servers are not installed."""
    redis = shutil.which("redis-server")
    missing = [words for words, found in ((postgres.MISSING, postgres.programs()), (_REDIS, redis)) if not found]
    if missing:
        print("SKIPPED: the tests on PostgreSQL and Redis.", *missing, sep="\n  ", file=sys.stderr)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="bgpui-stores-"))
    folder.chmod(0o711)  # the server's account has to get through
    server = postgres.Postgres(folder / "postgres")
    try:
        server.start()
        environment = os.environ | {"TEST_DATABASE_URL": server.url(), "REDIS_SERVER": str(redis)}
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
