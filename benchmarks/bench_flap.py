"""From FRR to an open page: how long after a session goes down or comes up a client of the event stream shows it.

One demo with the interval that is the default. The AS number of a router's BGPPeer is made wrong and right again; what
FRR says is asked ten times a second, so that the clock begins when a shell on the node would show it. The client does
what a page does: it waits for an event, then fetches.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import requests

from benchmarks.bench_latency import PEERS, percentile, reach
from tests.demo import Demo, start
from tests.waiting import eventually

ROUNDS = int(os.environ.get("BENCH_FLAPS", "10"))
INTERVAL = 10  # seconds, the default
PEER, NODE = "tor-a", "compute-1.example.com"
WRONG = 64999
_moments = random.SystemRandom()


class Shown(NamedTuple):
    """When a state was on the page, and when the node was asked that said so; Unix seconds."""

    state: str
    at: float
    observed: float


class Page:
    """A client of the event stream; keeps each state of the session that it has shown."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self.shown: list[Shown] = []
        self._fetch()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self._demo.token}"}
        stream = requests.get(f"{self._demo.url}/events/", headers=headers, stream=True, timeout=60)
        with suppress(requests.RequestException), stream:  # it ends with the demo
            for line in stream.iter_lines(chunk_size=1):
                if line == b"event: sessions":
                    self._fetch()

    def _fetch(self) -> None:
        [found] = self._demo.sessions(peer=PEER, node=NODE)
        if not self.shown or self.shown[-1].state != found["state"]:
            observed = datetime.fromisoformat(found["observed_at"]).timestamp()
            self.shown.append(Shown(found["state"], time.time(), observed))

    def when(self, is_so: Callable[[str], bool]) -> Shown:
        """The moment in which it showed a state; waits for it."""
        eventually(lambda: is_so(self.shown[-1].state), timeout=120, interval=0.01)
        return self.shown[-1]


class Node:
    """FRR of one node, asked directly."""

    def __init__(self, demo: Demo, neighbor: str) -> None:
        from clusters.kube.connection import Connection, load
        from speakers.sweep import Target

        [speaker] = demo.api("GET", "speakers/", params={"node": NODE}).json()["results"]
        self._target = Target(NODE, speaker["namespace"], speaker["pod"], "frr")
        self._connection, self._neighbor = Connection(load(demo.kubeconfig, None)), neighbor

    def state(self) -> str:
        """What it says of the session."""
        from speakers.frr import commands, parse
        from speakers.sweep import run

        argv = commands.neighbor("default", self._neighbor, json=True)
        said = parse.neighbors(asyncio.run(run(self._connection, self._target, argv, seconds=30)).stdout, "default")
        return "" if isinstance(said, parse.Unparsed) or not said else said[0].state

    def when(self, is_so: Callable[[str], bool]) -> float:
        """Since when, to a tenth of a second; waits for it."""
        eventually(lambda: is_so(self.state()), timeout=120, interval=0.1)
        return time.time()


def take(demo: Demo) -> tuple[list[float], list[float]]:
    """Seconds from FRR to the page, and from the sweep's question to the page."""
    session, url = reach(demo)
    where, merge = f"{url}{PEERS}/{PEER}", {"Content-Type": "application/merge-patch+json"}
    spec: dict[str, Any] = session.get(where, timeout=30).json()["spec"]
    page, node = Page(demo), Node(demo, spec["peerAddress"])
    page.when(_up)
    from_frr, from_sweep = list[float](), list[float]()
    for _ in range(ROUNDS):
        for number, is_so in ((WRONG, _down), (spec["peerASN"], _up)):
            body = {"spec": {"peerASN": number}}
            threading.Event().wait(_moments.uniform(0, INTERVAL))  # else each change would follow a sweep
            session.patch(where, json=body, headers=merge, timeout=30).raise_for_status()
            said = node.when(is_so)
            shown = page.when(is_so)
            from_frr.append(max(0.0, shown.at - said))
            from_sweep.append(shown.at - shown.observed)
    return from_frr, from_sweep


def _up(state: str) -> bool:
    return state == "Established"


def _down(state: str) -> bool:
    return state not in {"", "Established"}


def main() -> None:
    """A demo of this run's own; figures flap.*."""
    from benchmarks.report import record

    began = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="bgpui-bench-") as folder:
        demo = start(Path(folder), NODES="6", BGPUI_SWEEP_INTERVAL=str(INTERVAL))
        try:
            from_frr, from_sweep = take(demo)
        finally:
            demo.stop(60)
    took = (datetime.now(UTC) - began).total_seconds()
    for percent in (50, 95):
        what = f"FRR says it, to the page; every {INTERVAL} s a sweep; {len(from_frr)} changes in {took:.0f} s"
        record(f"flap.browser.p{percent}", percentile(from_frr, percent), "ms", what)
        record(f"flap.sweep.p{percent}", percentile(from_sweep, percent), "ms", "the sweep asks, to the page")


if __name__ == "__main__":
    main()
