"""Why an API server was not reached, in words that say what to look at."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters.kube.client import Door
from clusters.kube.errors import Unreachable
from clusters.kube.kinds import NAMESPACES
from lab.apiserver import write_kubeconfig
from tests.clusters.cluster import RunningCluster


def _told(folder: Path, url: str) -> str:
    kubeconfig = write_kubeconfig(folder / "kubeconfig", url, "token")
    door = Door(kubeconfig, None, timeout=0.5)
    try:
        with pytest.raises(Unreachable) as caught:
            door.list(NAMESPACES)
    finally:
        door.close()
    return caught.value.message.removeprefix("the API server cannot be reached: ")


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def _url(server: socket.socket, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.getsockname()[1]}"


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = _url(server)
    assert _told(tmp_path, url) == "the connection was refused"


def test_nobody_answers(tmp_path: Path, listening: socket.socket) -> None:
    assert _told(tmp_path, _url(listening)) == "it did not answer in time"


def test_the_name_is_none(tmp_path: Path) -> None:
    assert _told(tmp_path, "https://no-such-host.invalid:6443") == "its name cannot be resolved"


def test_the_connection_is_closed(tmp_path: Path, listening: socket.socket) -> None:
    def hang_up() -> None:
        for _ in range(4):
            listening.accept()[0].close()

    threading.Thread(target=hang_up, daemon=True).start()
    assert _told(tmp_path, _url(listening)) == "it closed the connection"


def test_it_speaks_no_tls(tmp_path: Path, listening: socket.socket) -> None:
    def greet() -> None:
        for _ in range(4):
            connection = listening.accept()[0]
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

    threading.Thread(target=greet, daemon=True).start()
    assert "no TLS connection came about" in _told(tmp_path, _url(listening, "https"))


def test_another_authority_signed_its_certificate(tmp_path: Path, kube: RunningCluster) -> None:
    told = _told(tmp_path, kube.server.url)
    assert told.startswith("its certificate is not accepted (")
    assert "ConnectionPool" not in told
