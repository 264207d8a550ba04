"""SQLite with a large fleet: people edit while thousands of sessions are swept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from tests.demo import Demo, start
from tests.waiting import eventually

SESSIONS = 8_000
EDITORS = 3
SECONDS = 20.0


def _edit_for_a_while(demo: Demo, name: str) -> list[tuple[int, str]]:
    """Answers to edits of one peer, one after the other."""
    address = f"bgppeers/lab/metallb-system/{name}/"
    spec = {"myASN": 64500, "peerASN": 64999, "peerAddress": f"10.250.0.{name[-1]}", "routerID": "10.10.10.10"}
    nobody = [{"matchLabels": {"no-such-label": "true"}}]
    answers, number, end = [], 0, monotonic() + SECONDS
    while monotonic() < end:
        number += 1
        manifest = {
            "apiVersion": "metallb.io/v1beta2",
            "kind": "BGPPeer",
            "metadata": {"name": name, "namespace": "metallb-system"},
            "spec": {**spec, "nodeSelectors": nobody, "holdTime": f"{90 + number}s"},
        }
        answer = demo.api("PUT", address, json=manifest)
        answers.append((answer.status_code, answer.text))
    return answers


def test_three_editors_beside_a_sweep_of_8000_sessions_meet_no_lock_error(tmp_path: Path) -> None:
    demo = start(tmp_path / "large", NODES="1000", BGPUI_SWEEP_INTERVAL="10")
    try:
        count = "sessions/?page_size=1&state=Established"
        eventually(lambda: demo.api("GET", count).json()["count"] >= SESSIONS * 0.7, timeout=120, interval=1)
        with ThreadPoolExecutor(EDITORS) as pool:
            several = list(pool.map(lambda n: _edit_for_a_while(demo, f"editor-{n}"), range(1, EDITORS + 1)))
        for answers in several:
            assert len(answers) > 3
            assert {code for code, _ in answers} <= {200, 201, 202}, answers
        logs = "".join(path.read_text(errors="replace") for path in (demo.folder / "logs").iterdir())
        assert "database is locked" not in logs
        rows = [demo.api("GET", f"bgppeers/lab/metallb-system/editor-{n}/?") for n in range(1, EDITORS + 1)]
        assert all(row.status_code == 200 for row in rows)
    finally:
        demo.stop(60)
