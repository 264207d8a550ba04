"""Breaking things, and looking whether they are whole."""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime
from typing import Any

import requests

from tests.demo import Demo
from tests.faults.closing import There, in_force_once
from tests.waiting import eventually

PEER = "bgppeers/lab/metallb-system/fragile/"
SPEC = {"myASN": 64500, "peerASN": 64501, "peerAddress": "10.0.0.1", "routerID": "10.10.10.10"}


def send(demo: Demo, process: str, number: signal.Signals) -> None:
    """A signal to one of the demo's processes, which the supervisor may just be starting again."""

    def sent() -> bool:
        try:
            os.kill(int((demo.folder / "pids" / process).read_text()), number)
        except (ProcessLookupError, ValueError):
            return False
        return True

    eventually(sent, timeout=20)


def edit(demo: Demo, hold_time: int) -> requests.Response:
    """Set the peer's holdTime, in seconds; the peer is made if it is not there."""
    manifest = {
        "apiVersion": "metallb.io/v1beta2",
        "kind": "BGPPeer",
        "metadata": {"name": "fragile", "namespace": "metallb-system"},
        "spec": {**SPEC, "holdTime": f"{hold_time}s"},
    }
    return demo.api("PUT", PEER, json=manifest)


def in_cluster(demo: Demo) -> dict[str, Any] | None:
    """The peer as kubectl sees it, None if it is not there."""
    found = demo.kubectl("get", "bgppeer", "fragile", "-n", "metallb-system", "-o", "json", check=False)
    return json.loads(found.stdout) if found.returncode == 0 else None


def settle(demo: Demo, hold_time: int) -> int:
    """Wait until the edit is in force and the row says so; the object's generation."""

    def settled() -> int:
        row = demo.api("GET", PEER).json()
        assert row["sync"]["state"] == "in_sync", row["sync"]
        live = in_cluster(demo)
        assert live is not None
        generation = int(live["metadata"]["generation"])
        in_force_once(There(demo), {"holdTime": f"{hold_time}s"}, generation, name="fragile")
        return generation

    return eventually(settled, timeout=45, interval=0.3)


def observed_at(demo: Demo) -> datetime:
    """When the newest of all answers came in."""
    speakers = demo.api("GET", "speakers/").json()["results"]
    return max(datetime.fromisoformat(speaker["observed_at"]) for speaker in speakers if speaker["observed_at"])


def healths(demo: Demo) -> set[str]:
    """The words for all sessions of the seed's steady peers."""
    return {session["health"] for session in demo.sessions(peer="edge-far")}
