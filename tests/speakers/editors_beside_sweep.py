"""A program: sweeps that change 8,000 sessions each, and three people who edit peers meanwhile, on one SQLite file.

Prints how many edits the slowest of them got through; any error ends it with a traceback.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from clusters.models import Cluster  # noqa: E402
from clusters.services import resource_save  # noqa: E402
from lab.redis import EmbeddedRedis  # noqa: E402
from peers.models import BGPPeer  # noqa: E402
from speakers.models import Session  # noqa: E402
from speakers.services import observations_write  # noqa: E402
from speakers.sweep import Observation  # noqa: E402
from tests.fleet import PEERS, fleet  # noqa: E402
from tests.speakers.seen import DOWN, UP, answer  # noqa: E402

NODES, EDITORS = 2000, 3


def sweeps(cluster: Cluster, done: threading.Event) -> None:
    """Two sweeps, each of which changes every session."""
    now = datetime.now(UTC)
    try:
        for number, fields in enumerate((UP, DOWN)):
            said = answer({(vrf, address): fields for _, vrf, address, _ in PEERS})
            at = now + timedelta(seconds=10 * number)
            seen = [Observation(f"worker-{node:05}", at, answer=said) for node in range(NODES)]
            observations_write(cluster=cluster, observations=seen, expected={})
    finally:
        done.set()
        connection.close()


def edits(cluster: Cluster, done: threading.Event, editor: int) -> int:
    """Edit one peer again and again; returns how often."""
    metadata = {"name": f"editor-{editor}", "namespace": "metallb-system"}
    spec: dict[str, Any] = {"myASN": 64500, "peerASN": 64999, "peerAddress": f"10.77.0.{editor + 1}"}
    accepted = 0
    while not done.is_set():
        manifest = {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer", "metadata": metadata}
        manifest["spec"] = spec | {"peerPort": 1000 + accepted % 1000}
        place = {"kind": "BGPPeer", "namespace": metadata["namespace"], "name": metadata["name"]}
        resource_save(cluster=cluster, manifest=manifest, actor=None, source="api", **place)  # type: ignore[arg-type]
        accepted += 1
    connection.close()
    return accepted


def main() -> None:
    """Everything at once; then the rows say what was written last."""
    call_command("migrate", verbosity=0)
    redis = EmbeddedRedis(settings.VAR_DIR / "redis.sock")
    redis.start()
    cluster, done = fleet(NODES), threading.Event()
    with ThreadPoolExecutor() as pool:
        sweeping = pool.submit(sweeps, cluster, done)
        editing = [pool.submit(edits, cluster, done, editor) for editor in range(EDITORS)]
        sweeping.result()
        accepted = [one.result() for one in editing]
    redis.stop()
    if Session.objects.exclude(state="Active").exists():
        raise RuntimeError("a session is not as the last sweep saw it")
    revisions = [BGPPeer.objects.get(name=f"editor-{editor}").revision for editor in range(EDITORS)]
    if revisions != accepted:
        raise RuntimeError(f"edits were lost: {revisions} of {accepted}")
    print(min(accepted))


if __name__ == "__main__":
    main()
