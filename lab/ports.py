"""TCP ports of this machine, for servers that are about to start."""

from __future__ import annotations

import contextlib
import secrets
import socket

_PORTS = range(15_000, 30_000)  # below net.ipv4.ip_local_port_range
_given = set[int]()  # by this process, to servers that may not listen yet


def free_port() -> int:
    """A TCP port that nobody listens on right now, and that the kernel gives to no client meanwhile."""
    while True:
        port = secrets.choice(_PORTS)
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
