"""From a submitted edit to the object in the cluster, against `kubectl apply` of the same manifest; and the way back.

One demo, all its processes on this machine. A watch of the benchmark's own says when an object has changed; edits by
REST, by kubectl and by a bare request take turns, each with a value that was not there before.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from tests.demo import Demo, start
from tests.waiting import eventually

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
PEERS = "/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers"
SUBMITTED = {"rest": "198.51.100.1", "kubectl": "198.51.100.2", "bare": "198.51.100.3"}


def manifest(name: str, hold_time: int) -> dict[str, Any]:
    """A BGPPeer that no node runs."""
    spec = {"myASN": 64500, "peerASN": 64900, "peerAddress": SUBMITTED[name], "holdTime": f"{hold_time}s"}
    spec |= {"routerID": "10.10.10.10"}  # as all of the demo
    return {
        "apiVersion": "metallb.io/v1beta2",
        "kind": "BGPPeer",
        "metadata": {"name": f"latency-{name}", "namespace": "metallb-system"},
        "spec": spec | {"nodeSelectors": [{"matchLabels": {"no-such-label": "true"}}]},
    }


class Watched:
    """When each (name, holdTime) came to the cluster, by an event stream."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session, self._url = session, url
        self.seen: queue.Queue[tuple[str, str, float]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        ask = self._session.get(self._url + PEERS, params={"watch": "1"}, stream=True, timeout=600)
        with suppress(requests.RequestException), ask as stream:  # it ends with the demo
            for line in stream.iter_lines(chunk_size=None):
                obj = json.loads(line)["object"]
                self.seen.put((obj["metadata"]["name"], str(obj["spec"].get("holdTime")), time.perf_counter()))

    def at(self, name: str, hold_time: str) -> float:
        """The time by perf_counter; waits for it."""
        while True:
            found = self.seen.get(timeout=60)
            if found[:2] == (name, hold_time):
                return found[2]


def percentile(values: list[float], percent: int) -> float:
    """In milliseconds."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] * 1000


def reach(demo: Demo) -> tuple[requests.Session, str]:
    """A session with the demo's own credentials, and the API server's address."""
    view = json.loads(demo.kubectl("config", "view", "--raw", "--flatten", "-o", "json").stdout)
    cluster, user = view["clusters"][0]["cluster"], view["users"][0]["user"]
    authority = demo.folder / "ca.pem"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    session = requests.Session()
    session.trust_env = False  # which may name another authority
    session.verify, session.headers["Authorization"] = str(authority), f"Bearer {user['token']}"
    return session, cluster["server"]


def ways_of(demo: Demo, session: requests.Session, url: str) -> dict[str, Callable[[dict[str, Any]], None]]:
    """How an edit is submitted, by name."""
    apply = {"Content-Type": "application/apply-patch+yaml"}

    def rest(body: dict[str, Any]) -> None:
        answer = demo.api("PUT", f"bgppeers/lab/metallb-system/{body['metadata']['name']}/", json=body)
        if not answer.ok:
            raise RuntimeError(answer.text)

    def kubectl(body: dict[str, Any]) -> None:
        demo.kubectl("apply", "-f", "-", stdin=json.dumps(body))

    def bare(body: dict[str, Any]) -> None:
        where = f"{url}{PEERS}/{body['metadata']['name']}?fieldManager=benchmark&force=true"
        session.patch(where, data=json.dumps(body), headers=apply, timeout=30).raise_for_status()

    return {"rest": rest, "kubectl": kubectl, "bare": bare}


def take(demo: Demo) -> tuple[dict[str, list[float]], list[float]]:
    """Seconds from each way's submit to the cluster, and from there to the row."""
    session, url = reach(demo)
    watched, ways = Watched(session, url), ways_of(demo, session, url)
    took: dict[str, list[float]] = {name: [] for name in ways}
    lags: list[float] = []
    for number in range(ROUNDS + 1):
        for name, submit in ways.items():
            body = manifest(name, 100 + number)
            begun = time.perf_counter()
            submit(body)
            there = watched.at(body["metadata"]["name"], body["spec"]["holdTime"])
            if number:  # the first one makes the object
                took[name].append(there - begun)
                lags += [_in_row(demo, body) - there] if name == "bare" else []
    return took, lags


def measure(demo: Demo) -> None:
    """Figures latency.* and lag.*."""
    from benchmarks.report import record

    took, lags = take(demo)
    what = {
        "rest": "REST answered, a worker applied; submit to object in the cluster",
        "kubectl": "kubectl apply of the same manifest, its start included",
        "bare": "one request to the API server: the floor",
    }
    for percent in (50, 95):
        for name, values in took.items():
            record(f"latency.{name}.p{percent}", percentile(values, percent), "ms", f"{what[name]}; {ROUNDS} edits")
        ratio = percentile(took["rest"], percent) / percentile(took["kubectl"], percent)
        record(f"latency.ratio.p{percent}", ratio, "x", "REST / kubectl apply")
        record(f"lag.p{percent}", percentile(lags, percent), "ms", "a change by others to its row, by the watcher")


def _in_row(demo: Demo, body: dict[str, Any]) -> float:
    """When the row says it, by perf_counter."""
    query = "SELECT 1 FROM peers_bgppeer WHERE name = ? AND hold_time = ?"
    values = body["metadata"]["name"], body["spec"]["holdTime"]
    with sqlite3.connect(f"file:{demo.folder / 'bgpui.sqlite3'}?mode=ro", uri=True) as database:
        eventually(lambda: database.execute(query, values).fetchone(), timeout=60, interval=0.002)
    return time.perf_counter()


def main() -> None:
    """A demo of this run's own."""
    with tempfile.TemporaryDirectory(prefix="bgpui-bench-") as folder:
        demo = start(Path(folder), NODES="3", BGPUI_SWEEP_INTERVAL="10", BGPUI_RELIST_INTERVAL="60")
        try:
            measure(demo)
        finally:
            demo.stop(60)


if __name__ == "__main__":
    main()
