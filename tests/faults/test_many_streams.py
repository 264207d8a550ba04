"""Open pages must not keep the demo from ending."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

from tests.demo import Demo, start

STREAMS = 200


def _stream(demo: Demo) -> socket.socket:
    where = urlsplit(demo.url)
    stream = socket.create_connection((where.hostname, where.port), timeout=30)
    head = f"GET /events/ HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {demo.token}\r\n\r\n"
    stream.sendall(head.encode())
    return stream


def test_ctrl_c_ends_the_demo_with_200_streams_open_and_leaves_nothing_running(tmp_path: Path) -> None:
    demo = start(tmp_path / "streams")
    streams = [_stream(demo) for _ in range(STREAMS)]
    assert all(b" 200 " in stream.recv(4096).split(b"\r\n")[0] for stream in streams)
    pids = [int(path.read_text()) for path in (demo.folder / "pids").iterdir()]
    assert demo.stop(timeout=30) == 0
    assert not [pid for pid in pids if _runs_here(pid, demo.folder)]
    for stream in streams:
        stream.close()


def _runs_here(pid: int, folder: Path) -> bool:
    """Whether the process is alive and is one of that demo's, not another that got its number."""
    try:
        return str(folder).encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
