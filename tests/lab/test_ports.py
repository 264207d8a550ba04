"""Ports for servers that are about to start."""

from __future__ import annotations

import pytest

from lab import ports


def test_no_port_is_given_twice_to_servers_that_do_not_listen_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.ports._PORTS", range(15_000, 15_300))
    given = [ports.free_port() for _ in range(100)]
    assert len(set(given)) == 100
