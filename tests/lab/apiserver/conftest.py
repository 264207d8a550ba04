"""A running API server with a definition of its own and one pod, reached over HTTPS by clients in the test's thread."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
import yaml
from kubernetes import client, config

from lab.apiserver import READ_ONLY, ApiServer, ExecResult, Rule, User, all_but_exec, write_kubeconfig

T = TypeVar("T")
NAMESPACE = "metallb-system"
ADMIN = "admin-token"
TOKENS: dict[str, str | User] = {
    ADMIN: "admin",
    "look-token": User("viewer", READ_ONLY),
    "no-exec-token": User("operator", all_but_exec()),
    "create-only-token": User("creator", (Rule(verbs=("create",)),)),
}
CRD = Path(__file__).with_name("crd.yaml")


@dataclass(slots=True)
class Response:
    """An HTTP answer, decoded."""

    code: int
    body: dict[str, Any]
    warning: str

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


class RunningServer:
    """An ApiServer on an event loop of its own thread."""

    def __init__(self, state: Path | None = None) -> None:
        self.server = ApiServer(state, TOKENS)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._session = requests.Session()
        self._session.trust_env = False  # a CA bundle of the shell must not stand in for ours
        self.start()

    def start(self) -> None:
        self.run(self.server.start())
        self.ca = write_ca(self.server)
        self._session.verify = str(self.ca)

    def stop(self) -> None:
        self.run(self.server.stop())

    def close(self) -> None:
        self.stop()
        self._session.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def call(self, function: Callable[..., T], *args: Any, **more: Any) -> T:
        """Call something of the server on its loop."""

        async def on_loop() -> T:
            return function(*args, **more)

        return self.run(on_loop())

    def request(self, method: str, path: str, body: Any = None, token: str = ADMIN, **more: Any) -> Response:
        """One request; `media` is the content type of the body, the other keywords are query parameters."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {
            "Content-Type": more.pop("media", "application/json"),
            "Accept": more.pop("accept", "application/json"),
        }
        answer = self._session.request(
            method, self.server.url + path, json=body, params=more, headers=headers, timeout=10
        )
        decoded = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        return Response(answer.status_code, decoded, answer.headers.get("Warning", ""))

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))


def write_ca(server: ApiServer) -> Path:
    assert server.ca_pem is not None
    path = Path(os.environ["BGPUI_VAR_DIR"], f"ca-{server.port}.crt")
    path.write_bytes(server.ca_pem)
    return path


async def run_command(
    _namespace: str, pod: str, container: str, argv: Sequence[str], stdin: asyncio.StreamReader | None
) -> ExecResult:
    """What a container does with the commands of the tests."""
    if argv[0] == "cat" and stdin is not None:
        return ExecResult(await stdin.read())
    if argv[0] == "sleep":
        await asyncio.sleep(float(argv[1]))
    if argv[0] == "big":
        return ExecResult(b"x" * 300_000)
    return ExecResult(f"{pod}/{container}: {' '.join(argv)}\n".encode(), b"to stderr\n", 3 if argv[0] == "false" else 0)


def furnish(running: RunningServer) -> None:
    store = running.server.store
    crd = yaml.safe_load(CRD.read_text())
    running.call(store.add, crd)
    running.call(store.create, "namespaces", {"metadata": {"name": NAMESPACE}})
    running.call(store.create, "pods", pod("speaker-1"))
    running.server.exec = run_command


def pod(name: str, **spec: Any) -> dict[str, Any]:
    """A running pod with two containers."""
    containers = [{"name": "frr", "image": "frr"}, {"name": "speaker", "image": "speaker"}]
    frr = {"name": "frr", "image": "frr", "imageID": "frr", "ready": True, "restartCount": 0, "state": {"running": {}}}
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"component": "speaker"}},
        "spec": {"nodeName": "node-1", "containers": containers, **spec},
        "status": {"phase": "Running", "containerStatuses": [frr]},
    }


def router(name: str, **spec: Any) -> dict[str, Any]:
    """An object of the definition in crd.yaml."""
    metadata = {"name": name, "namespace": NAMESPACE}
    body = {"asn": 64512, "address": "192.0.2.1", **spec}
    return {"apiVersion": "lab.test/v2", "kind": "Router", "metadata": metadata, "spec": body}


ROUTERS = f"/apis/lab.test/v2/namespaces/{NAMESPACE}/routers"


@pytest.fixture(scope="session")
def _running() -> Iterator[RunningServer]:
    running = RunningServer()
    furnish(running)
    yield running
    running.close()


@pytest.fixture
def api(_running: RunningServer) -> Iterator[RunningServer]:
    """The server of this test run, with no Router in it."""
    _running.server.faults.clear()
    yield _running
    _running.server.faults.clear()
    for name in [item["metadata"]["name"] for item in _running.call(_running.server.store.list, "routers")]:
        _running.call(_running.server.store.patch, "routers", NAMESPACE, name, {"metadata": {"finalizers": None}})
        _running.call(_running.server.store.delete, "routers", NAMESPACE, name)


@pytest.fixture
def kubeconfig(_running: RunningServer, tmp_path: Path) -> Path:
    return write_kubeconfig(tmp_path / "kubeconfig", _running.server.url, "admin-token", _running.server.ca_pem)


@pytest.fixture
def client_api(kubeconfig: Path) -> Iterator[client.ApiClient]:
    """The official Python client."""
    read_config: Any = config.new_client_from_config
    with read_config(str(kubeconfig), context="lab") as api_client:
        yield api_client


@pytest.fixture
def kubectl(kubeconfig: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the locked kubectl: kubectl("get", "pods", input="...")."""
    binary = Path(sysconfig.get_path("scripts"), "kubectl")
    environment = {"HOME": str(tmp_path), "PATH": "", "KUBECTL_KUBERC": "false"}

    def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        command = [str(binary), "--kubeconfig", str(kubeconfig), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment, check=False, **more)

    return run
